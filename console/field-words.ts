import { isDeepStrictEqual } from 'node:util'
import type { Contract } from '../core/contract/contract.ts'
import { defaults, type Field } from '../core/contract/field.ts'
import type { ContractWords } from './shapes.ts'
import { amount, listed, mark, named } from './words.ts'

type Words = ContractWords['fields'][number]

/** What a contract says of one field: its type, and what holds of its values, in short phrases. */
export function fieldWords(field: Field, { primaryKey }: Pick<Contract, 'primaryKey'>): Words {
  const { name, column, required } = field
  const isKey = primaryKey.includes(name)
  const rules = [
    ...(isKey ? ['primary key'] : []),
    ...(required ? ['required'] : []),
    ...(field.unique ? ['unique'] : []),
    ...valueRules(field),
    ...formRules(field),
  ]
  return { name, column, type: typeOf(field), rules, nullable: !required && !isKey }
}

function typeOf({ type, format, itemType }: Field): string {
  if (type === 'list') return `list of ${itemType}`
  if (format === 'default') return type
  return `${type} (${format === 'any' ? 'in any form' : format})`
}

const compared = {
  minimum: ['at least', 'not before'],
  maximum: ['at most', 'not after'],
  exclusiveMinimum: ['more than', 'after'],
  exclusiveMaximum: ['less than', 'before'],
} as const

function valueRules(field: Field): string[] {
  const { type, bounds, pattern, jsonSchema } = field
  const isTime = ['date', 'time', 'datetime', 'year', 'yearmonth'].includes(type)
  return [
    ...bounds.map(({ rule, value }) => `${compared[rule][isTime ? 1 : 0]} ${short(value)}`),
    ...lengthRules(field),
    ...(field.enum ? [`one of ${listed(field.enum.map(short), 'or')}`] : []),
    ...(pattern === undefined ? [] : [`fits ${short(pattern)}`]),
    ...(jsonSchema ? ['fits its JSON Schema'] : []),
  ]
}

function lengthRules({ type, minLength: least, maxLength: most }: Field): string[] {
  const what = { object: 'member', array: 'item', list: 'item' }[type as string] ?? 'character'
  if (least !== undefined && least === most) return [amount(least, what)]
  if (least !== undefined && most !== undefined) {
    return [`${least.toLocaleString('en')} to ${amount(most, what)}`]
  }
  if (least !== undefined) return [`at least ${amount(least, what)}`]
  return most === undefined ? [] : [`at most ${amount(most, what)}`]
}

/** How a value is written, where that is not the default. */
function formRules(field: Field): string[] {
  const { decimal, missingValues, trueValues, falseValues, decimalChar, groupChar } = field
  const isBoolean = field.type === 'boolean'
  const sameTruth =
    isDeepStrictEqual(trueValues, defaults.trueValues) &&
    isDeepStrictEqual(falseValues, defaults.falseValues)
  const told: [boolean, string][] = [
    [decimal !== undefined, decimal ? digitsOf(decimal) : ''],
    [decimalChar !== defaults.decimalChar, `the decimal point is ${mark(decimalChar)}`],
    [groupChar !== '', `digits may be grouped by ${mark(groupChar)}`],
    [!field.bareNumber, 'signs around a number are cut off'],
    [isBoolean && !sameTruth, `true is ${texts(trueValues)}, false is ${texts(falseValues)}`],
    [
      field.type === 'list' && field.delimiter !== ',',
      `items are parted by ${mark(field.delimiter)}`,
    ],
    [missingValues.length === 0, 'the empty text is a value'],
    [isUnusual(missingValues), `missing is ${texts(missingValues)}`],
  ]
  return told.flatMap(([isSo, phrase]) => (isSo ? [phrase] : []))
}

function digitsOf([all, behind]: [number, number]): string {
  const most = `at most ${amount(all, 'digit')}`
  return behind > 0 ? `${most}, ${behind} of them after the point` : most
}

function isUnusual(missingValues: string[]): boolean {
  return missingValues.length > 0 && !isDeepStrictEqual(missingValues, [''])
}

function texts(all: string[]): string {
  const said = all.map((text) => (text === '' ? 'the empty text' : named(short(text))))
  const told = said.slice(0, 10)
  return [told.join(' or '), ...(said.length > 10 ? [`${said.length - 10} more`] : [])].join(' or ')
}

/** A pattern or a value may be of any length. */
function short(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79).toWellFormed()}…` : text
}
