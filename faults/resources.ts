import { byNaive, bySluice, fullDisk } from './disk.ts'
import type { Experiment } from './experiment.ts'
import { tooHeavy, tooHeavyForNaive } from './memory.ts'

export const resources: Experiment = {
  name: 'resources',
  title:
    '512 MiB of memory for lines that never end, bombs of gzip and zstd, 5,000 columns, 100,000 ' +
    'labels, 100,000 rejects, a label of 1 MiB; a disk that is full until somebody makes room.',
  promise:
    'what is too much is refused with its reason, what is bad is kept, the files beside it are ' +
    'loaded, and what had no room is loaded once there is some',
  limit: { short: 4, whole: 6, long: 45 },
  async run(trial) {
    return [...(await tooHeavy(trial)), ...(await fullDisk(trial, bySluice))]
  },
  async naive(trial) {
    return [...(await tooHeavyForNaive(trial)), ...(await fullDisk(trial, byNaive))]
  },
}
