import type { Stage } from '../shapes.ts'

/** Stages by where they bring records to. */
export const stageNames: Record<Stage, string> = {
  'raw-ingestion': 'Postgres',
  silver: 'Silver',
  streaming: 'Stream',
}
