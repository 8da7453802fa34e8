import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { ApiError, get } from './api.ts'
import { useOpenings } from './live.ts'

export interface Answer<T> {
  /** What was answered last; of an earlier path only where `keep` says so. */
  data: T | undefined
  error: ApiError | undefined
  isLoading: boolean
  /** Asks again; of many calls at once, one goes now and one after it. */
  reload: () => void
}

interface Options {
  /** Shows the answer of the path before until that of this one is there, as a pager wants it. */
  keep?: boolean
  /** Milliseconds: it is asked for no more often, however many changes are told. */
  pace?: number
}

/** Answers of late, so that Back shows at once what was there. */
const kept = new Map<string, unknown>()
const KEPT = 40

const PACE = 500

/** Asks the server by GET, again for every other path; null asks nothing. */
export function useAnswer<T>(
  path: string | null,
  { keep = false, pace = PACE }: Options = {},
): Answer<T> {
  const [state, setState] = useState<{ path?: string; data?: T; error?: ApiError }>({})
  const [isLoading, setLoading] = useState(path !== null)
  const asking = useRef<Asking>(undefined)

  useEffect(() => {
    if (path === null) return
    const now = new Asking(pace, async (signal) => {
      setLoading(true)
      try {
        const data = await get<T>(path, signal)
        remember(path, data)
        setState({ path, data })
      } catch (error) {
        if (signal.aborted) return
        if (!(error instanceof ApiError)) throw error
        setState((before) => ({ ...before, path, error }))
      }
      setLoading(false)
    })
    asking.current = now
    if (kept.has(path)) setState({ path, data: kept.get(path) as T })
    now.ask()
    return () => now.stop()
  }, [path])

  // What was told while the stream was closed, or not open yet, is lost: all is asked anew then.
  const openings = useOpenings()
  const known = useRef(openings)
  useEffect(() => {
    if (openings > known.current || state.error?.status === 0) asking.current?.ask()
  }, [openings])

  const reload = useCallback(() => asking.current?.ask(), [])
  const isOwn = state.path === path
  const data = isOwn || keep ? state.data : undefined
  return {
    data,
    error: isOwn ? state.error : undefined,
    isLoading: isLoading && path !== null,
    reload,
  }
}

/** One question that is asked over and over, never twice at once. */
class Asking {
  readonly #pace: number
  readonly #run: (signal: AbortSignal) => Promise<void>
  readonly #stop = new AbortController()
  #timer: number | undefined
  #isRunning = false
  #isWanted = false
  #last = 0

  constructor(pace: number, run: (signal: AbortSignal) => Promise<void>) {
    this.#pace = pace
    this.#run = run
  }

  ask(): void {
    this.#isWanted = true
    if (this.#isRunning || this.#timer !== undefined || this.#stop.signal.aborted) return
    const wait = Math.max(0, this.#last + this.#pace - Date.now())
    if (wait === 0) void this.#go()
    else this.#timer = window.setTimeout(() => void this.#go(), wait)
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#stop.abort()
  }

  async #go(): Promise<void> {
    this.#timer = undefined
    this.#isWanted = false
    this.#isRunning = true
    this.#last = Date.now()
    try {
      await this.#run(this.#stop.signal)
    } finally {
      this.#isRunning = false
    }
    if (this.#isWanted) this.ask()
  }
}

function remember(path: string, data: unknown): void {
  kept.delete(path)
  kept.set(path, data)
  if (kept.size > KEPT) kept.delete(kept.keys().next().value!)
}
