/** One line as it can be printed: hostile text stays on it, and says nothing to the terminal. */
export function plain(line: string): string {
  return line.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\u00b7')
}
