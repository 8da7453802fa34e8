import { isDeepStrictEqual } from 'node:util'
import { Document, isMap, isSeq, type YAMLMap, type YAMLSeq } from 'yaml'
import { descriptors } from '../contract/catalog.ts'
import { type Contract, datasetOf, parseContract } from '../contract/contract.ts'
import { parseOutline } from '../contract/descriptor.ts'
import { asWritten, exactYaml, reviver } from '../contract/exact-numbers.ts'
import { Busy, Refused } from '../errors.ts'
import { heldWithout, unfit } from '../held.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { folderOfKey, parseProposal, proposalKey, withoutRemarks } from './proposal.ts'

/** What has become of a proposal: the descriptor that has its resources now, and their files. */
export interface Accepted {
  file: string
  /** Names of the resources. */
  resources: string[]
  keys: string[]
}

/** What accepting a proposal as it stands would do. */
export interface Draft {
  /** The descriptor that it would be, or be added to. */
  file: string
  /** Of the descriptor: both the same where it has all that is proposed; '' where it is new. */
  before: string
  after: string
  /** Names of the proposed resources. */
  resources: string[]
  /** Those that stand in the descriptor as they are. */
  known: string[]
  /** Keys of their files. */
  keys: string[]
}

/**
 * Makes the proposal of a package's folder its descriptor, or adds the proposed resources to the
 * descriptor that stands there, whose text stays as it is; then the proposal is deleted. The write
 * of the descriptor is the commit point, over what was read only: whatever changes meanwhile, the
 * descriptor or the proposal, is looked at again.
 *
 * @param seen the eTag of the proposal that a person has looked at: no other is accepted
 * @throws Refused where there is no proposal, it cannot be used, or the descriptor has such names
 * @throws Busy where the proposal is another by now than the one that was seen
 */
export async function acceptProposal(
  store: ObjectStore,
  folder: string,
  seen?: string,
): Promise<Accepted> {
  const key = proposalKey(folder)
  const own = new Set<string>()
  const keys = new Set<string>()
  let isDone = false
  for (let file = ''; ; ) {
    const found = await store.get(key)
    const isOther = seen !== undefined && found?.version.etag !== seen
    const isEnd = isDone ? !found || isOther : !found && own.size > 0
    if (isEnd) return { file, resources: [...own], keys: [...keys] }
    if (isOther) throw new Busy(`${key}: it is another by now, or was accepted: look at it again`)
    if (!found) throw new Refused(`${key}: there is no proposal to accept`)
    const proposed = readProposal(found.body.toString(), key)
    const there = await descriptorIn(store, folder)
    const draft = drafted(found.body.toString(), proposed, there, folder, own)
    file = draft.file
    for (const name of draft.known) own.add(name)
    if (draft.after !== draft.before) {
      const when = there ? { ifMatch: there.version.etag } : ({ ifNoneMatch: true } as const)
      if (!(await store.put(file, Buffer.from(draft.after), when))) continue
    }
    isDone = true
    for (const name of draft.resources) own.add(name)
    for (const each of draft.keys) keys.add(each)
    // One that was added to meanwhile is taken once more: what it has by now goes over what it had.
    if ((await store.head(key))?.etag === found.version.etag) await store.delete(key)
  }
}

/**
 * What `acceptProposal` would write of this proposal, and does not.
 *
 * @param text of the proposal of the folder
 * @throws Refused as `acceptProposal` does
 */
export async function draftOf(store: ObjectStore, folder: string, text: string): Promise<Draft> {
  const proposed = readProposal(text, proposalKey(folder))
  return drafted(text, proposed, await descriptorIn(store, folder), folder, new Set())
}

/**
 * The contract that a proposal has for a file; undefined where it names no such file.
 *
 * @param path of the file, below the package's folder
 * @throws Refused where it is no contract
 */
export function proposedContract(text: string, key: string, path: string): Contract | undefined {
  const { resources } = readProposal(text, key)
  const outline = parseOutline(JSON.stringify({ resources }), `${key}.json`)
  const index = outline.resources.findIndex((one) => one.path?.includes(path))
  return index < 0 ? undefined : parseContract(outline, index, key)
}

/** @param own resources that we put into the descriptor before */
function drafted(
  text: string,
  proposed: Read,
  there: Descriptor | undefined,
  folder: string,
  own: Set<string>,
): Draft {
  const file = there?.version.key ?? `${folder}/${descriptors[0]}`
  const before = there?.body.toString() ?? ''
  const known = there ? acceptedBefore(before, proposed) : []
  const keys = proposed.paths.map((path) => `${folder}/${path}`)
  const draft = { file, before, after: before, resources: proposed.names, known, keys }
  if (known.length === proposed.names.length) return draft
  const ours = new Set([...own, ...known])
  const after = there ? added(before, file, proposed, ours) : withoutRemarks(text)
  checkNew(after, file, proposed.names)
  return { ...draft, after }
}

/** What another process has accepted just now, or one that died before it deleted the proposal. */
function acceptedBefore(text: string, { names, resources }: Read): string[] {
  const whole = plainOf(exactYaml(text)) as { resources?: unknown } | null | undefined
  const there = Array.isArray(whole?.resources) ? whole.resources : []
  return names.filter((_, i) => there.some((other) => isDeepStrictEqual(resources[i], other)))
}

interface Read {
  doc: Document
  names: string[]
  paths: string[]
  resources: Record<string, unknown>[]
}

