import { clock } from './clock.ts'
import { crash } from './crash.ts'
import { database } from './database.ts'
import { events } from './events.ts'
import type { Experiment } from './experiment.ts'
import { storm } from './storm.ts'

/** What `npm run faults` does, in this order. */
export const experiments: Experiment[] = [crash, events, storm, database, clock]
