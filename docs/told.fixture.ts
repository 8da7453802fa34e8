/**
 * What a page shows of an output is a part of it: each line of it is there, and `…` stands for
 * anything. How many blanks a table needs depends on what else is in it.
 *
 * @param inOrder not so for what several workers say
 * @returns the lines of the page that the output does not have
 */
export function untold(shown: string, output: string, inOrder = true): string[] {
  const lines = output.split('\n').map(squeezed)
  let from = 0
  return shown.split('\n').filter((line) => {
    const wanted = squeezed(line)
    // Nothing, or the frame of a table.
    if (/^[…│ \u2500-\u257f]*$/.test(wanted)) return false
    const at = lines.findIndex((each, i) => i >= from && patternOf(wanted).test(each))
    if (at < 0) return true
    if (inOrder) from = at + 1
    return false
  })
}

function squeezed(line: string): string {
  return line.replaceAll(/\s+/g, ' ').trim()
}

function patternOf(line: string): RegExp {
  const parts = line.split('…').map((part) => RegExp.escape(part))
  return new RegExp(`^${parts.join('.*')}$`)
}
