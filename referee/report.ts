import { basename } from 'node:path'
import type { Difference } from './compare.ts'
import { disagreements } from './disagreements.ts'
import type { Result } from './run.ts'

/** How many differences are told whole; the others by class and number. */
const SHOWN = 40

/** The result for a person. */
export function summaryOf(result: Result): string {
  const { packages, files, rows, good, bad, agreed, settled, heard, known, unexplained } = result
  const over = result.passedOver
  const count = (n: number) => n.toLocaleString('en')
  const listed = (title: string, counts: Map<string, number>, whose?: string) => {
    const lines = disagreements
      .filter(({ id, whose: of }) => counts.has(id) && (whose ?? of) === of)
      .map(({ id, section }) => `  ${count(counts.get(id)!).padStart(7)}  ${id} (${section})`)
    return lines.length > 0 ? [title, ...lines] : []
  }
  const lines = [
    `${count(packages)} packages, ${count(files)} files, ${count(rows)} rows: ` +
      `${count(good)} accepted by both, ${count(bad)} rejected by both`,
    `  ${count(result.refused)} files refused by both as a whole`,
    `  ${count(agreed)} rows judged alike at once, reasons included`,
    `  ${count(settled)} once the referee is heard again, with what it lacks or guesses`,
    `  ${count(known)} rows and files are known disagreements (docs/referee.md)`,
    ...listed('heard again, files by what was spelled out:', heard),
    ...listed(
      'where the referee is not the standard, rows and files:',
      result.explained,
      'referee',
    ),
    ...listed('where Sluice keeps less, on purpose:', result.explained, 'sluice'),
    ...(over.length > 0 ? [`${count(over.length)} passed over, without a file to judge:`] : []),
    ...over.slice(0, SHOWN).map((one) => `    ${one}`),
    ...(unexplained.length > 0 ? ['', ...told(unexplained)] : []),
    `${count(unexplained.length)} disagreements without an explanation`,
  ]
  return `${lines.join('\n')}\n`
}

export function jsonOf({ heard, explained, ...result }: Result): string {
  const counts = { heard: Object.fromEntries(heard), explained: Object.fromEntries(explained) }
  return JSON.stringify({ ...result, ...counts })
}

/** By class, the most frequent first, each with its first examples. */
function told(unexplained: Difference[]): string[] {
  const classes = [...Map.groupBy(unexplained, classOf)].toSorted(
    (a, b) => b[1].length - a[1].length,
  )
  const each = Math.max(1, Math.floor(SHOWN / classes.length))
  return classes.flatMap(([name, all]) => [
    `${all.length} × ${name}`,
    ...all.slice(0, each).map((one) => `    ${exampleOf(one)}`),
  ])
}

function classOf({ kind, oneSided }: Difference): string {
  const told = oneSided.map(({ side, rule, note }) => {
    return `${rule === 'refused' ? reasonOf(note) : rule} by ${side} alone`
  })
  return `${kind}: ${[...new Set(told)].toSorted().join(', ')}`
}

/** A refusal without what is of one file only: names, numbers, quoted texts. */
function reasonOf(note: string): string {
  const bare = note.split('\n')[0]!.replaceAll(/"[^"]*"|\bbronze\/\S+|\[[^\]]*\]|\d+/g, '…')
  return `refused: ${bare.slice(0, 120)}`
}

function exampleOf({ folder, path, line, oneSided }: Difference): string {
  const why = oneSided.map(({ field, literal, note }) => {
    return `${field ?? ''} ${JSON.stringify(literal)?.slice(0, 60)} ${note.slice(0, 160)}`.trim()
  })
  return `${basename(folder)}/${path}${line ? `:${line}` : ''}: ${why.join(' | ')}`
}
