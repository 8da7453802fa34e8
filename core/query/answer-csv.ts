/** A row of an answer as RFC 4180 has it: NULL is an empty cell, empty text is `""`. */
export function answerLine(row: unknown[]): string {
  return `${row.map(cellOf).join(',')}\r\n`
}

function cellOf(value: unknown): string {
  if (value === null) return ''
  const cell = String(value)
  return cell === '' || /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
}
