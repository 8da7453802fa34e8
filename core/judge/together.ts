import { looksLikeCsv } from '../contract/catalog.ts'
import type { Contract } from '../contract/contract.ts'
import { DataError, type Duck } from '../duck/duckdb.ts'
import { Refused } from '../errors.ts'
import { WIDE } from '../limit.ts'
import type { ObjectStore, ObjectVersion } from '../store/object-store.ts'
import { type Layout, readLayout } from '../text/header.ts'
import { beginningOf, type PlainText } from '../text/plain-text.ts'
import { glimpse } from '../text/probe.ts'
import { hasTwice } from './keys.ts'
import { MEMBER, Plan } from './plan.ts'
import { checkMembers, isPlain } from './validate.ts'

/**
 * Many small objects of one contract, judged by one statement: to plan it takes DuckDB longer than
 * to read a hundred rows. It holds, as the fast way does, only for objects without a single wrong
 * record; whatever is unusual is left to `validate`, object by object. So nothing is decided here
 * that is not decided there, and an object that is left out is only slower.
 */

/** An object's bytes on this machine. */
export interface Member {
  key: string
  path: string
}

/** A member all of whose records hold. */
export interface Whole<M extends Member> {
  member: M
  /** Its number in the column MEMBER. */
  nth: number
  records: number
  drift: string[]
}

/** Larger objects are worth a statement of their own. */
const SMALL_OBJECT = 256 << 10
/** Objects of one statement, and their bytes: memory is that of one larger object. */
const MOST = 32
const MOST_BYTES = 4 << 20
/** Of fewer, the wrong one is not looked for: each is judged by itself. */
const FEWEST = 4

/**
 * Those of the objects that may be judged together, as they stand now; what cannot be looked at is
 * none.
 */
export async function smallOf(store: ObjectStore, keys: string[]): Promise<ObjectVersion[]> {
  const plain = keys.filter((key) => looksLikeCsv(key) && !/\.(gz|zst)$/i.test(key))
  const looks = await Promise.allSettled(plain.map((key) => store.head(key)))
  const seen = looks.flatMap((look) => (look.status === 'fulfilled' ? (look.value ?? []) : []))
  return seen.filter(({ size }) => size <= SMALL_OBJECT)
}

/** Whether objects of a contract may be judged together at all. */
export function takesMany(contract: Contract): boolean {
  const isOurs = ({ name }: { name: string }) => name.toLowerCase() === MEMBER
  const { fields, encoding, stored } = contract
  const isText = encoding === 'utf-8' && !stored.compression
  return isText && fields.length <= WIDE && !fields.some(isOurs)
}

/** Cuts versions into groups that one statement may take. */
export function inGroups(versions: ObjectVersion[]): ObjectVersion[][] {
  const groups: ObjectVersion[][] = []
  let bytes = 0
  for (const version of versions) {
    const last = groups.at(-1)
    bytes += version.size
    if (last && last.length < MOST && bytes <= MOST_BYTES) last.push(version)
    else {
      groups.push([version])
      bytes = version.size
    }
  }
  return groups
}

/**
 * Judges members by their contract, those that lie alike at once.
 *
 * @param sink takes a SELECT of the rows of some of them, in which MEMBER is one column more
 * @returns after the sink had them: the members that hold whole. All others were not looked at, or
 *   may not hold
 * @throws what the sink throws, and faults of the disk
 */
export async function judgeTogether<M extends Member>(
  task: { duck: Duck; contract: Contract },
  members: M[],
  sink: (select: string, wholes: Whole<M>[]) => Promise<void>,
): Promise<Whole<M>[]> {
  const { duck, contract } = task
  await checkMembers(duck, contract)
  const lying = await Promise.all(members.map((member) => lieOf(contract, member)))
  const alike = Map.groupBy(
    lying.filter((one) => one !== undefined),
    ({ form }) => form,
  )
  const wholes: Whole<M>[] = []
  for (const some of alike.values()) {
    for await (const { table, held } of holding(duck, contract, some)) {
      await sink(`SELECT * FROM ${table}`, held)
      wholes.push(...held)
    }
  }
  return wholes
}

/** How a member's text lies: those of one form can be read by one statement. */
interface Lying<M> {
  member: M
  form: string
  layout: Layout
  lineEnd: 'lf' | 'crlf'
}

/** Undefined for a text that the fast way does not take as it stands. */
async function lieOf<M extends Member>(
  contract: Contract,
  member: M,
): Promise<Lying<M> | undefined> {
  const { key, path } = member
  const { stored } = contract
  const isDescribed = stored.bytes !== undefined || stored.hash !== undefined
  if (isDescribed && key === stored.key) return undefined
  try {
    const text = {
      path,
      encoding: 'utf-8',
      utf16: undefined,
      ...beginningOf(path, 'utf-8'),
    } as const
    if (!text.bytes || text.bom > 0) return undefined
    return lying(member, text, await readLayout(text, contract), contract)
  } catch (error) {
    if (error instanceof Refused) return undefined
    throw error
  }
}

function lying<M>(
  member: M,
  text: PlainText,
  layout: Layout,
  contract: Contract,
): Lying<M> | undefined {
  const facts = glimpse(text, contract.dialect.delimiter)
  if (!isPlain(facts, text, layout, contract)) return undefined
  const lineEnd = facts.lineEnd === 'crlf' ? 'crlf' : 'lf'
  const form = JSON.stringify([lineEnd, layout.labels])
  return { member, form, layout, lineEnd }
}

const TABLE = 'sluice_together'

/** Tables of the rows of those that hold; where one of them does not, halves are tried. */
async function* holding<M extends Member>(
  duck: Duck,
  contract: Contract,
  some: Lying<M>[],
): AsyncIterable<{ table: string; held: Whole<M>[] }> {
  if (some.length < FEWEST) return
  try {
    const held = await rowsOf(duck, contract, some)
    if (held) {
      yield { table: TABLE, held }
      return
    }
  } catch (error) {
    if (!(error instanceof DataError)) throw error
  } finally {
    await duck.run(`DROP TABLE IF EXISTS ${TABLE}`)
  }
  const half = Math.ceil(some.length / 2)
  yield* holding(duck, contract, some.slice(0, half))
  yield* holding(duck, contract, some.slice(half))
}

/**
 * @returns undefined where a key may stand twice in an object
 * @throws DataError where a record does not hold
 */
async function rowsOf<M extends Member>(
  duck: Duck,
  contract: Contract,
  some: Lying<M>[],
): Promise<Whole<M>[] | undefined> {
  const [{ layout, lineEnd }] = some as [Lying<M>]
  const plan = new Plan(contract, layout)
  const paths = some.map(({ member }) => member.path)
  const source = plan.joinedSource(paths, lineEnd)
  if (await hasTwice(duck, plan, source, [MEMBER])) return undefined
  const rows = plan.strict(source, false, [MEMBER])
  await duck.run(`CREATE TEMP TABLE ${TABLE} AS ${rows}`)
  const counts = await duck.all(`SELECT ${MEMBER}, count(*) FROM ${TABLE} GROUP BY ALL`)
  const records = new Map(counts.map(([nth, count]) => [Number(nth), Number(count)]))
  return some.map(({ member, layout }, nth) => {
    return { member, nth, records: records.get(nth) ?? 0, drift: layout.drift }
  })
}
