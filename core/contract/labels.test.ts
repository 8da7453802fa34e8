import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { Refused } from '../errors.ts'
import { type Contract, parseContract } from './contract.ts'
import { parseOutline } from './descriptor.ts'
import { fieldsNamed, matchLabels } from './labels.ts'

/** How a header's labels become fields, and what is told where they are not the expected ones. */

const forms = ['exact', 'equal', 'subset', 'superset', 'partial'] as const
type Form = (typeof forms)[number]

/** @param names a field each; `!` behind a name: it is required */
function contractOf(fieldsMatch: Form, names: string[], more: object = {}): Contract {
  const fields = names.map((name) => ({
    name: name.replace(/!$/, ''),
    type: 'string',
    constraints: { required: name.endsWith('!') },
  }))
  const { dialect, ...schema } = { dialect: {}, ...more }
  const own = {
    name: 'data',
    path: 'data.csv',
    dialect,
    schema: { fields, fieldsMatch, ...schema },
  }
  const file = 'bronze/p/datapackage.json'
  return parseContract(parseOutline(JSON.stringify({ resources: [own] }), file), 0, file)
}

function refusalOf(labels: string[], contract: Contract): string | undefined {
  try {
    matchLabels(labels, contract)
    return undefined
  } catch (error) {
    if (error instanceof Refused) return error.message
    throw error
  }
}

const namesOf = (fields: ({ name: string } | undefined)[]) => fields.map((one) => one?.name ?? null)

describe('drift', () => {
  test.each<[string, Form, string[], string[], string[]]>([
    ['as expected', 'equal', ['a', 'b'], ['a', 'b'], []],
    ['another order', 'equal', ['a', 'b'], ['b', 'a'], ['reordered']],
    ['an order with gaps', 'partial', ['a', 'b', 'c'], ['x', 'a', 'y', 'c'], ['x', 'y', '"b"']],
    ['an extra one', 'subset', ['a'], ['a', 'coupon'], ['- {name: coupon, type: string}']],
    ['a missing one', 'superset', ['a', 'note'], ['a'], ['"note" is not in the header']],
    [
      'a typing mistake',
      'partial',
      ['customer_id', 'b'],
      ['custmer_id', 'b'],
      ['', '', 'renamed?'],
    ],
    ['other words', 'partial', ['orderId', 'b'], ['Order ID', 'b'], ['', '', 'renamed?']],
    ['short names', 'partial', ['ab', 'b'], ['ac', 'b'], ['{name: ac', '"ab"']],
    ['no likeness', 'partial', ['amount', 'b'], ['region', 'b'], ['{name: region', '"amount"']],
  ])('%s', (_, form, names, labels, told) => {
    const { drift } = matchLabels(labels, contractOf(form, names))
    expect(drift).toHaveLength(told.length)
    for (const [i, part] of told.entries()) expect(drift[i]).toContain(part)
  })

  test('thousands of labels are told in a few sentences, at once', () => {
    const names = Array.from({ length: 5_000 }, (_, i) => `field_${i}`)
    const labels = ['a', ...names.map((name) => `extra ${name}`)]
    const contract = contractOf('partial', ['a', ...names])
    const started = performance.now()
    const { drift } = matchLabels(labels, contract)
    const refused = refusalOf(labels, { ...contract, fieldsMatch: 'exact' })
    expect(performance.now() - started).toBeLessThan(1_000)
    expect(drift).toHaveLength(12)
    expect(drift[5]).toBe('extra-label: and 4,995 more')
    expect(drift[11]).toBe('missing-label: and 4,995 more')
    expect(drift.join('; ').length).toBeLessThan(1_500)
    expect(refused!.length).toBeLessThan(2_000)
  })

  test('an endless label is cut, and is no line for the contract', () => {
    const { drift } = matchLabels(['a', 'x'.repeat(1 << 20)], contractOf('subset', ['a']))
    expect(drift[0]!.length).toBeLessThan(300)
    expect(drift[0]).not.toContain('add to the contract')
  })

  test('what cannot be a field of this contract gets no line', () => {
    const contract = contractOf('subset', ['a'])
    for (const label of ['A', '', '_object_id', 'x\0']) {
      const { drift } = matchLabels(['a', label], contract)
      expect(drift[0]).toMatch(/^extra-label: "[^ ]*" \(label 2\) is no field$/)
    }
  })

  test('the line that it tells makes the label a field, whatever it is', () => {
    const label = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.constantFrom(
        'null',
        'No',
        '~',
        '1',
        '- x',
        'a: b',
        '#',
        "it's",
        '\u0085',
        '\u202ex',
        '{}',
      ),
    )
    fc.assert(
      fc.property(label, (text) => {
        const { drift } = matchLabels(['a', text], contractOf('subset', ['a']))
        const [, line] = drift[0]!.split('add to the contract: ')
        expect(drift[0]).not.toMatch(/[\p{Cc}\p{Cf}]/u)
        if (line === undefined) return
        expect(parse(line)).toEqual([{ name: text, type: 'string' }])
      }),
    )
  })
})

