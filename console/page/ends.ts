import type { LiveEvents, ObjectRow, Stage, StageEnd } from '../shapes.ts'

/** What a list of objects makes of ends that are told while it is shown. */

type End = LiveEvents['end']

const placeOf: Record<Stage, 'raw' | 'silver' | 'stream'> = {
  'raw-ingestion': 'raw',
  silver: 'silver',
  streaming: 'stream',
}

/**
 * The rows with the ends of those that are among them, and how many objects have ended that are
 * not. An object that was found unchanged stands as it stood.
 */
export function withEnds(rows: ObjectRow[], ends: End[]): { rows: ObjectRow[]; others: number } {
  const newest = Map.groupBy(
    ends.filter(({ status }) => status !== 'unchanged'),
    ({ object }) => object,
  )
  if (newest.size === 0) return { rows, others: 0 }
  let known = 0
  const patched = rows.map((row) => {
    const its = newest.get(row.object)
    if (!its) return row
    known++
    return its.reduce(withEnd, row)
  })
  return { rows: known > 0 ? patched : rows, others: newest.size - known }
}

function withEnd(row: ObjectRow, end: End): ObjectRow {
  const dataset = end.dataset ?? row.dataset
  return { ...row, dataset, at: end.at, [placeOf[end.stage]]: stageEnd(end) }
}

function stageEnd(end: End): StageEnd {
  const { status, reason, records, accepted, rejected, waiting, mended, seconds, at } = end
  const counts = { records, accepted, rejected, waiting, mended: mended ?? 0 }
  return { status, reason: reason ?? null, ...counts, seconds, at }
}

/** How an object stands by its counts: as Postgres has it, else Silver, else the stream. */
export function mainEnd({ raw, silver, stream }: ObjectRow): StageEnd | null {
  return raw ?? silver ?? stream
}

/** Why it was not taken, or what else is worth knowing: the first stage that says so. */
export function reasonOf({ raw, silver, stream }: ObjectRow): string | null {
  const told = [raw, silver, stream].filter((end) => end?.reason)
  const bad = told.find((end) => end!.status !== 'loaded' && end!.status !== 'published')
  return (bad ?? told[0])?.reason ?? null
}

const inWords: Record<Stage, string> = {
  'raw-ingestion': 'in Postgres',
  silver: 'in Silver',
  streaming: 'in the stream',
}

/** What is said aloud: of one end all, of many how many. */
export function spoken(ends: End[]): string {
  const told = ends.filter(({ status }) => status !== 'unchanged')
  if (told.length === 0) return ''
  if (told.length > 3) {
    const bad = told.filter(({ status }) => status !== 'loaded' && status !== 'published').length
    return `${told.length} ends; ${bad > 0 ? `${bad} not loaded` : 'all loaded'}`
  }
  return told
    .map(({ object, status, stage, accepted, rejected, waiting }) => {
      const left = [rejected > 0 && `${rejected} rejected`, waiting > 0 && `${waiting} waiting`]
      const counts = [`${accepted} accepted`, ...left].filter(Boolean).join(', ')
      return `${object} is ${status} ${inWords[stage]}: ${counts}`
    })
    .join('. ')
}
