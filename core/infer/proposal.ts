import { Document, parseDocument, parse as parseYaml, type YAMLMap, type YAMLSeq } from 'yaml'
import { shortHash, snakeCase } from '../names.ts'
import { shellWord } from '../shell-word.ts'
import type { FoundDialect } from './infer-dialect.ts'
import type { FoundField } from './infer-types.ts'
import {
  type FieldRemark,
  formatRemark,
  onOneLine,
  parseRemark,
  type Remark,
} from './proposal-remark.ts'

/** What is proposed for the files of a folder that no contract names. */
export interface Proposal {
  /** The package's. */
  name: string
  resources: Proposed[]
  /** What would become of the files' records. */
  remarks: Remark[]
  /** Files for which there is no contract to propose, and why. */
  without: { path: string; why: string }[]
}

/** Files of one header and one dialect: a resource, and its candidates for a primary key. */
export interface Proposed {
  name: string
  /** Below the package's folder. */
  path: string[]
  encoding: string | undefined
  dialect: FoundDialect
  fields: FoundField[]
  /** Of fields that are strings and look like more. */
  whys: FieldRemark[]
  keys: string[][]
}

const FILE = 'datapackage.proposed.yaml'

/** `bronze/shop/orders.csv` → `bronze/shop/datapackage.proposed.yaml` */
export function proposalKey(folder: string): string {
  return `${folder}/${FILE}`
}

/** The folder of an object: `bronze/shop` of `bronze/shop/orders.csv`. */
export function folderOfKey(key: string): string {
  return key.slice(0, key.lastIndexOf('/'))
}

/** The command that lets the held files of a folder through. */
export function acceptCommand(folder: string): string {
  return `sluice accept ${shellWord(folder.replace(/^bronze\//, ''))}`
}

/** Whether it is a proposal, which is no object, whatever a resource's glob says. */
export function isProposal(key: string): boolean {
  return key.endsWith(`/${FILE}`)
}

/** The standard's form of a name: small letters, digits, `-`, `_` and `.`. */
export function nameFor(text: string, taken: string[] = []): string {
  const plain = text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase()
  const base = plain.replaceAll(/[^a-z0-9_.]+/g, '-').replaceAll(/^[-.]+|[-.]+$/g, '') || 'data'
  const isTaken = (name: string) => taken.some((other) => snakeCase(other) === snakeCase(name))
  let name = snakeCase(base) === '' ? `data-${shortHash(text, 6)}` : base
  for (let n = 2; isTaken(name); n++) name = `${base}-${n}`
  return name
}

/** The descriptor without its comments: what `--json` prints. */
export function descriptorOf({ name, resources }: Proposal): object {
  return { name, resources: resources.map(resourceOf) }
}

function resourceOf({ name, path, encoding, dialect, fields }: Proposed): object {
  return {
    name,
    path: path.length === 1 ? path[0] : path,
    ...(encoding === undefined ? {} : { encoding }),
    ...(Object.keys(dialect).length === 0 ? {} : { dialect }),
    schema: { fields },
  }
}

/**
 * The proposal as a file: a descriptor whose comments say what to look at, and whose last line lets
 * `parseProposal` see whether a person has changed anything.
 *
 * @param cure how the files are let through
 */
export function formatProposal(proposal: Proposal, cure: string): string {
  const doc = new Document(descriptorOf(proposal))
  const { resources } = proposal
  const found = proposal.remarks.map(formatRemark)
  const head = [notes[0], `${notes[1]}${cure}`, notes[2], ...found]
  doc.commentBefore = lines(resources.length === 0 ? [NOTHING] : head)
  for (const [i, { dialect, keys, whys }] of resources.entries()) {
    const at = (...path: string[]) => doc.getIn(['resources', i, ...path]) as YAMLSeq<YAMLMap>
    for (const field of at('schema', 'fields').items) {
      field.flow = true
      const said = whys.filter((why) => why.field === field.get('name')).map(formatRemark)
      if (said.length > 0) field.commentBefore = lines(said)
    }
    if (keys.length > 0) at('schema').comment = lines([keyLine(keys)])
    if (Object.keys(dialect).length > 0) at('dialect').flow = true
  }
  const text = doc.toString({ lineWidth: 0, blockQuote: false, flowCollectionPadding: false })
  const without = proposal.without.map((one) => `# ${WITHOUT}${JSON.stringify(one)}\n`).join('')
  const whole = `${text}${without}`
  return `${whole}# ${SEAL}${shortHash(whole)}\n`
}

