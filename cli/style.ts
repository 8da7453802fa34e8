import { styleText } from 'node:util'

/**
 * Colours, sparingly, and on a terminal alone: Node looks at the standard output, at NO_COLOR and
 * at FORCE_COLOR each time.
 */
type Style = Parameters<typeof styleText>[0]

const styles: Record<string, Style> = {
  // Of objects and of batches.
  ...{ loaded: 'green', moved: 'green', redriven: 'green', published: 'cyan' },
  ...{ refused: 'yellow', held: 'yellow', failed: 'red' },
  // Of findings.
  ...{ ok: 'green', warning: 'yellow', wrong: 'red', unknown: 'magenta' },
}

/** A word that says how something stands, in its colour where it has one. */
export function status(word = ''): string {
  const style = styles[word]
  return style === undefined ? word : styleText(style, word)
}

/** The name of a rule that a record breaks. */
export function rule(name: string): string {
  return name === '' ? '' : styleText('yellow', name)
}

/** A count of what should be none. */
export function amiss(count: number): string {
  const told = count.toLocaleString('en')
  return count === 0 ? told : styleText('yellow', told)
}

/** What a table's column or a list is called. */
export function heading(text: string): string {
  return styleText('bold', text)
}
