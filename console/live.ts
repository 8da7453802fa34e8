import type { ServerResponse } from 'node:http'
import type { Context } from 'hono'
import { streamSSE } from 'hono/streaming'
import type { Outcome } from '../core/outcome.ts'
import type { Scrub } from './scrub.ts'
import type { LiveEvents } from './shapes.ts'

type Listener = <E extends keyof LiveEvents>(event: E, data: LiveEvents[E]) => void

/** What the page is told as it happens: every listener is one open page. */
export class Live {
  readonly #listeners = new Set<Listener>()

  /** @returns what ends it */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  tell<E extends keyof LiveEvents>(event: E, data: LiveEvents[E]): void {
    for (const listener of this.#listeners) listener(event, data)
  }

  /** An object has ended in a stage: it is told, where that is news. */
  end(outcome: Outcome): void {
    if (outcome.status === 'unchanged' || outcome.status === 'published') return
    this.tell('end', { ...outcome, at: new Date().toISOString() })
  }
}

/** A connection on which nothing comes may be dead without anybody knowing. */
const BEAT_MS = 15_000

/**
 * So many characters may wait for one page, which is some 10,000 ends: one that is slower is cut
 * off, and comes again by itself.
 */
const MOST = 4_000_000

/**
 * Sends one page what happens, from now on, as server-sent events.
 *
 * @param opened told when the page is there; what it returns is called when it is gone
 */
export function liveStream(
  c: Context,
  live: Live,
  scrub: Scrub,
  opened: (tell: Listener) => () => void,
): Response {
  return streamSSE(c, async (stream) => {
    const outbox = new Outbox(scrub, () => cut(c))
    // At once, so that the page knows that it is heard; and when to come again.
    outbox.put('retry: 2000\n\n')
    stream.onAbort(() => outbox.close())
    const beat = setInterval(() => outbox.put(':\n\n'), BEAT_MS)
    const ends = [live.listen(outbox.tell), opened(outbox.tell)]
    try {
      for (let text = await outbox.take(); text !== undefined; text = await outbox.take()) {
        await stream.write(text)
      }
    } finally {
      clearInterval(beat)
      for (const end of ends) end()
    }
  })
}

/** A page that reads nothing would not take a farewell either. */
function cut(c: Context): void {
  const { outgoing } = (c.env ?? {}) as { outgoing?: ServerResponse }
  outgoing?.destroy()
}

/** What one page was not sent yet: of `flow` the newest alone. */
class Outbox {
  readonly #scrub: Scrub
  readonly #full: () => void
  #events: string[] = []
  #length = 0
  #flow = ''
  #isClosed = false
  #wake = () => {}

  constructor(scrub: Scrub, full: () => void) {
    this.#scrub = scrub
    this.#full = full
  }

  tell: Listener = (event, data) => {
    // JSON has no line break outside of its texts, and escapes those in them.
    const text = `event: ${event}\ndata: ${JSON.stringify(this.#scrubbed(data))}\n\n`
    if (event !== 'flow') return this.put(text)
    this.#flow = text
    this.#wake()
  }

  /** Why an object was not taken may name a file, or the command that takes it elsewhere. */
  #scrubbed(data: LiveEvents[keyof LiveEvents]): LiveEvents[keyof LiveEvents] {
    const hasReason = 'reason' in data && data.reason !== undefined
    return hasReason ? { ...data, reason: this.#scrub(data.reason!) } : data
  }

  put(text: string): void {
    this.#events.push(text)
    this.#length += text.length
    this.#wake()
    if (this.#length <= MOST || this.#isClosed) return
    this.close()
    this.#full()
  }

  close(): void {
    this.#isClosed = true
    this.#empty()
    this.#wake()
  }

  /** All that waits, as soon as something does; undefined at the end. */
  async take(): Promise<string | undefined> {
    while (!this.#isClosed && this.#events.length === 0 && this.#flow === '') {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    if (this.#isClosed) return undefined
    const text = this.#events.join('') + this.#flow
    this.#empty()
    return text
  }

  #empty(): void {
    this.#events = []
    this.#length = 0
    this.#flow = ''
  }
}
