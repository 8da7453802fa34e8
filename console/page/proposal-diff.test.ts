import { describe, expect, it, test } from 'vitest'
import { type DiffLine, diffSummary, foldedDiff } from './proposal-diff.ts'

/** `' '.repeat(9) + '+'`: nine lines as they stand, then a new one. */
function linesOf(marks: string): DiffLine[] {
  return [...marks].map((mark, index) => ({ mark: mark as DiffLine['mark'], text: `l${index}` }))
}

function shapeOf(marks: string): string[] {
  const parts = foldedDiff(linesOf(marks))
  const all = parts.flatMap(({ lines }) => lines)
  expect(all).toEqual(linesOf(marks))
  return parts.map(({ isFold, lines }) => `${isFold ? 'fold' : 'show'} ${lines.length}`)
}

describe('a difference', () => {
  it('folds what stays, but for three lines around what is new', () => {
    expect(shapeOf(`${' '.repeat(20)}++${' '.repeat(10)}`)).toEqual(['fold 17', 'show 8', 'fold 7'])
  })

  it('is shown whole where a fold would save nothing', () => {
    expect(shapeOf(`${' '.repeat(6)}+${' '.repeat(9)}-`)).toEqual(['show 17'])
  })

  it('folds between changes', () => {
    expect(shapeOf(`+${' '.repeat(10)}-`)).toEqual(['show 4', 'fold 4', 'show 4'])
  })

  it('of new lines alone has no fold, and of none nothing', () => {
    expect(shapeOf('+++++++++')).toEqual(['show 9'])
    expect(shapeOf('')).toEqual([])
  })
})

test('in words', () => {
  expect(diffSummary(linesOf('+'))).toBe('1 line added')
  expect(diffSummary(linesOf('  ++--'))).toBe('2 lines added, 2 taken away')
})
