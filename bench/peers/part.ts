import type { Figure } from '../figure.ts'
import type { Comparison } from './compare.ts'

/** How much is done; all follows from the rows that are asked for. */
export interface Sizes {
  /** Rows. */
  small: number
  big: number
  huge: number
  stream: number
}

/** What was measured of one thing. */
export interface Part {
  comparisons: Comparison[]
  figures: Figure[]
}
