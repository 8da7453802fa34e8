import { join } from 'node:path'
import type { Goal } from '../../core/commit/commit.ts'
import { fileStem, folderOf, type Manifest } from '../../core/commit/manifest.ts'
import { type Written, writeRejects, writeRows, writtenFiles } from '../../core/commit/parquet.ts'
import type { Contract } from '../../core/contract/contract.ts'
import type { Duck } from '../../core/duck/duckdb.ts'
import { Refused, UnsafeKey } from '../../core/errors.ts'
import { type Verdict, validate } from '../../core/judge/validate.ts'
import type { Lake } from '../../core/lake.ts'
import type { ObjectVersion } from '../../core/store/object-store.ts'
import { textSize } from '../../core/text/plain-text.ts'
import type { Ready, Together } from './together.ts'

/** What one version of an object becomes in Silver and in quarantine. */

/** What is known of a version before it is judged. */
export type Facts = Omit<Manifest, 'status' | 'reason' | 'records' | 'accepted' | 'rejected'>

/** Where it is worked on. */
interface Place {
  lake: Lake
  key: string
  folder: string
  duck: Duck
  /** What others, too, are brought with. */
  together?: Together | undefined
}

/** Each try writes into a folder of its own: all that lies in one is committed. */
let made = 0

/** Writes the version's Parquet locally; the commit gives it its names. */
export async function writeVersion(
  work: Place,
  version: ObjectVersion,
  contract: Contract,
  base: Facts,
): Promise<Goal<Manifest>> {
  const { lake, key } = work
  const ready = await work.together?.rowsOf(version, contract)
  if (ready) return readyGoal(work, version, contract, { base, ready })
  const copy = await lake.store.open(version)
  try {
    const { counts, files } = await lake.withScratch(
      textSize(version),
      async (folder, duck) => {
        let out = folder
        const verdict = await validate(
          { duck, contract, path: copy.path, key, folder },
          (select) => {
            out = join(work.folder, `rows-${made++}`)
            return writeRows(duck, select, contract, out)
          },
        )
        await copy.verify()
        const { rejects, ...counts } = verdict
        const written = counts.accepted > 0 ? writtenFiles(out, contract) : []
        const files = rowFiles(written, version, contract)
        if (rejects) files.push(await rejectFile({ ...work, duck }, version, contract, rejects))
        return { counts, files }
      },
      contract.fields.length,
    )
    return goalOf(work, version, { base, files }, counts)
  } finally {
    await copy.release()
  }
}

/** The same of a version whose rows were written with those of others. */
function readyGoal(
  work: Place,
  version: ObjectVersion,
  contract: Contract,
  { base, ready }: { base: Facts; ready: Ready },
): Goal<Manifest> {
  const { records, drift } = ready
  const files = rowFiles(ready.files, version, contract)
  const counts = { records, accepted: records, rejected: 0, drift }
  return goalOf(work, version, { base, files }, counts)
}

function goalOf(
  { lake }: Place,
  version: ObjectVersion,
  { base, files }: { base: Facts; files: File[] },
  counts: Omit<Verdict, 'rejects'>,
): Goal<Manifest> {
  for (const file of files) checkName(lake, file)
  const { drift, labels, ...told } = counts
  const reason = drift.length > 0 ? drift.join('; ') : undefined
  const loaded = { status: 'loaded' as const, reason, ...told, ...standingBy(version) }
  return { state: { ...base, ...loaded }, replaces: true, files }
}

export function standingBy(
  version: ObjectVersion,
): Pick<Manifest, 'standing' | 'standingModified'> {
  return { standing: version.etag, standingModified: version.modified.toISOString() }
}

type File = Goal<Manifest>['files'][number]

/** Before anything is written: a name that the lake does not take would never be buried, either. */
function checkName(lake: Lake, file: File): void {
  try {
    lake.store.locate(file.key(Number.MAX_SAFE_INTEGER))
  } catch (error) {
    if (!(error instanceof UnsafeKey)) throw error
    throw new Refused(`too-long: a name that partitionBy makes: ${error.message}`)
  }
}

function rowFiles(written: Written[], version: ObjectVersion, contract: Contract): File[] {
  const stem = fileStem(version, contract.hash)
  const base = folderOf('silver', contract.dataset)
  return written.map(({ path, folder }, i) => ({
    path,
    key: (epoch) => [base, folder, `${stem}-${epoch}-${i}.parquet`].filter(Boolean).join('/'),
  }))
}

async function rejectFile(
  { duck, folder, key }: Place,
  version: ObjectVersion,
  contract: Contract,
  rejects: string,
): Promise<File> {
  const path = join(folder, `quarantine-${made++}.parquet`)
  await writeRejects(duck, rejects, { key, etag: version.etag }, path)
  const base = `${folderOf('quarantine', contract.dataset)}/${fileStem(version, contract.hash)}`
  return { path, key: (epoch) => `${base}-${epoch}.parquet` }
}
