import { Refused } from '../errors.ts'
import { type ResourceDescriptor, where } from './descriptor.ts'
import type { Field } from './field.ts'

/** What a contract says of a dataset as a stream: `stream:` and `windows:` of its settings. */
export interface StreamSettings {
  /** The field that says when an event happened; windows need one. */
  eventTime: string | undefined
  /** A window is closed when events this much newer than its end were seen, in microseconds. */
  watermark: number
  /** The field whose values spread the records over shards; without it, the object does. */
  partitionKey: string | undefined
  windows: Window[]
}

/** Tumbling windows by event time, from 1970 on. */
export interface Window {
  name: string
  /** Microseconds. */
  every: number
  groupBy: string[]
  measures: Measure[]
}

export interface Measure {
  name: string
  kind: 'count' | 'sum' | 'min' | 'max' | 'avg'
  /** The field; '' for count(). */
  field: string
}

const units: Record<string, number> = { second: 1, minute: 60, hour: 3_600, day: 86_400 }
const ordered = ['integer', 'number', 'year', 'date', 'datetime', 'string']
const times = ['datetime', 'date']
/** Days: a hundred years, in microseconds, are a number that JSON keeps. */
const LONGEST = 36_525
/** Fields: a wider row may not fit the memory of a function, and its shard would stand still. */
const WIDEST = 1_000
/** Digits of what is summed: ten more are left, for ten thousand million rows. */
const SUMMED = 28
/** Columns that every file of windows has. */
const own = ['window_start', 'window_end', 'late']

type At = { file: string; path: (string | number)[] }

/**
 * @param streamed whether the dataset is one of `streaming/`, which needs no `stream:`
 * @returns undefined where the dataset is none of a stream
 * @throws Refused naming file, path in it, what was found and what is allowed
 */
export function parseStream(
  { sluice }: ResourceDescriptor,
  fields: Field[],
  streamed: boolean,
  at: At,
): StreamSettings | undefined {
  if (!sluice.stream && !streamed) {
    if (sluice.windows) refuse(at, ['sluice', 'windows'], 'windows', 'windows of a `stream:` only')
    return undefined
  }
  if (fields.length > WIDEST) {
    refuse(at, ['schema', 'fields'], fields.length, `at most ${WIDEST} fields of a stream`)
  }
  const { eventTime, watermark, partitionKey } = sluice.stream ?? {}
  const path = ['sluice', 'stream']
  if (eventTime !== undefined) fieldOf(fields, eventTime, times, at, [...path, 'eventTime'])
  if (partitionKey !== undefined) fieldOf(fields, partitionKey, [], at, [...path, 'partitionKey'])
  const windows = (sluice.windows ?? []).map((found, i): Window => {
    const place = ['sluice', 'windows', i]
    if (eventTime === undefined) refuse(at, [...path, 'eventTime'], null, 'a datetime: windows ask')
    if (!/^[a-z][a-z0-9_]{0,40}$/.test(found.name) || found.name in {}) {
      refuse(at, [...place, 'name'], found.name, 'small letters, digits and _ (at most 41)')
    }
    for (const name of found.groupBy) fieldOf(fields, name, [], at, [...place, 'groupBy'])
    const measures = Object.entries(found.measures).map(([name, text]) =>
      parseMeasure(name, text, fields, { ...at, path: [...at.path, ...place, 'measures', name] }),
    )
    if (measures.length === 0) refuse(at, [...place, 'measures'], {}, 'one measure or more')
    checkColumns(found.groupBy, measures, at, place)
    const every = parseDuration(found.every, at, [...place, 'every'])
    return { name: found.name, every, groupBy: found.groupBy, measures }
  })
  const names = windows.map(({ name }) => name)
  if (new Set(names).size < names.length) {
    refuse(at, ['sluice', 'windows'], names, 'windows of different names')
  }
  const delay =
    watermark === undefined ? 0 : parseDuration(watermark, at, [...path, 'watermark'], true)
  return { eventTime, watermark: delay, partitionKey, windows }
}

/** `10 minutes` → microseconds. */
function parseDuration(
  text: string,
  at: At,
  path: (string | number)[],
  zero: boolean = false,
): number {
  const [, count = '', unit = ''] = /^(\d{1,6}) (second|minute|hour|day)s?$/.exec(text) ?? []
  const seconds = Number(count) * (units[unit] ?? 0)
  const fits = seconds <= LONGEST * 86_400
  if (fits && (seconds > 0 || (zero && unit !== ''))) return seconds * 1_000_000
  const allowed = '<number> seconds | minutes | hours | days, such as 5 minutes'
  return refuse(at, path, text, `${allowed}; at most ${LONGEST} days`)
}

function parseMeasure(name: string, text: string, fields: Field[], at: At): Measure {
  const [, kind, field = ''] = /^(count|sum|min|max|avg)\((.*)\)$/s.exec(text) ?? []
  if (!kind || (kind === 'count') !== (field === '')) {
    return refuse(at, [], text, 'count(), sum(field), min(field), max(field), avg(field)')
  }
  const isSum = kind === 'sum' || kind === 'avg'
  if (kind !== 'count') fieldOf(fields, field, isSum ? ['integer', 'number'] : ordered, at, [])
  const digits = fields.find((one) => one.name === field)?.decimal?.[0] ?? 0
  if (isSum && digits > SUMMED) {
    refuse(at, [], text, `a field of at most ${SUMMED} digits: its sum has 38`)
  }
  return { name, kind: kind as Measure['kind'], field }
}

function fieldOf(
  fields: Field[],
  name: string,
  types: string[],
  at: At,
  path: (string | number)[],
): void {
  const fitting = fields.filter((one) =>
    types.length > 0 ? types.includes(one.type) : !['object', 'array'].includes(one.type),
  )
  if (fitting.some((one) => one.name === name)) return
  const kinds = types.length > 0 ? `a field of type ${types.join(', ')}` : 'a field'
  refuse(at, path, name, `${kinds}: ${fitting.map((one) => one.name).join(', ')}`)
}

/** The columns of a window's files must differ in more than case. */
function checkColumns(groupBy: string[], measures: Measure[], at: At, path: (string | number)[]) {
  const names = [...own, ...groupBy, ...measures.flatMap((measure) => columnsOf(measure))]
  const seen = names.map((name) => name.toLowerCase())
  const twice = names.find((name, i) => seen.indexOf(name.toLowerCase()) < i)
  if (twice === undefined) return
  refuse(at, path, twice, `groupBy and measures of different names, none of ${own.join(', ')}`)
}

/** The columns that hold a measure in partials: an average is kept as sum and count. */
export function columnsOf({ name, kind }: Measure): string[] {
  return kind === 'avg' ? [`${name}_sum`, `${name}_count`] : [name]
}

function refuse(at: At, path: (string | number)[], found: unknown, allowed: string): never {
  const place = where([...at.path, ...path])
  throw new Refused(`${at.file}: ${place}: found ${JSON.stringify(found)}; allowed: ${allowed}`)
}
