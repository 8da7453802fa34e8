import { useEffect, useRef, useState } from 'preact/hooks'
import type { QueryAnswer } from '../shapes.ts'
import { ApiError } from './api.ts'
import { askQuery } from './sql-ask.ts'

/** A query with what came of it: an answer, an error, or neither, as it was given up. */
export interface Asked {
  sql: string
  answer?: QueryAnswer
  error?: ApiError
}

export interface Query {
  asked: Asked | undefined
  isRunning: boolean
  /** When it was begun. */
  since: string
  run: (sql: string) => void
  cancel: () => void
}

/** @param before what was asked last time */
export function useQuery(before: Asked | undefined): Query {
  const [asked, setAsked] = useState(before)
  const [since, setSince] = useState<string>()
  const running = useRef<AbortController>(undefined)
  useEffect(() => () => running.current?.abort(), [])
  const run = async (sql: string) => {
    const stop = new AbortController()
    running.current = stop
    setSince(new Date().toISOString())
    const told = await outcomeOf(sql, stop.signal)
    if (running.current !== stop) return
    running.current = undefined
    setSince(undefined)
    setAsked(told)
  }
  return {
    ...{ asked, isRunning: since !== undefined, since: since ?? '' },
    run: (sql) => void run(sql),
    cancel: () => running.current?.abort(),
  }
}

async function outcomeOf(sql: string, signal: AbortSignal): Promise<Asked> {
  try {
    return { sql, answer: await askQuery(sql, signal) }
  } catch (error) {
    if (signal.aborted) return { sql }
    if (error instanceof ApiError) return { sql, error }
    throw error
  }
}
