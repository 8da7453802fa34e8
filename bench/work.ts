import { type Lake, openLake } from '../core/lake.ts'

/** A piece of work that is ready to be measured; the answer is how many rows it accepted. */
export type Work = () => Promise<number>

/** What is done when the clock has stopped. */
export const afterwards: (() => Promise<unknown>)[] = []

export const patience = { tries: 8, first: 250, longest: 8_000, forever: false }

/** A lake whose DuckDB stands. */
export async function readyLake(url: string): Promise<Lake> {
  const lake = openLake(url)
  await lake.withScratch(1 << 30, async (_, duck) => duck.run('SELECT 1'))
  return lake
}
