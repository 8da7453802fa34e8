/**
 * A text as one word of a POSIX shell, for commands that a person copies: `a/b.csv` as it is,
 * `it's` → `'it'\''s'`.
 */
export function shellWord(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text
  return `'${text.replaceAll("'", "'\\''")}'`
}