describe('a refusal ends with what would let the header through', () => {
  test.each<[string, Form, string[], string[], string]>([
    ['exact', 'exact', ['a', 'b'], ['b', 'a'], '`fieldsMatch: equal` would take this header'],
    ['exact', 'exact', ['a', 'b'], ['a', 'b', 'x'], '(as field 3); `fieldsMatch: subset` would'],
    ['exact', 'exact', ['a', 'b'], ['a'], '`fieldsMatch: superset` would take this header'],
    ['exact', 'exact', ['a', 'b'], ['x', 'a'], '`fieldsMatch: partial` would take this header'],
    ['equal', 'equal', ['a', 'b'], ['b', 'x', 'a'], '`fieldsMatch: subset` would take this header'],
    ['subset', 'subset', ['a', 'b'], ['b'], '`fieldsMatch: superset` would take this header'],
    [
      'superset',
      'superset',
      ['a', 'b'],
      ['b', 'x'],
      '`fieldsMatch: partial` would take this header',
    ],
    ['exact', 'exact', ['a', 'b'], ['a', 'B'], '`dialect: {caseSensitiveHeader: false}` takes it'],
    ['exact', 'exact', ['a', 'total'], ['a', 'totl'], 'renamed? "totl" looks like field "total"'],
  ])('%s', (_, form, names, labels, end) => {
    expect(refusalOf(labels, contractOf(form, names))).toContain(end)
  })

  test('no form is named where none takes it', () => {
    const reason = refusalOf(['x', 'y'], contractOf('exact', ['a', 'b!']))
    expect(reason).not.toContain('fieldsMatch')
  })

  test('the form that it names takes the header', () => {
    const labels = fc.array(fc.constantFrom('a', 'b', 'c', 'A', 'x', ''), { maxLength: 5 })
    const names = fc.uniqueArray(fc.constantFrom('a!', 'b', 'c', 'd'), { minLength: 1 })
    fc.assert(
      fc.property(labels, names, fc.constantFrom(...forms), (found, wanted, form) => {
        const reason = refusalOf(found, contractOf(form, wanted))
        const [, taking] = /`fieldsMatch: (\w+)`/.exec(reason ?? '') ?? []
        if (taking === undefined) return
        expect(refusalOf(found, contractOf(taking as Form, wanted))).toBe(undefined)
      }),
    )
  })
})

describe('fields named before the contract was changed', () => {
  test.each<[Form, (string | null)[], string[], (string | null)[] | undefined]>([
    ['exact', ['b', 'a'], ['a', 'b'], ['b', 'a']],
    ['exact', ['a', null], ['a'], undefined],
    ['exact', ['a'], ['a', 'b'], undefined],
    ['equal', ['a', 'a'], ['a', 'b'], undefined],
    ['subset', ['a', null, 'b'], ['a', 'b'], ['a', null, 'b']],
    ['subset', ['a', 'gone'], ['a'], ['a', null]],
    ['subset', ['a', null], ['a', 'b'], undefined],
    ['superset', ['b'], ['a', 'b'], ['b']],
    ['superset', ['b'], ['a!', 'b'], undefined],
    ['superset', ['b', null], ['a', 'b'], undefined],
    ['partial', [null, 'b'], ['a', 'b'], [null, 'b']],
    ['partial', [null, 'b', 'b'], ['a', 'b'], undefined],
    ['partial', [null], ['a', 'b'], undefined],
  ])('%s: %j as %j', (form, names, fields, expected) => {
    const found = fieldsNamed(names, contractOf(form, fields))
    expect(found && namesOf(found)).toEqual(expected)
  })
})
