import { useEffect, useRef, useState } from 'preact/hooks'
import type { Flow, LiveEvents } from '../shapes.ts'

/** What happens in the lake, as the server tells it: one stream of events for the whole page. */

type End = LiveEvents['end']
type Changed = LiveEvents['changed']

/** `lost`: the server is away, and is tried again every few seconds. */
export type Connection = 'opening' | 'open' | 'lost'

const listeners = {
  flow: new Set<(flow: Flow) => void>(),
  ends: new Set<(ends: End[]) => void>(),
  changed: new Set<(changed: Changed) => void>(),
  connection: new Set<(connection: Connection) => void>(),
  openings: new Set<(times: number) => void>(),
}

/** How long to wait before a stream that was refused is asked for again. */
const AGAIN_AFTER = 3000

/** How long a page may be out of sight before its stream is closed. */
const REST_AFTER = 20_000

let source: EventSource | undefined
let staying = 0
let openings = 0
let flow: Flow | undefined
let connection: Connection = 'opening'
/** Ends since the last frame: hundreds may come within a second, and are told at once. */
let ends: End[] = []

/** The newest look at all that flows; undefined until the first one has come. */
export function useFlow(): Flow | undefined {
  const [now, setNow] = useState(flow)
  useEffect(() => listen('flow', setNow), [])
  return now
}

/** How often the stream was opened: after the first time, something may have been missed. */
export function useOpenings(): number {
  const [times, setTimes] = useState(openings)
  useEffect(() => listen('openings', setTimes), [])
  return times
}

/** Calls back with the objects that have ended since the last frame. */
export function useEnds(onEnds: (ends: End[]) => void): void {
  const newest = useRef(onEnds)
  newest.current = onEnds
  useEffect(() => listen('ends', (some) => newest.current(some)), [])
}

/** Calls back when a proposal, a contract or a stream has changed. */
export function useChanged(onChanged: (changed: Changed) => void): void {
  const newest = useRef(onChanged)
  newest.current = onChanged
  useEffect(() => listen('changed', (one) => newest.current(one)), [])
}

export function useConnection(): Connection {
  const [now, setNow] = useState(connection)
  useEffect(() => listen('connection', setNow), [])
  return now
}

type Heard = { flow: Flow; ends: End[]; changed: Changed; connection: Connection; openings: number }

function listen<K extends keyof Heard>(kind: K, listener: (heard: Heard[K]) => void): () => void {
  const those = listeners[kind] as Set<(heard: Heard[K]) => void>
  those.add(listener)
  if (!source) {
    connect()
    restWhileUnseen()
  }
  return () => {
    those.delete(listener)
  }
}

/**
 * Keeps the stream open even while nobody looks at the page.
 *
 * @returns what ends it
 */
export function stayConnected(): () => void {
  staying++
  return () => {
    staying--
  }
}

/**
 * A browser has six connections to a server, for all its pages: one that nobody looks at gives its
 * own back.
 */
function restWhileUnseen(): void {
  let timer: number | undefined
  document.addEventListener('visibilitychange', () => {
    clearTimeout(timer)
    if (!document.hidden) {
      if (source?.readyState === EventSource.CLOSED) connect()
    } else {
      timer = window.setTimeout(() => {
        if (staying === 0) source?.close()
      }, REST_AFTER)
    }
  })
}

function connect(): void {
  source?.close()
  const opened = new EventSource('/api/live')
  source = opened
  opened.addEventListener('open', () => {
    say('open')
    openings++
    for (const listener of listeners.openings) listener(openings)
  })
  opened.addEventListener('error', () => {
    say('lost')
    // The browser tries again by itself, unless the server has refused.
    if (opened.readyState === EventSource.CLOSED) setTimeout(connect, AGAIN_AFTER)
  })
  opened.addEventListener('flow', ({ data }) => {
    const now: Flow = JSON.parse(data)
    flow = now
    for (const listener of listeners.flow) listener(now)
  })
  opened.addEventListener('end', ({ data }) => {
    if (ends.push(JSON.parse(data)) === 1) soon(tellEnds)
  })
  opened.addEventListener('changed', ({ data }) => {
    const one: Changed = JSON.parse(data)
    for (const listener of listeners.changed) listener(one)
  })
}

function say(now: Connection): void {
  if (now === connection) return
  connection = now
  for (const listener of listeners.connection) listener(now)
}

/** With the next frame; a page that is not seen has none, and is told all the same. */
function soon(what: () => void): void {
  if (document.hidden) setTimeout(what, 250)
  else requestAnimationFrame(what)
}

function tellEnds(): void {
  const some = ends
  ends = []
  for (const listener of listeners.ends) listener(some)
}
