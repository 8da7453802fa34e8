import type { BrokenRule } from '../core/judge/broken-rules.ts'
import type { Preview, PreviewTable } from '../core/preview/preview.ts'
import { asCalled, type Given } from './called.ts'
import { type Column, fitted } from './fitted.ts'
import { plain } from './shown.ts'

/** Folders that are listed one by one. */
const FOLDERS = 20

/** What would happen to one object of this place, for a person to read. */
export function toldOf(found: Preview, given: Given): string {
  const { object, would, reason, dataset, contract } = found
  const fits = isMisfit(found) ? ', once its table fits' : ''
  const head = plain(`${object}: ${verdict[would]}${dataset ? ` ${dataset}` : ''}${fits}`)
  const lines = [head, ...(contract ? [plain(`  contract   ${contract}`)] : [])]
  if (reason !== undefined) {
    const told = asCalled(reason, given).split('\n')
    lines.push(...told.map((line) => plain(`  ${line}`)))
  }
  if (found.table) lines.push(...toldOfTable(found.table))
  const isOfToday = would === 'change nothing' && found.table !== undefined
  if (found.proposal !== undefined) lines.push('  by what is proposed:')
  if (would === 'load' || isOfToday || found.proposal !== undefined)
    lines.push(...toldOfRows(found))
  else if (found.rules.length > 0) lines.push(tableOf(found.rules))
  return lines.join('\n')
}

/** Whether a table is there that takes no row before a statement is run. */
export function isMisfit({ would, table }: Preview): boolean {
  return would === 'load' && table?.exists === true && table.statements.length > 0
}

const verdict = {
  load: 'would be loaded into',
  refuse: 'would be refused',
  hold: 'would be held',
  ignore: 'would be passed over',
  'change nothing': 'would change nothing in',
}

function toldOfTable({ name, exists, statements }: PreviewTable): string[] {
  const made = exists === undefined ? 'no database to look at; to be made' : 'to be made'
  const cure = 'does not fit; nothing is loaded until this is run'
  const what = exists ? (statements.length > 0 ? cure : 'fits') : made
  return [plain(`  table      ${name}: ${what}`), ...statements.map((one) => plain(`    ${one}`))]
}

function toldOfRows(found: Preview): string[] {
  const { records, accepted, rejected, waiting, rules, files } = found
  const n = (count: number) => count.toLocaleString('en')
  const counts = `${n(accepted)} accepted, ${n(rejected)} rejected, ${n(waiting)} waiting`
  const listed = files.slice(0, FOLDERS).map(({ folder, name, rows }) => {
    return plain(`  file       ${folder}/${name} (${n(rows)} rows)`)
  })
  const more = files.length - listed.length
  return [
    `  records    ${n(records)}: ${counts}`,
    ...(rules.length > 0 ? [tableOf(rules)] : []),
    ...listed,
    ...(more > 0 ? [`  and ${n(more)} more folders`] : []),
  ]
}

function tableOf(rules: BrokenRule[]): string {
  const rows = rules.flatMap(({ rule, field, records, examples }) =>
    examples.map(({ line, value, message }, i) => {
      const first = [rule, plain(field ?? ''), records.toLocaleString('en')]
      return [...(i === 0 ? first : ['', '', '']), line, plain(value ?? ''), plain(message)]
    }),
  )
  return fitted(columns, rows)
}

const columns: Column[] = [
  { name: 'rule' },
  { name: 'field' },
  { name: 'records', align: 'right' },
  { name: 'line', align: 'right' },
  { name: 'value', isLong: true },
  { name: 'message', isLong: true },
]
