import { crash } from './crash.ts'
import type { Experiment } from './experiment.ts'
import { hostile } from './hostile.ts'
import { network } from './network.ts'
import { resources } from './resources.ts'
import { stream } from './stream.ts'

/** What `npm run faults` does, in this order. */
export const experiments: Experiment[] = [crash, network, stream, resources, hostile]
