import { isDeepStrictEqual } from 'node:util'
import { Document, isMap, isSeq, parseDocument, type YAMLMap, type YAMLSeq } from 'yaml'
import { descriptors } from './catalog.ts'
import { datasetOf, parseContract } from './contract.ts'
import { parseOutline } from './descriptor.ts'
import { Refused } from './errors.ts'
import type { ObjectStore } from './object-store.ts'
import { proposalKey, withoutRemarks } from './proposal.ts'

/** What has become of a proposal: the descriptor that has its resources now, and their files. */
export interface Accepted {
  file: string
  /** Names of the resources. */
  resources: string[]
  keys: string[]
}

/**
 * Makes the proposal of a package's folder its descriptor, or adds the proposed resources to the
 * descriptor that stands there, whose text stays as it is; then the proposal is deleted. The write
 * of the descriptor is the commit point, over what was read only: whatever changes meanwhile, the
 * descriptor or the proposal, is looked at again.
 *
 * @throws Refused where there is no proposal, it cannot be used, or the descriptor has such names
 */
export async function acceptProposal(store: ObjectStore, folder: string): Promise<Accepted> {
  const key = proposalKey(folder)
  const own = new Set<string>()
  const keys = new Set<string>()
  for (let file = ''; ; ) {
    const found = await store.get(key)
    if (!found && own.size > 0) return { file, resources: [...own], keys: [...keys] }
    if (!found) throw new Refused(`${key}: there is no proposal to accept`)
    const proposed = readProposal(found.body.toString(), key)
    const there = await descriptorIn(store, folder)
    file = there?.version.key ?? `${folder}/${descriptors[0]}`
    const before = there ? acceptedBefore(there.body.toString(), proposed) : []
    for (const name of before) own.add(name)
    if (before.length < proposed.names.length) {
      const text = there
        ? added(there.body.toString(), file, proposed, own)
        : withoutRemarks(found.body.toString())
      checkNew(text, file, proposed.names)
      const when = there ? { ifMatch: there.version.etag } : ({ ifNoneMatch: true } as const)
      if (!(await store.put(file, Buffer.from(text), when))) continue
    }
    for (const name of proposed.names) own.add(name)
    for (const path of proposed.paths) keys.add(`${folder}/${path}`)
    // One that was added to meanwhile is taken once more: what it has by now goes over what it had.
    if ((await store.head(key))?.etag === found.version.etag) await store.delete(key)
  }
}

/** What another process has accepted just now, or one that died before it deleted the proposal. */
function acceptedBefore(text: string, { names, resources }: Read): string[] {
  const whole = parseDocument(text).toJS() as { resources?: unknown } | null
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
  const doc = parseDocument(text)
  if (doc.errors[0]) throw new Refused(`${key}: not YAML: ${doc.errors[0].message}`)
  const { resources } = (doc.toJS() ?? {}) as { resources?: unknown }
  if (!Array.isArray(resources) || resources.length === 0) {
    throw new Refused(`${key}: it proposes nothing; describe the files in a datapackage.yaml`)
  }
  const outline = parseOutline(JSON.stringify({ resources }), `${key}.json`)
  const names = outline.resources.map(({ name }) => name)
  return { doc, names, resources, paths: outline.resources.flatMap((one) => one.path ?? []) }
}

async function descriptorIn(store: ObjectStore, folder: string) {
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

function addedJson(text: string, { resources }: Read): string {
  const whole = JSON.parse(text) as { resources: { name: string }[] }
  const kept = whole.resources.filter(({ name }) => !resources.some((one) => one.name === name))
  const indent = /\n([ \t]+)"/.exec(text)?.[1]
  const end = text.endsWith('\n') ? '\n' : ''
  return JSON.stringify({ ...whole, resources: [...kept, ...resources] }, null, indent) + end
}

/** As lines below the last resource where that can be, so that all other lines stay as they are. */
function addedYaml(text: string, { doc, resources }: Read): string {
  const whole = parseDocument(text)
  const list = whole.get('resources') as YAMLSeq<YAMLMap>
  const isThere = (one: YAMLMap) => resources.some(({ name }) => name === one.get('name'))
  const before = list.items.length
  list.items = list.items.filter((one) => !isThere(one))
  const isWhole = list.items.length === before
  const expected = [...(list.toJS(whole) as unknown[]), ...resources]
  const lines = isWhole && !list.flow ? appended(text, list, doc) : undefined
  if (lines !== undefined) {
    const [old, now] = [whole.toJS() as object, parseDocument(lines).toJS() as object]
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
