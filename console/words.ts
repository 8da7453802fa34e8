import { quoted } from '../core/contract/drift.ts'

/** Words that sentences about contracts are made of. */

/** So many of a list are told, and how many more there are. */
const TOLD = 10

/** A name as it is, or, where it has blanks or marks, in quotes. */
export function named(name: string): string {
  return /^[\p{L}\p{N}_./*?-]+$/u.test(name) && name.length <= 200 ? name : quoted(name)
}

/** `a`, `a and b`, `a, b and c`, `a, b, … and 12 more`; each as `named` has it. */
export function listed(all: string[], joint = 'and'): string {
  const told = all.slice(0, all.length > TOLD ? TOLD : undefined).map(named)
  if (all.length > TOLD) told.push(`${(all.length - TOLD).toLocaleString('en')} more`)
  return told.length > 1 ? `${told.slice(0, -1).join(', ')} ${joint} ${told.at(-1)}` : told.join('')
}

/** `1 byte`, `2,000 bytes` */
export function amount(count: number, what: string): string {
  return `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`
}

const units = [
  ['day', 86_400_000_000],
  ['hour', 3_600_000_000],
  ['minute', 60_000_000],
  ['second', 1_000_000],
] as const

/** Microseconds in the largest unit that has a whole number of them: `90 minutes`. */
export function span(microseconds: number): string {
  const [name, length] = units.find(([, one]) => microseconds % one === 0) ?? units[3]
  return amount(microseconds / length, name)
}

const marks: Record<string, string> = {
  ',': 'a comma',
  ';': 'a semicolon',
  '\t': 'a tab',
  '|': 'a vertical bar',
  ':': 'a colon',
  ' ': 'a space',
}

/** A character that parts or marks, by its name where it has one that people use. */
export function mark(text: string): string {
  return Object.hasOwn(marks, text)
    ? marks[text]!
    : /^[\x21-\x7e]+$/.test(text)
      ? text
      : quoted(text)
}
