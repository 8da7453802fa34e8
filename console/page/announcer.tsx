import { useEffect, useRef, useState } from 'preact/hooks'
import type { LiveEvents } from '../shapes.ts'
import { spoken } from './ends.ts'
import { useEnds } from './live.ts'

/** Nobody can listen faster than this. */
const EVERY = 3000

/** Says what has ended to those who listen: a few words every few seconds, however many end. */
export function Announcer() {
  const [text, setText] = useState('')
  const heard = useRef<LiveEvents['end'][]>([])
  const timer = useRef<number>(undefined)
  useEnds((ends) => {
    heard.current.push(...ends)
    timer.current ??= window.setTimeout(() => {
      timer.current = undefined
      setText(spoken(heard.current))
      heard.current = []
    }, EVERY)
  })
  useEffect(() => () => clearTimeout(timer.current), [])
  return (
    <p class="unseen" role="status" aria-label="What has ended">
      {text}
    </p>
  )
}
