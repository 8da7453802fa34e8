import { diff } from 'node:util'
import type { ProposalRow } from './shapes.ts'

type Line = ProposalRow['diff'][number]

/** Lines of both texts together that are compared; more of them are told as gone, and as new. */
const COMPARED = 1_500
/** Lines that are told, and characters of each. */
const [LINES, CHARACTERS] = [5_000, 2_000]

/** The lines of a text as it would be, beside those of the text as it is. */
export function lineDiff(before: string, after: string): Line[] {
  const [old, now] = [linesOf(before), linesOf(after)]
  const same = (a: string[], b: string[]) => {
    const end = Math.min(a.length, b.length)
    let count = 0
    while (count < end && a[count] === b[count]) count++
    return count
  }
  // What is added mostly stands together: the rest is soon put aside.
  const head = same(old, now)
  const tail = same(old.slice(head).toReversed(), now.slice(head).toReversed())
  const middle = changed(old.slice(head, old.length - tail), now.slice(head, now.length - tail))
  const kept = now.map((text): Line => ({ mark: ' ', text }))
  const all = [...kept.slice(0, head), ...middle, ...kept.slice(now.length - tail)]
  return shortened(all)
}

/** New lines all of them: of a text that can be no more than looked at. */
export function newLines(text: string): Line[] {
  return shortened(linesOf(text).map((line) => ({ mark: '+', text: line })))
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/\r?\n$/, '').split(/\r?\n/)
}

function changed(old: string[], now: string[]): Line[] {
  const gone = old.map((text): Line => ({ mark: '-', text }))
  const added = now.map((text): Line => ({ mark: '+', text }))
  if (old.length === 0 || now.length === 0 || old.length + now.length > COMPARED) {
    return [...gone, ...added]
  }
  const marks = { '-1': '-', 0: ' ', 1: '+' } as const
  return diff(now, old).map(([side, text]) => ({ mark: marks[side], text: String(text) }))
}

function shortened(all: Line[]): Line[] {
  const told = all.slice(0, LINES).map(({ mark, text }): Line => {
    const isLong = text.length > CHARACTERS
    return { mark, text: isLong ? `${text.slice(0, CHARACTERS).toWellFormed()}…` : text }
  })
  const more = all.length - told.length
  if (more > 0) told.push({ mark: ' ', text: `… ${more.toLocaleString('en')} more lines` })
  return told
}
