/** Hostile text stays on its line, and says nothing to the terminal; a long one is cut. */
export function shown(text: string | null): string {
  const line = plain(text ?? '')
  return line.length > 60 ? `${line.slice(0, 59)}…` : line
}

/** One line as it can be printed. */
export function plain(line: string): string {
  return line.replace(/[\p{Cc}\p{Cf}]/gu, '\u00b7')
}
