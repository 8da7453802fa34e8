/** What is to be done from time to time. `maintenance` makes the handler of schedules. */
export { type CompactOptions, compact } from '../functions/maintenance/compact.ts'
export { handler, maintenance } from '../functions/maintenance/handler.ts'
export type { Compacted } from '../functions/maintenance/partition.ts'
export { type TickOptions, tick } from '../functions/maintenance/tick.ts'
export { type Vacuumed, type VacuumOptions, vacuum } from '../functions/maintenance/vacuum.ts'