function readProposal(text: string, key: string): Read {
  const doc = exactYaml(text)
  if (doc.errors[0]) throw new Refused(`${key}: not YAML: ${doc.errors[0].message}`)
  const { resources } = (plainOf(doc) ?? {}) as { resources?: unknown }
  if (!Array.isArray(resources) || resources.length === 0) {
    throw new Refused(`${key}: it proposes nothing${nothingIn(text, key)}`)
  }
  const outline = parseOutline(JSON.stringify({ resources }), `${key}.json`)
  const names = outline.resources.map(({ name }) => name)
  return { doc, names, resources, paths: outline.resources.flatMap((one) => one.path ?? []) }
}

/** What it says instead, of each file. */
function nothingIn(text: string, key: string): string {
  const folder = folderOfKey(key)
  const told = parseProposal(text)?.without.map(({ path, why }) => {
    return `\n${folder}/${path}: ${heldWithout(unfit(folder, why))}`
  })
  return told?.length ? `:${told.join('')}` : '; describe the files in a datapackage.yaml'
}

/** Undefined where it has no value: an alias of nothing, or aliases beyond all measure. */
function plainOf(doc: Document): unknown {
  try {
    return doc.toJS({ reviver })
  } catch (error) {
    if (error instanceof ReferenceError) return undefined
    throw error
  }
}

type Descriptor = NonNullable<Awaited<ReturnType<ObjectStore['get']>>>

async function descriptorIn(store: ObjectStore, folder: string): Promise<Descriptor | undefined> {
  const found = await Promise.all(descriptors.map((name) => store.get(`${folder}/${name}`)))
  const there = found.filter((one) => one !== undefined)
  if (there.length < 2) return there[0]
  const names = there.map(({ version }) => version.key).join(', ')
  throw new Refused(`${names}: one descriptor a folder is allowed; remove the others`)
}

/** The descriptor's text with the proposed resources, which replace those we put there before. */
function added(text: string, file: string, proposed: Read, own: Set<string>): string {
  const { resources } = parseOutline(text, file)
  const dataset = (name: string) => datasetOf(file, name).dataset
  const clash = resources.find(
    ({ name }) => !own.has(name) && proposed.names.some((one) => dataset(one) === dataset(name)),
  )
  if (clash) {
    throw new Refused(
      `${file}: resource ${JSON.stringify(clash.name)} is there by now, and proposed, too: ` +
        `rename it in ${proposalKey(file.slice(0, file.lastIndexOf('/')))}, or remove it there`,
    )
  }
  return file.endsWith('.json') ? addedJson(text, proposed) : addedYaml(text, proposed)
}

type Named = { name: string }

function addedJson(text: string, { resources }: Read): string {
  const whole = JSON.parse(text.replace(/^\ufeff/, ''), asWritten) as { resources: Named[] }
  const kept = whole.resources.filter(({ name }) => !resources.some((one) => one.name === name))
  const indent = /\n([ \t]+)"/.exec(text)?.[1]
  const end = text.endsWith('\n') ? '\n' : ''
  return JSON.stringify({ ...whole, resources: [...kept, ...resources] }, null, indent) + end
}

/** As lines below the last resource where that can be, so that all other lines stay as they are. */
function addedYaml(text: string, { doc, resources }: Read): string {
  const whole = exactYaml(text)
  const list = whole.get('resources') as YAMLSeq<YAMLMap>
  const isThere = (one: YAMLMap) => resources.some(({ name }) => name === one.get('name'))
  const before = list.items.length
  list.items = list.items.filter((one) => !isThere(one))
  const isWhole = list.items.length === before
  const expected = [...(list.toJS(whole, { reviver }) as unknown[]), ...resources]
  const lines = isWhole && !list.flow ? appended(text, list, doc) : undefined
  if (lines !== undefined) {
    const [old, now] = [plainOf(whole) as object, plainOf(exactYaml(lines)) as object]
    if (isDeepStrictEqual(now, { ...old, resources: expected })) return lines
  }
  list.items.push(...(doc.get('resources') as YAMLSeq<YAMLMap>).items)
  return whole.toString({ lineWidth: 0 })
}

function appended(text: string, list: YAMLSeq<YAMLMap>, proposal: Document): string | undefined {
  const first = list.items[0]?.range?.[0]
  const end = list.items.at(-1)?.range?.[1]
  if (first === undefined || end === undefined) return undefined
  const indent = /^ *(?=- )/.exec(text.slice(text.lastIndexOf('\n', first) + 1))?.[0]
  if (indent === undefined) return undefined
  const items = proposal.get('resources')
  if (!isSeq(items) || !items.items.every(isMap)) return undefined
  const lines = new Document(items)
    .toString({ lineWidth: 0, blockQuote: false })
    .trimEnd()
    .split('\n')
  const told = lines.map((line) => (line === '' ? '' : `${indent}${line}`)).join('\n')
  // The last item's value may end with its line, or before a comment on it.
  const lineEnd = text[end - 1] === '\n' ? end : `${text}\n`.indexOf('\n', end) + 1
  const head = text.slice(0, lineEnd)
  return `${head}${head.endsWith('\n') ? '' : '\n'}${told}\n${text.slice(lineEnd)}`
}

/** The new resources must be usable; one whose schema stands in another file is seen to later. */
function checkNew(text: string, file: string, names: string[]): void {
  const outline = parseOutline(text, file)
  for (const [i, resource] of outline.resources.entries()) {
    const { schema, dialect } = resource as { schema?: unknown; dialect?: unknown }
    const isElsewhere = typeof schema === 'string' || typeof dialect === 'string'
    if (names.includes(resource.name) && !isElsewhere) parseContract(outline, i, file)
  }
}