const notes = [
  'What Sluice proposes for files that no contract names, inferred from all of their rows.',
  'Look at it and change what is wrong. Then: ',
  'A resource takes later files like its own, too, with a glob: sluice: {files: "*.csv"}',
] as const
const NOTHING = 'Nothing can be proposed for the files of this folder that no contract names.'
const WITHOUT = 'No contract can be proposed for '
const SEAL = 'As it was proposed: '

/** Labels and paths stand in quotes of JSON, so that what is escaped in them is read again. */
const lines = (all: string[]) => onOneLine(all.map((line) => ` ${line}`).join('\n'))

function keyLine([first, ...others]: string[][]): string {
  const shown = (key: string[]) => (key.length === 1 ? word(key[0]!) : `[${key.map(word)}]`)
  const also = others.length > 0 ? `; also: ${others.map(shown).join(', ')}` : ''
  return `primaryKey: ${shown(first!)}   # unique and never missing in each file${also}`
}

/** As YAML has it in one line. */
function word(name: string): string {
  const isPlain = /^[a-z_][\w-]*$/i.test(name) && !/^(null|true|false)$/i.test(name)
  return isPlain ? name : JSON.stringify(name)
}

/** @returns what `formatProposal` was given; undefined where the text is not as it wrote it */
export function parseProposal(text: string): Proposal | undefined {
  const at = text.lastIndexOf(`# ${SEAL}`)
  const whole = text.slice(0, Math.max(0, at))
  if (at < 0 || text.slice(at) !== `# ${SEAL}${shortHash(whole)}\n`) return undefined
  const { name, resources } = parseYaml(whole) as { name: string; resources: Written[] }
  const [keys, whys] = [keysOf(whole), whysOf(whole)]
  return {
    name,
    resources: resources.map(({ name, path, encoding, dialect, schema }, i) => ({
      ...{ name, path: [path].flat(), encoding, dialect: dialect ?? {} },
      ...{ fields: schema.fields, whys: whys[i] ?? [], keys: keys[i] ?? [] },
    })),
    remarks: whole.split('\n').flatMap((line) => remarkIn(line) ?? []),
    without: whole
      .split('\n')
      .filter((line) => line.startsWith(`# ${WITHOUT}`))
      .map((line) => JSON.parse(line.slice(2 + WITHOUT.length))),
  }
}

/** The text of an accepted proposal: without what only a proposal has to say. */
export function withoutRemarks(text: string): string {
  const own = [...notes, WITHOUT, SEAL].map((start) => `# ${start}`)
  const isOwn = (line: string) =>
    own.some((start) => line.startsWith(start)) || remarkIn(line) !== undefined
  const lines = text.split('\n').filter((line) => !isOwn(line))
  return lines.join('\n').trimStart()
}

/** Of a file as a whole: those of its fields stand further in. */
function remarkIn(line: string): Remark | undefined {
  return line.startsWith('# ') ? parseRemark(line.slice(2)) : undefined
}

interface Written {
  name: string
  path: string | string[]
  encoding?: string
  dialect?: FoundDialect
  schema: { fields: FoundField[] }
}

/** The candidates that comments tell, by the resource in whose lines they stand. */
function keysOf(text: string): string[][][] {
  const keys: string[][][] = []
  let resource = -1
  for (const line of text.split('\n')) {
    if (line.startsWith('  - ')) resource++
    const [, first, others] = keyOf.exec(line) ?? []
    if (first === undefined) continue
    const all = parseYaml(`[${first}${others === undefined ? '' : `, ${others}`}]`) as Key[]
    keys[resource] = all.map((key) => [key].flat())
  }
  return keys
}

type Key = string | string[]

/** A label may have these very words in it: it stands in quotes then. */
const LABEL = String.raw`(?:"(?:[^"\\]|\\.)*"|[\w-]+)`
const KEY = String.raw`(?:${LABEL}|\[${LABEL}(?:,${LABEL})*\])`
const keyOf = RegExp(
  `^ *# primaryKey: (${KEY}) {3}# unique and never missing in each file` +
    `(?:; also: (${KEY}(?:, ${KEY})*))?$`,
)

/** What comments above fields tell, by resource. The first field's are those of the list. */
function whysOf(text: string): FieldRemark[][] {
  const resources = parseDocument(text).get('resources') as YAMLSeq<YAMLMap>
  return resources.items.map((resource) => {
    const fields = resource.getIn(['schema', 'fields']) as YAMLSeq<YAMLMap>
    return fields.items.flatMap((field, i) => {
      const said = (i === 0 && fields.commentBefore) || field.commentBefore || ''
      const remarks = said.split('\n').flatMap((line) => parseRemark(line) ?? [])
      return remarks.map((one) => ({ ...one, field: String(field.get('name')) }))
    })
  })
}
