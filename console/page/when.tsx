import { useEffect, useState } from 'preact/hooks'
import { duration, exact, relative } from './format.ts'

/** A moment, as how long ago it was; the exact time shows on hover. */
export function When({ at }: { at: string | null }) {
  const now = useNow(5000)
  if (!at) return <span class="zero">–</span>
  return (
    <time dateTime={at} title={exact(at)}>
      {relative(at, now)}
    </time>
  )
}

/** How long something has been going on, second by second. */
export function Since({ at }: { at: string }) {
  const now = useNow(1000)
  const seconds = Math.max(0, Math.round((now - Date.parse(at)) / 1000))
  return (
    <time dateTime={at} title={`since ${exact(at)}`}>
      {seconds === 0 ? '0 s' : duration(seconds)}
    </time>
  )
}

const clocks = new Map<number, { listeners: Set<(now: number) => void>; timer: number }>()

/** The time, anew every so many milliseconds: one timer for all that show it. */
function useNow(every: number): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const clock = clocks.get(every) ?? startClock(every)
    clock.listeners.add(setNow)
    return () => {
      clock.listeners.delete(setNow)
      if (clock.listeners.size > 0) return
      clearInterval(clock.timer)
      clocks.delete(every)
    }
  }, [every])
  return now
}

function startClock(every: number) {
  const listeners = new Set<(now: number) => void>()
  const timer = window.setInterval(() => {
    const now = Date.now()
    for (const listener of listeners) listener(now)
  }, every)
  const clock = { listeners, timer }
  clocks.set(every, clock)
  return clock
}
