import { realpathSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Lake } from '../core/lake.ts'
import { lakeName } from './place.ts'

/**
 * Takes paths of this machine out of a text that tells of a fault: the lake's folder becomes its
 * name, the others a word.
 *
 * @param text as our own code or a library has put it; never the data of a person
 */
export type Scrub = (text: string) => string

/** A path begins, or ends, where no letter of a name stands: `/tmp` is not in `/var/tmp`. */
const [BEGIN, END] = ['(?<![\\w.-])', '(?![\\w.-])']

/** The scrub of a lake's console: of its folder, and of where this program runs. */
export function scrubFor({ store }: Lake): Scrub {
  const places: [string, string][] = [
    ...(store.url.startsWith('file://')
      ? ([[fileURLToPath(store.url), lakeName(store.url)]] as [string, string][])
      : []),
    [dirname(import.meta.dirname), '<sluice>'],
    [process.cwd(), '.'],
    [homedir(), '~'],
    [tmpdir(), '<tmp>'],
  ]
  return scrubOf(places)
}

/**
 * @param places a path, and what stands for it; the longer path of two that fit wins
 */
export function scrubOf(places: [path: string, word: string][]): Scrub {
  const words = new Map<string, string>()
  for (const [path, word] of places) {
    // Of a root nothing is told, and every slash would be one.
    if (path.length < 2) continue
    for (const form of formsOf(path)) if (!words.has(form)) words.set(form, word)
  }
  const forms = [...words.keys()].sort((a, b) => b.length - a.length)
  if (forms.length === 0) return (text) => text
  const any = new RegExp(`${BEGIN}(?:${forms.map(escaped).join('|')})${END}`, 'g')
  return (text) => text.replace(any, (found) => words.get(found)!)
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}

/** As it is given, as it really is, and both as a URL has them. */
function formsOf(path: string): string[] {
  const real = realPath(path)
  return [...new Set([path, real])].flatMap((one) => [pathToFileURL(one).href, one])
}

function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
