import { describe, expect, it } from 'vitest'
import { useInferring } from './infer.fixture.ts'
import { remarksOn } from './proposal-remark.ts'

/** Why a column is a string, and what a proposed contract would make of the file's records. */

const { inferred } = useInferring()

/** Of a column v, in which the values stand from line 2 on. */
async function whyOf(values: string[], name = 'v'): Promise<string | undefined> {
  const text = `n,${name}\n${values.map((value, i) => `${i},${value}\n`).join('')}`
  const { fields, whys } = await inferred(text)
  expect(fields[1]!.type).toBe('string')
  return whys.find(({ field }) => field === name)?.text
}

describe('a string that most values would let be more says which do not, and where', () => {
  it.each<[string[], string | undefined]>([
    [
      ['1', '2', '3', 'x', ''],
      '1 of 4 values is no integer, "x" in line 5: type: integer would reject its record; ' +
        'with missingValues: ["","x"] it counts as missing',
    ],
    [
      ['1.5', '2', '?', '3', '4', 'n/a', '7', '?', '8'],
      '2 of 8 values are no number, first "?" in line 4: type: number, missingValues: ["","n/a"] ' +
        'would reject their records; with missingValues: ["","n/a","?"] they count as missing',
    ],
    [
      ['28/02/2026', '30/02/2026', '01/03/2026', '15/03/2026'],
      '1 of 4 values is no date as %d/%m/%Y, "30/02/2026" in line 3: type: date, format: ' +
        '"%d/%m/%Y" would reject its record',
    ],
    [
      ['1.234', '2.345', '3.456', 'x'],
      '1 of 4 values is no number, "x" in line 5; "1.234" has two readings, and nothing in the ' +
        'file says which: where its point groups thousands, write type: integer, groupChar: "."; ' +
        'where its point begins decimals, write type: number',
    ],
    [
      ['1', '2', '3', '9223372036854775808'],
      '1 of 4 values is no integer, "9223372036854775808" in line 5: type: integer would reject ' +
        'its record',
    ],
    [['1', 'x', 'y'], undefined],
    [['Ana', 'Rui', '1'], undefined],
    [['01', '02', '03', 'x'], undefined],
  ])('%j', async (values, why) => {
    expect(await whyOf(values)).toBe(why)
  })

  it('values of a record that no contract takes do not count', async () => {
    const { whys } = await inferred('n,v\n1,2\n2,x,3\n3,4\n4,5\n5,y\n6,7\n')
    expect(whys[0]!.text).toContain('1 of 5 values is no integer, "y" in line 6')
  })

  it('of many no line is sought, and the numbers are right', { timeout: 60_000 }, async () => {
    const rows = Array.from({ length: 40_000 }, (_, i) => `${i},${i % 4 === 0 ? 'x' : i}\n`)
    const { whys } = await inferred(`n,v\n${rows.join('')}`)
    expect(whys[0]!.text).toContain('10,000 of 40,000 values are no integer, first "x" in line 2:')
    const more = [...rows, 'n,x\n', ...rows.slice(0, 400)]
    expect((await inferred(`n,v\n${more.join('')}`)).whys.at(-1)!.text).toContain(
      '10,101 of 40,401 values are no integer: type: integer would reject their records',
    )
  })
})

describe('a string of digits, of words for true and false, or of nothing', () => {
  it.each<[string[], string, string | undefined]>([
    [
      ['00123', '99999'],
      'v',
      'digits, but "00123" has zeros in front, which no number keeps: where it counts something, ' +
        'write type: integer',
    ],
    [
      ['1e5', '12'],
      'v',
      'digits, but "1e5" may be a code as well as a power of ten: where it counts something, ' +
        'write type: number',
    ],
    [
      ['+12', '13'],
      'v',
      'digits, but "+12" has a plus, which no number keeps: where it counts something, write ' +
        'type: integer',
    ],
    [
      ['10001', '90210'],
      'zip',
      'digits, but its name is one of phones, codes and the like: where it counts something, ' +
        'write type: integer',
    ],
    [
      ['5551234567', '5559876543'],
      'v',
      'digits, but its values are as long as phone numbers are: where it counts something, write ' +
        'type: integer',
    ],
    [
      ['Yes', 'No', ''],
      'v',
      'every value is a boolean in words: write type: boolean, trueValues: ["Yes"], falseValues: ' +
        '["No"]',
    ],
    [['', ''], 'v', 'no record has a value: nothing says what it is'],
    [['NA', ''], 'v', undefined],
    [['yes', 'no', 'perhaps', 'never'], 'v', undefined],
  ])('%j named %s', async (values, name, why) => {
    expect(await whyOf(values, name)).toBe(why)
  })

  it('0 and 1 are integers', async () => {
    expect((await inferred('n,v\n1,0\n2,1\n')).fields[1]).toEqual({ name: 'v', type: 'integer' })
  })

  it('a string for want of values beside it', async () => {
    const { whys } = await inferred('a,b\n1,2\nNA,\n')
    expect(whys).toEqual([
      {
        field: 'a',
        text:
          'as type: integer, missingValues: ["","NA"] some records would have no value at all, ' +
          'and be rejected',
      },
    ])
  })
})

describe('what would become of the records', () => {
  it.each<[string, string[]]>([
    ['a,b\n1,2\n', ['1 record: 1 would be accepted, 0 rejected']],
    [
      'a,b\n',
      [
        '0 records: 0 would be accepted, 0 rejected',
        'a header alone: every field is a string until records say more',
      ],
    ],
    [
      'a,A,\n1,x,y\n',
      [
        '1 record: 1 would be accepted, 0 rejected',
        'row 1 is passed over: fields need a header of labels that differ, and that none lacks',
      ],
    ],
    [
      '1,x\n2,y\n',
      [
        '2 records: 2 would be accepted, 0 rejected',
        'it has no header: its fields are called by their place',
      ],
    ],
    [
      'a,b\n1,2\n3\n4,5,6\n\n7,8\n9\n',
      [
        '6 records: 2 would be accepted, 4 rejected',
        'missing-cell: 2 records, first in line 3: 1 cells; the header has 2',
        'blank-row: 1 record, in line 5: every cell is missing',
        'extra-cell: 1 record, in line 4: 3 cells; the header has 2',
      ],
    ],
  ])('%j', async (text, lines) => {
    expect(remarksOn('a.csv', await inferred(text)).map((one) => one.text)).toEqual(lines)
  })
})
