import type { Contract } from '../contract/contract.ts'
import { type Dialect, parseDialect } from '../contract/dialect.ts'
import { shortHash } from '../names.ts'

/**
 * A replay object: the mended rows of one source object's rejects, an object of Bronze itself.
 *
 *     bronze/shop/orders/2026-01.csv                      the source
 *     bronze/shop/_replay/orders/9c1185a5c5e9fc54.csv     by the hash of the source's key
 *
 * Which resource governs it is said by its key: the one whose table has the folder's name. So no
 * glob of a contract has to fit it, and each source has one place, that all replays go to.
 */
export interface ReplayPlace {
  /** Of the package: `bronze/shop`. */
  folder: string
  table: string
  /** Of the source's key. */
  hash: string
}

const FOLDER = '_replay'

/** Where the mended rows of a source are, by the contract of its dataset. */
export function replayKey({ file, table }: Pick<Contract, 'file' | 'table'>, source: string) {
  return [...file.split('/').slice(0, -1), FOLDER, table, `${shortHash(source)}.csv`].join('/')
}

/** @returns undefined for a key that is none of a replay object */
export function parseReplayKey(key: string): ReplayPlace | undefined {
  const [, folder, table, hash] =
    /^(bronze\/(?:.+\/)?[^/]+)\/_replay\/([^/]+)\/([0-9a-f]{16})\.csv$/.exec(key) ?? []
  return hash === undefined ? undefined : { folder: folder!, table: table!, hash }
}

/** Whether a key lies where only replay objects are: whatever else lies there is no object. */
export function isBelowReplay(key: string): boolean {
  return key.startsWith('bronze/') && key.split('/').slice(0, -1).includes(FOLDER)
}

/**
 * The contract of a dataset's replay objects: its fields and keys, in plain CSV, by name. A source
 * that was taken as a stream is not published by its mends: a stream takes nothing back.
 */
export function replayContract(contract: Contract): Contract {
  return {
    ...contract,
    fieldsMatch: 'partial',
    dialect: plainDialect(contract.dialect.caseSensitiveHeader),
    encoding: 'utf-8',
    stored: { compression: undefined, key: undefined, bytes: undefined, hash: undefined },
    maxRejectRatio: 1,
    stream: undefined,
    hash: shortHash(`${contract.hash}/replay`),
  }
}

/** Why none of a replay object's rows stand: as both stages tell it. */
export function superseded(source: string): string {
  return `superseded: another version of ${source} stands than the one whose rejects it mends`
}

/** As a replay object is written. */
function plainDialect(caseSensitiveHeader = true): Dialect {
  const at = { file: '', path: [] }
  return parseDialect({ header: true, caseSensitiveHeader }, undefined, at)
}
