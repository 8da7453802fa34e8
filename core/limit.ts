import { Refused } from './errors.ts'
import { shellWord } from './shell-word.ts'

/**
 * Objects that are too large for where this process runs: a function has so much disk, and so much
 * time. That is a verdict about the place, not the data: elsewhere the same version is taken.
 */

const LIMIT = 'SLUICE_LIMIT_BYTES'

/**
 * How many bytes of text an object may have here; Infinity where nothing says, or ''.
 *
 * @throws Error for a setting that is no number of bytes
 */
export function limitHere(): number {
  const limit = givenLimit()
  if (typeof limit === 'number') return limit
  const must = `must be a whole number of bytes, 1 or more, or be left out; found ${limit}`
  throw new Error(`${LIMIT} ${must}`)
}

/** @returns the text of a setting that is no number of bytes */
function givenLimit(): number | string {
  const given = process.env[LIMIT]
  if (!given) return Number.POSITIVE_INFINITY
  return /^[1-9]\d{0,14}$/.test(given) ? Number(given) : JSON.stringify(given)
}

/** What may be set higher, or lower, for a process: rejects, and what an object unpacks to. */
const BOUNDS = {
  SLUICE_MAX_REJECTS: 10_000_000,
  SLUICE_MAX_TEXT_GB: 64,
  SLUICE_MAX_TEXT_RATIO: 250,
}

/** @throws Error for a setting that is no number above 0: it would bound nothing */
export function boundHere(name: keyof typeof BOUNDS): number {
  const given = process.env[name]
  if (!given) return BOUNDS[name]
  const bound = Number(given)
  if (bound > 0) return bound
  const found = JSON.stringify(given)
  throw new Error(`${name} must be a number above 0, or be left out; found ${found}`)
}

/** Text that turned out to be larger than the limit while it was unpacked. */
export class TooLarge extends Refused {
  override name = 'TooLarge'

  /** @param bytes that it has at least; more than are allowed here */
  constructor(bytes: number) {
    super(toldOf(`at least ${bytes} bytes of text`))
  }
}

/** DuckDB's share of the memory, as DuckDB writes it. */
export function memoryHere(): string {
  return process.env.SLUICE_MEMORY ?? '512MB'
}

/** DuckDB's memory for a column of a table, in MB, measured: rows go through it 2,048 at a time. */
const COLUMN = 0.5

/**
 * Whether a table of so many columns can be taken by this process: DuckDB's memory (SLUICE_MEMORY)
 * is bounded, and each column takes some of it, however few rows there are.
 *
 * @throws Refused, for this place only, naming how much memory would do
 */
export function checkColumns(columns: number): void {
  const memory = memoryHere()
  const [, number, unit] = /^([\d.]+) ?([KMGT])i?B$/i.exec(memory) ?? []
  if (number === undefined) return
  const megabytes = Number(number) * 1000 ** ('KMGT'.indexOf(unit!.toUpperCase()) - 1)
  const most = Math.floor(megabytes / COLUMN)
  if (columns <= most) return
  const enough = Math.ceil((columns * COLUMN) / 1000)
  throw new Refused(
    `too-wide: ${columns} fields, and with SLUICE_MEMORY=${memory} at most ${most} are taken ` +
      `here; set SLUICE_MEMORY=${enough}GB, or split the table`,
  )
}

/** Columns from which a table is wide: each takes memory, however few rows there are. */
export const WIDE = 400

/**
 * What a wide table takes depends on its types and folders, too: where DuckDB's memory is not
 * enough for one after all, that is the same verdict, and no fault to be tried again.
 *
 * @returns what is to be thrown in the place of that error
 */
export function tooWide(error: unknown, columns: number): unknown {
  const isFull = error instanceof Error && error.message.startsWith('Out of Memory')
  if (!isFull || columns <= WIDE) return error
  const memory = memoryHere()
  return new Refused(
    `too-wide: ${columns} fields take more than SLUICE_MEMORY=${memory} here; set it higher ` +
      '(partitionBy takes most, of many values), or split the table',
    { cause: error },
  )
}

