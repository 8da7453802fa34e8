import { RE2JS } from 're2js'
import { Refused } from '../errors.ts'

/**
 * Globs of descriptors: which keys below a package are a dataset's. By RE2, in time that grows with
 * the key alone: whoever may drop files may mean harm, and the glob `*a*a*a*a*a*b` goes back from
 * each star (Node's own `matchesGlob` was seen to take minutes for one key).
 */

/** Whether a key's part below the package, `orders/2026-01.csv`, is one that a glob names. */
export type Glob = (below: string) => boolean

const compiled = new Map<string, Glob>()

/**
 * As shells have it: `*` and `?` of one part, `**` of any parts, `[a-z]`, `[!a-z]`, `{a,b}`. A part
 * that begins with a dot is named by a dot alone. Compiled once.
 *
 * @throws Refused for what not each shell has (`+(a|b)`, `[[:alpha:]]`, `{1..9}`, a `\`), for
 *   brackets without their end, and for more than 1,024 characters, which no key has
 */
export function globOf(text: string): Glob {
  const known = compiled.get(text)
  if (known) return known
  const pattern = compile(text)
  const glob = (below: string) => pattern.testExact(hidden(below))
  compiled.set(text, glob)
  return glob
}

function compile(text: string): RE2JS {
  if (text.length > 1_024) throw wrong(`${text.slice(0, 20)}…`, `${text.length} characters`)
  const pattern = new Translation(text).all()
  try {
    return RE2JS.compile(pattern)
  } catch (error) {
    throw wrong(text, (error as Error).message)
  }
}

/** A dot that begins a part becomes what no key has, and only a dot stands for. */
function hidden(below: string): string {
  return below.replaceAll(/(^|\/)\./g, '$1\0')
}

const any = '[^/\\x00]'

class Translation {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    const found = /\\|[?*+@!]\(|\[\[:|\.\.(?=[^/{}]*\})/.exec(text)
    if (found) throw wrong(text, `${found[0]} in it`)
    this.#text = text.replaceAll(/\/+/g, '/')
  }

  all(): string {
    return this.#until('', true)
  }

  /**
   * @param end the characters that end a piece of `{a,b}`; none of the whole
   * @param isBegin whether it begins a part
   */
  #until(end: string, isBegin: boolean): string {
    const [from, pieces] = [this.#at, [] as string[]]
    while (this.#at < this.#text.length && !end.includes(this.#next)) {
      const begins = this.#at === from ? isBegin : this.#text.charAt(this.#at - 1) === '/'
      pieces.push(this.#token(begins))
    }
    return pieces.join('')
  }

  get #next(): string {
    return this.#text.charAt(this.#at)
  }

  #token(isBegin: boolean): string {
    const [stars] = /^\*+/.exec(this.#text.slice(this.#at)) ?? []
    if (stars) return this.#stars(stars, isBegin)
    const next = this.#next
    if (next === '}') throw wrong(this.#text, 'a } without its {')
    this.#at++
    if (next === '?') return any
    if (next === '[') return this.#class()
    if (next === '{') return this.#choice(isBegin)
    return next === '.' && isBegin ? '\\x00' : RE2JS.quote(next)
  }

  /** `**` is any parts where it is a whole one; else it is `*`. */
  #stars(stars: string, isBegin: boolean): string {
    this.#at += stars.length
    if (stars.length !== 2 || !isBegin || !/^\/?$/.test(this.#next)) return `${any}*`
    if (this.#next === '') return `${any}+(?:/${any}+)*`
    this.#at++
    return `(?:${any}+/)*`
  }

  #class(): string {
    const [whole, not, members] = /^([!^]?)(\]?[^\]/]*)\]/.exec(this.#text.slice(this.#at)) ?? []
    if (whole === undefined || !members) throw wrong(this.#text, 'a [ without its ]')
    this.#at += whole.length
    const safe = members.replaceAll(/[[\]^&]/g, '\\$&')
    return not ? `[^/\\x00${safe}]` : `[${safe}]`
  }

  #choice(isBegin: boolean): string {
    const choices: string[] = []
    do {
      choices.push(this.#until(',}', isBegin))
      this.#at++
      if (this.#at > this.#text.length) throw wrong(this.#text, 'a { without its }')
    } while (this.#text.charAt(this.#at - 1) === ',')
    return `(?:${choices.join('|')})`
  }
}

function wrong(text: string, found: string): Refused {
  return new Refused(
    `the glob ${JSON.stringify(text)}: found ${found}; allowed: *, **, ?, [a-z], [!a-z] and {a,b}`,
  )
}
