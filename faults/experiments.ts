import { clock } from './clock.ts'
import { crash } from './crash.ts'
import { database } from './database.ts'
import { events } from './events.ts'
import type { Experiment } from './experiment.ts'
import { hostile } from './hostile.ts'
import { network } from './network.ts'
import { resources } from './resources.ts'
import { soak } from './soak.ts'
import { storm } from './storm.ts'
import { stream } from './stream.ts'

/** What `npm run faults` does, in this order. */
export const experiments: Experiment[] = [
  ...[crash, events, storm, database, network],
  ...[stream, clock, resources, hostile, soak],
]
