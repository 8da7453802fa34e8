/**
 * The commands of a shell block, each as its words: of pipes and lists, within `$(…)`, behind
 * assignments; without comments, redirections and the text of here-documents. It knows what our
 * pages use of the shell, and `bash -n` looks at the rest.
 */
export function commandsOf(text: string): string[][] {
  const found: string[][] = []
  let words: string[] = []
  let word: string | undefined
  let isTarget = false
  const endWord = () => {
    if (word !== undefined && !isTarget) words.push(word)
    if (word !== undefined) isTarget = false
    word = undefined
  }
  const endCommand = () => {
    endWord()
    const first = words.findIndex((each) => !/^(\w+=|(if|then|do|while|export|!|\{)$)/.test(each))
    if (first >= 0) found.push(words.slice(first))
    words = []
  }
  const source = withoutDocuments(text)
  for (let at = 0; at < source.length; at++) {
    const char = source[at]!
    const inner = substitution(source, at)
    if (inner !== undefined) {
      found.push(...commandsOf(inner))
      word = `${word ?? ''}$()`
      at += inner.length + 2
    } else if (char === "'") {
      const end = source.indexOf("'", at + 1)
      word = (word ?? '') + source.slice(at + 1, end)
      at = end
    } else if (char === '"') {
      const quoted = quotedFrom(source, at)
      found.push(...innerCommands(quoted))
      word = (word ?? '') + quoted.replaceAll(/\\(["\\$`])/g, '$1')
      at += quoted.length + 1
    } else if (char === '\\') {
      word = (word ?? '') + source[++at]
    } else if (char === '#' && word === undefined) {
      at = source.indexOf('\n', at) - 1
    } else if (/[<>]/.test(char)) {
      // `2>&1`: neither number is a word.
      if (/^\d$/.test(word ?? '')) word = undefined
      endWord()
      isTarget = true
      while (/[<>&]/.test(source[at + 1] ?? '')) at++
    } else if (/[\n;|&()]/.test(char)) {
      endCommand()
    } else if (/\s/.test(char)) {
      endWord()
    } else {
      word = (word ?? '') + char
    }
  }
  endCommand()
  return found
}

/** Also without line ends that are none. */
function withoutDocuments(text: string): string {
  return `${text.replaceAll(/\\\n/g, ' ').replaceAll(/<<-?'?(\w+)'?(.*)\n(?:.*\n)*?\1$/gm, '$2')}\n`
}

/** What stands within `$(…)` that begins here. */
function substitution(text: string, at: number): string | undefined {
  if (!text.startsWith('$(', at)) return undefined
  let depth = 0
  for (let end = at + 1; end < text.length; end++) {
    if (text[end] === '(') depth++
    if (text[end] === ')' && --depth === 0) return text.slice(at + 2, end)
  }
  throw new Error(`$( without its end: ${text.slice(at, at + 80)}`)
}

/** What stands within the double quotes that begin here, as it is written. */
function quotedFrom(text: string, at: number): string {
  let end = at + 1
  while (end < text.length && text[end] !== '"') {
    const inner = substitution(text, end)
    end += inner === undefined ? (text[end] === '\\' ? 2 : 1) : inner.length + 3
  }
  return text.slice(at + 1, end)
}

function innerCommands(quoted: string): string[][] {
  return [...quoted].flatMap((_, at) => {
    const inner = substitution(quoted, at)
    return inner === undefined ? [] : commandsOf(inner)
  })
}
