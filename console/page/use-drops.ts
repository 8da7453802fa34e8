import { useEffect, useRef, useState } from 'preact/hooks'
import type { LiveEvents, Stage } from '../shapes.ts'
import { ApiError } from './api.ts'
import { bytes } from './format.ts'
import { stayConnected, useEnds } from './live.ts'
import { type Tree, thereOf, upload } from './upload.ts'

type End = LiveEvents['end']

/** Where files go: a folder of the lake. */
export interface Goal {
  tree: Tree
  folder: string
}

/** A file on its way into the lake. */
export interface Drop {
  file: File
  /** Where it goes below the package's folder. */
  name: string
  state: 'ready' | 'sending' | 'taken' | 'landed'
  /** The part that is sent, 0 to 1. */
  sent: number
  /** Of one that has landed. */
  key?: string
  /** The eTag of what lies there, null where nothing does any more: of one that is `taken`. */
  there?: string | null
  /** Why it cannot go. */
  problem?: string
  /** Why it did not go when it was sent last. */
  refusal?: string | undefined
  /** What became of it, by stage. */
  ends: Partial<Record<Stage, End>>
}

/** The files of a dialog, which are sent one after another, and followed until each stage ends. */
export function useDrops(files: File[], limit: number | undefined) {
  const [drops, setDrops] = useState(() => files.map(ready))
  const [isSending, setSending] = useState(false)
  const newest = useRef(drops)
  const stop = useRef(new AbortController())
  useEffect(() => () => stop.current.abort(), [])
  useEffect(stayConnected, [])
  const change = (index: number, changed: Partial<Drop>) => {
    newest.current = newest.current.with(index, { ...newest.current[index]!, ...changed })
    setDrops(newest.current)
  }
  useEnds((ends) => {
    for (const [index, drop] of newest.current.entries()) {
      const its = ends.filter(({ object }) => object === drop.key)
      if (its.length === 0) continue
      const told = Object.fromEntries(its.map((end) => [end.stage, end]))
      change(index, { ends: { ...drop.ends, ...told } })
    }
  })

  const inTurn = async (indices: number[], goal: Goal, replaces?: string) => {
    setSending(true)
    try {
      for (const index of indices) {
        const told = (changed: Partial<Drop>) => change(index, changed)
        await send(newest.current[index]!, goal, replaces, told, stop.current.signal)
      }
    } finally {
      setSending(false)
    }
  }
  return {
    drops: drops.map((drop) => checked(drop, limit)),
    isSending,
    rename: (index: number, name: string) => {
      change(index, { name, state: 'ready', refusal: undefined })
    },
    sendAll: (goal: Goal) => {
      const isReady = (drop: Drop) => drop.state === 'ready' && !checked(drop, limit).problem
      const indices = [...newest.current.keys()].filter((at) => isReady(newest.current[at]!))
      return inTurn(indices, goal)
    },
    replace: (index: number, goal: Goal) =>
      inTurn([index], goal, newest.current[index]!.there ?? undefined),
  }
}

/** @param told what has changed of it, as it goes */
async function send(
  { file, name }: Drop,
  goal: Goal,
  replaces: string | undefined,
  told: (changed: Partial<Drop>) => void,
  signal: AbortSignal,
): Promise<void> {
  // What becomes of it may be told before the answer is here: its key is known by now.
  told({ state: 'sending', sent: 0, refusal: undefined, ends: {}, key: keyOf(goal, name) })
  try {
    const { tree, folder } = goal
    const what = { file, tree, package: folder.trim(), name: name.trim(), replaces }
    const { key } = await upload(what, (sent) => told({ sent }), signal)
    told({ state: 'landed', sent: 1, key })
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    const there = thereOf(error)
    const refusal = error.message
    told(there === undefined ? { state: 'ready', refusal } : { state: 'taken', there, refusal })
  }
}

/** `bronze/shop/orders/2026-03.csv` */
export function keyOf({ tree, folder }: Goal, name: string): string {
  return `${tree}/${folder.trim() || '…'}/${name.trim()}`
}

function ready(file: File): Drop {
  return { file, name: file.name, state: 'ready', sent: 0, ends: {} }
}

/** What would be refused is told before it is sent. */
function checked(drop: Drop, limit: number | undefined): Drop {
  if (drop.state !== 'ready') return drop
  if (limit !== undefined && drop.file.size > limit) {
    const problem =
      `${bytes(drop.file.size)}: at most ${bytes(limit)} are taken here; ` +
      'copy it into the lake instead'
    return { ...drop, problem }
  }
  return drop.name.trim() ? drop : { ...drop, problem: 'It needs a name.' }
}
