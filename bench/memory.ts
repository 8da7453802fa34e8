import { type Figure, figure } from './figure.ts'
import { count } from './silver.ts'

/** Peak memory of both stages' processes, from their own runs: below 1 GiB, whatever the size. */
export function memory(figures: Figure[], rows: number): Figure[] {
  return ['silver', 'raw-ingestion'].flatMap((part) => {
    const peakOf = (size: number) => {
      const what = `${count(size)} rows: ours, peak memory`
      return figures.find((one) => one.part === part && one.what === what)
    }
    const big = peakOf(rows)
    const small = peakOf(Math.ceil(rows / 6))
    if (!big || !small) return []
    const ratios = big.samples.map((peak, i) => peak / small.samples[i]!)
    return [
      figure('memory', `${part}: peak`, 'MiB', big.samples, { atMost: 1024 }),
      figure('memory', `${part}: peak of six times the rows`, 'ratio', ratios, { atMost: 1.15 }),
    ]
  })
}
