/** short: a test of `npm test`; whole: `npm run faults`; long: `npm run faults -- --long`. */
export type Size = 'short' | 'whole' | 'long'

/** What one run of an experiment is given. */
export interface Trial {
  seed: number
  /** A number from 0 up to 1; the same ones for the same seed. */
  random: () => number
  size: Size
  /** Its own, and empty; what is in it goes with the trial, unless it is to be kept. */
  folder: string
  /** A new, empty database of the trial's server; `drop` cuts off whoever is still in it. */
  newDatabase(): Promise<{ url: string; drop(): Promise<void> }>
  /** Tells how far it is. */
  say(text: string): void
  /** A line of the report, as `note('kills', 100)`; said again, the later value stands. */
  note(what: string, value: number | string): void
  /** Aborted when the limit is over. */
  signal: AbortSignal
}

/** A fault done to Sluice, and what must hold all the same. */
export interface Experiment {
  /** Also for `--only`. */
  name: string
  /** What is done, in one line. */
  title: string
  /** What must hold, in one line. */
  promise: string
  /** Minutes; what takes longer is a finding, never a hang. */
  limit: Record<Size, number>
  needs?: 'localstack'
  /** @returns one sentence for each thing that is wrong, seen from outside of the pipeline */
  run(trial: Trial): Promise<string[]>
  /** The same fault done to `naive-loader.ts`, and the same judge: it must find something. */
  naive(trial: Trial): Promise<string[]>
}
