import { isDescriptor, readPackage } from '../contract/catalog.ts'
import { type Contract, parseContract } from '../contract/contract.ts'
import type { Package } from '../contract/package.ts'
import { Refused } from '../errors.ts'
import { type Finding, findingsOf, isDenied, messageOf } from '../finding.ts'
import type { ObjectStore } from '../store/object-store.ts'

/** Whether a lake can be read and written where that is needed, and its contracts be used. */

/** A look at a large lake ends after so many keys: a check is no inventory. */
const MOST_KEYS = 100_000
/** No version has it: S3's are hex digits of MD5, perhaps with a number of parts behind. */
const IMPOSSIBLE = 'sluice-doctor-writes-nothing'

/**
 * Whether the bucket is there at all: where it is not, each other look would say so once more.
 *
 * @param prefix that this role may list
 * @returns undefined for one that is there, and where that cannot be told
 */
export async function findNoBucket(
  area: string,
  store: ObjectStore,
  prefix: string,
): Promise<Finding | undefined> {
  try {
    for await (const _ of store.list(prefix)) break
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'NoSuchBucket') return undefined
    const cure =
      'look at its name, account and region; a deployed one is put back with its stack: ' +
      'npx cdk deploy'
    return findingsOf(area).wrong('bucket', `there is no bucket ${store.url}`, cure)
  }
  return undefined
}

/** Lists and looks at objects below each prefix, which takes the permissions that reading takes. */
export async function checkReads(
  area: string,
  store: ObjectStore,
  prefixes: string[],
): Promise<Finding[]> {
  return eachPrefix(area, 'read', store, prefixes, async (prefix) => {
    for await (const { key } of store.list(prefix)) {
      // S3 asks for s3:GetObject, as if it were read.
      await store.head(key)
      return undefined
    }
    await store.head(`${prefix}sluice-doctor`)
    return undefined
  })
}

/**
 * Writes nothing: a PUT whose If-Match cannot hold. S3 looks at permissions before it looks at
 * conditions, so that a caller who may not write is answered 403 and learns nothing of what stands
 * there; 404 or 412 (`put` makes one answer of them) say that the write was allowed.
 */
export async function checkWrites(
  area: string,
  store: ObjectStore,
  prefixes: string[],
): Promise<Finding[]> {
  return eachPrefix(area, 'write', store, prefixes, async (prefix) => {
    const key = `${prefix}sluice-doctor`
    const done = await store.put(key, Buffer.alloc(0), { ifMatch: IMPOSSIBLE })
    if (!done) return undefined
    await store.delete(key)
    return 'a PUT whose If-Match cannot hold was taken: this store keeps no conditions'
  })
}

async function eachPrefix(
  area: string,
  check: 'read' | 'write',
  store: ObjectStore,
  prefixes: string[],
  look: (prefix: string) => Promise<string | undefined>,
): Promise<Finding[]> {
  const say = findingsOf(area)
  const wrong: Finding[] = []
  for (const prefix of prefixes) {
    try {
      const found = await look(prefix)
      const cure = 'use S3, or an emulator with conditional writes (LocalStack 4.14)'
      if (found) wrong.push(say.wrong(check, `${prefix}: ${found}`, cure))
    } catch (error) {
      wrong.push(say.wrong(check, `${prefix}: ${messageOf(error)}`, cureOf(error, check, store)))
    }
  }
  if (wrong.length > 0 || prefixes.length === 0) return wrong
  return [say.ok(check, `${prefixes.join(', ')} of ${store.url}`)]
}

function cureOf(error: unknown, check: 'read' | 'write', { url }: ObjectStore): string {
  if (!isDenied(error)) return `check that ${url} is there and can be reached`
  if (!url.startsWith('s3://')) return `chown or chmod what is below ${url}`
  const actions =
    check === 'read' ? 's3:ListBucket, s3:GetObject, s3:GetObjectVersion' : 's3:PutObject'
  return `allow ${actions} by role and bucket policy (npx cdk deploy puts the role's back)`
}

/** Every contract of a root that can be used, and why the others cannot. */
export interface Contracts {
  contracts: Contract[]
  findings: Finding[]
}

/** @param root `bronze/` or `streaming/` */
export async function checkContracts(
  area: string,
  store: ObjectStore,
  root: string,
): Promise<Contracts> {
  const say = findingsOf(area)
  const { packages, keys } = await packagesBelow(store, root)
  const all = packages.map(contractsIn)
  const contracts = all.flatMap((one) => one.contracts)
  const broken = all.flatMap((one) => one.broken)
  const findings = broken.map((why) =>
    say.wrong('contracts', why, 'mend the descriptor: docs/contract.md; its objects then come in'),
  )
  const told = `${packages.length} descriptors and ${contracts.length} datasets below ${root}`
  if (keys > MOST_KEYS) {
    const cure = 'nothing is wrong by it: a broken descriptor refuses its objects, and says so'
    findings.push(say.warning('contracts', `only the first ${MOST_KEYS} keys: ${told}`, cure))
  } else if (broken.length === 0 && packages.length === 0 && root === 'bronze/') {
    const cure = 'put a datapackage.yaml beside the files: docs/contract.md'
    findings.push(say.warning('contracts', `${told}: every file is held`, cure))
  } else if (broken.length === 0) findings.push(say.ok('contracts', told))
  return { contracts, findings }
}

async function packagesBelow(store: ObjectStore, root: string) {
  const folders = new Set<string>()
  let keys = 0
  for await (const { key } of store.list(root)) {
    if (++keys > MOST_KEYS) break
    if (isDescriptor(key)) folders.add(key.slice(0, key.lastIndexOf('/')))
  }
  const packages: Package[] = []
  for (const folder of folders) {
    const found = await readPackage(store, folder)
    if (found) packages.push(found)
  }
  return { packages, keys }
}

function contractsIn({ file, outline, broken }: Package) {
  const found: { contracts: Contract[]; broken: string[] } = { contracts: [], broken: [] }
  if (!outline) return { ...found, broken: [broken ?? `${file} cannot be read`] }
  for (const index of outline.resources.keys()) {
    try {
      found.contracts.push(parseContract(outline, index, file))
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      found.broken.push(error.message)
    }
  }
  return found
}