/**
 * Why an object is too large to be taken here; undefined where it is not.
 *
 * @param bytes `stored` as they stand, and of `text` as far as that tells
 * @param known the reason that stands in the commit record of this very version: what was found to
 *   be too large is not unpacked once more to find that out
 * @param elsewhere the command that loads it elsewhere
 */
export function tooLarge(
  bytes: { stored: number; text: number },
  known: string | undefined,
  elsewhere: string,
): string | undefined {
  const { stored, text } = bytes
  const limit = limitHere()
  if (text > limit) {
    const how = stored === text ? '' : ` (packed, ${stored} bytes: ten times that is reckoned with)`
    return withCure(toldOf(`${text} bytes of text${how}`), elsewhere)
  }
  const found = foundIn(known)
  return found > limit ? reasonOf(new TooLarge(found), elsewhere) : undefined
}

/** What a stage keeps as the reason of a refusal. */
export function reasonOf(refused: Refused, elsewhere: string): string {
  return refused instanceof TooLarge ? withCure(refused.message, elsewhere) : refused.message
}

/**
 * Whether a refusal is about the place, so that it settles nothing elsewhere; or about a bound that
 * is higher here.
 */
export function isOfPlace(reason: string | undefined): boolean {
  return foundIn(reason) > 0 || reason?.startsWith('too-wide: ') === true || isRaised(reason)
}

/** How the reason of a refusal tells the bound that it was refused by. */
const told: [keyof typeof BOUNDS, RegExp][] = [
  ['SLUICE_MAX_REJECTS', /^too-many-rejects: more than ([\d.]+) records/],
  ['SLUICE_MAX_TEXT_GB', /^too-long: the object unpacks to more than ([\d.]+) GiB/],
  ['SLUICE_MAX_TEXT_RATIO', /^too-long: .* unpack to more than ([\d.]+) times/],
]

function isRaised(reason = ''): boolean {
  return told.some(([name, pattern]) => {
    const [, bound] = pattern.exec(reason) ?? []
    return bound !== undefined && boundHere(name) > Number(bound)
  })
}

/** The reason is all that every commit record keeps, so the size is read back from it. */
function foundIn(reason = ''): number {
  return Number(/^too-large: (?:at least )?(\d+) bytes/.exec(reason)?.[1] ?? 0)
}

function toldOf(found: string): string {
  return (
    `too-large: ${found}, and at most ${limitHere()} are taken here: so much fits the disk and ` +
    `the time of this function (${LIMIT})`
  )
}

function withCure(told: string, elsewhere: string): string {
  return `${told}; load it elsewhere: ${elsewhere}`
}

/**
 * Names the cure where the disk of this process is full all the same.
 *
 * @returns another fault in the place of that one; any other as it is
 */
export function faultOf(error: unknown, elsewhere: string): unknown {
  if (!(error instanceof Error) || !isFullDisk(error)) return error
  const [first] = error.message.split('\n')
  // Whatever it is set to: the disk is what has to be told of.
  const limit = givenLimit()
  const now = limit === Number.POSITIVE_INFINITY ? 'not set now' : `now ${limit}`
  return new Error(
    `the disk is full (${first}); give it more room (a function: raise its ephemeral storage), ` +
      `or lower ${LIMIT} (${now}) so that such objects are refused at once; ` +
      `load it elsewhere: ${elsewhere}`,
    { cause: error },
  )
}

/** As Node tells it, and DuckDB, which counts what it spills before the disk says no. */
function isFullDisk(error: Error): boolean {
  if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return true
  return /^IO Error: .*No space left on device|failed to offload data block/s.test(error.message)
}

/** The command that loads an object where there is no such limit. */
export function ingestCommand(lake: string, key: string): string {
  // Not the URL itself: it holds a password. As it stands here, a shell refuses it.
  return `sluice ingest ${shellWord(key)} --lake ${shellWord(lake)} --database <url>`
}

/** The same for an object of a stream. */
export function publishCommand(lake: string, key: string, stream: string): string {
  return `sluice publish ${shellWord(key)} --lake ${shellWord(lake)} --stream ${stream}`
}
