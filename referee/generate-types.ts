import type { Random } from './random.ts'

/** Types of the standard: properties of a field, and literals that fit them. */

export type Properties = Record<string, unknown>

export interface Kind {
  type: string
  properties: Properties
  good(random: Random): string
  /** The nth of distinct values, where the type serves as a key. */
  nth?(n: number): string
  /** For the bounds that a pool of values has; without it they are no constraint of the type. */
  order?(literal: string): number | string
}

const two = (n: number) => String(n).padStart(2, '0')
const day = (n: number) => new Date(Date.UTC(2020, 0, 1 + n)).toISOString().slice(0, 10)
const words = ['ada', 'Zoë', 'a b', '日本', 'x,y', 'say "hi"', "l'eau", 'a;b|c', '#tag', '-', 'NA']
const long = ['two\nlines', ' led', 'trail ', '\\N', 'back\\slash', 'q""q', '007', '1.50', '\tz']

const word = (random: Random) => random.pick(random.chance(0.7) ? words : [...words, ...long])
const whole = (random: Random) => String(random.int(-1000, 1000))
const clock = (r: Random) => `${two(r.int(0, 23))}:${two(r.int(0, 59))}:${two(r.int(0, 59))}`

type Maker = (random: Random) => Omit<Kind, 'type'>

const string: Maker = (random) => {
  const format = random.pick([undefined, undefined, undefined, 'email', 'uri', 'uuid', 'binary'])
  const good = (r: Random) => {
    if (format === 'email') return r.pick(['a@b.org', 'x.y+z@mail.example.com', 'o_1@ex-a.co.uk'])
    if (format === 'uri') return r.pick(['http://a.org', 'mailto:a@b.org', 'https://a.org/x?y=1#z'])
    if (format === 'binary') return Buffer.from(word(r)).toString('base64')
    if (format !== 'uuid') return word(r)
    const hex = () => r.int(0, 0xffff).toString(16).padStart(4, '0')
    const [version, variant] = [`4${hex().slice(1)}`, `a${hex().slice(1)}`]
    return `${hex()}${hex()}-${hex()}-${version}-${variant}-${hex()}${hex()}${hex()}`
  }
  if (format) return { properties: { format }, good }
  return { properties: random.chance(0.2) ? { format: 'default' } : {}, good, nth: (n) => `k${n}` }
}

const integer: Maker = (random) => {
  const style = random.int(0, 9)
  const order = (literal: string) => Number(literal.replaceAll(/[^-\d]/g, ''))
  if (style === 0) {
    const good = (r: Random) => r.pick(['1,000', '12', '-1,234,567', '999'])
    return { properties: { groupChar: ',' }, good, order }
  }
  if (style === 1) {
    const good = (r: Random) =>
      r.pick(['€', '', '$ ', 'EUR']) + r.int(0, 99) + r.pick(['%', '', ' kg'])
    return { properties: { bareNumber: false }, good, order }
  }
  return { properties: {}, good: whole, nth: String, order }
}

const number: Maker = (random) => {
  const style = random.int(0, 9)
  const plain = (r: Random) =>
    r.pick([`${whole(r)}.${r.int(0, 99)}`, whole(r), '1e3', '-2.5E-2', '.5', '5.', '+1.0', '0.10'])
  if (style === 0) {
    const good = (r: Random) => plain(r).replace('.', ',')
    return { properties: { decimalChar: ',' }, good }
  }
  if (style === 1) {
    const good = (r: Random) => r.pick(['1,000.5', '12', '-1,234,567.25', '0.5'])
    return { properties: { groupChar: ',' }, good }
  }
  if (style === 2) {
    const good = (r: Random) => r.pick(['1.000,5', '12', '-1.234.567,25', '0,5'])
    return { properties: { groupChar: '.', decimalChar: ',' }, good }
  }
  if (style === 3) {
    const good = (r: Random) =>
      r.pick(['€', '', '$ ']) + r.int(0, 99) + r.pick(['.5%', '', '.25 kg'])
    return { properties: { bareNumber: false }, good }
  }
  return { properties: {}, good: plain, order: Number }
}

const boolean: Maker = (random) => {
  if (random.chance(0.6)) {
    const good = (r: Random) =>
      r.pick(['true', 'True', 'TRUE', '1', 'false', 'False', 'FALSE', '0'])
    return { properties: {}, good }
  }
  const good = (r: Random) => r.pick(['yes', 'no', 'Y', 'N'])
  return { properties: { trueValues: ['yes', 'Y'], falseValues: ['no', 'N'] }, good }
}

const object: Maker = () => ({
  properties: {},
  good: (r) =>
    r.pick(['{}', '{"a":1}', '{"a": {"b": [1.10, null]}}', '{"x":"é"}', '{"a":1,"b":2}']),
})

const array: Maker = () => ({
  properties: {},
  good: (r) => r.pick(['[]', '[1,2]', '["a", {"b": 1e3}]', '[null]', '[[1],[2],[3]]']),
})

const items: Record<string, (random: Random) => string> = {
  string: (r) => r.pick(['a', 'b c', 'é']),
  integer: whole,
  number: (r) => `${whole(r)}.5`,
  boolean: (r) => r.pick(['true', '0']),
  date: (r) => day(r.int(0, 999)),
  time: clock,
  datetime: (r) => `${day(r.int(0, 999))}T${clock(r)}`,
}

const list: Maker = (random) => {
  const delimiter = random.pick([undefined, undefined, ';', '|', ' - '])
  const itemType = random.pick([undefined, ...Object.keys(items)])
  const item = items[itemType ?? 'string']!
  const good = (r: Random) =>
    Array.from({ length: r.int(1, 4) }, () => item(r)).join(delimiter ?? ',')
  const given = { ...(delimiter && { delimiter }), ...(itemType && { itemType }) }
  return { properties: given, good }
}

const datePatterns: [string, (iso: string) => string][] = [
  ['%d/%m/%Y', (iso) => iso.split('-').reverse().join('/')],
  ['%Y%m%d', (iso) => iso.replaceAll('-', '')],
  ['fmt:%m-%d-%y', (iso) => `${iso.slice(5)}-${iso.slice(2, 4)}`],
]

const date: Maker = (random) => {
  if (random.chance(0.15)) {
    const good = (r: Random) => r.pick([day(r.int(0, 999)), '2020/01/05', 'Jan 5, 2020'])
    return { properties: { format: 'any' }, good }
  }
  if (random.chance(0.6)) return { properties: {}, good: items.date!, nth: day, order: String }
  const [format, write] = random.pick(datePatterns)
  return { properties: { format }, good: (r) => write(day(r.int(0, 999))) }
}

const time: Maker = (random) => {
  const format = random.pick([undefined, undefined, '%H:%M', '%H.%M.%S', 'any'])
  if (!format) return { properties: {}, good: clock, order: String }
  const good = (r: Random) => {
    const text = clock(r)
    if (format === 'any') return text
    return format === '%H:%M' ? text.slice(0, 5) : text.replaceAll(':', '.')
  }
  return { properties: { format }, good }
}

const datetime: Maker = (random) => {
  const format = random.pick([undefined, undefined, '%d/%m/%Y %H:%M', '%Y-%m-%d %H:%M:%S', 'any'])
  const good = (r: Random) => {
    const [on, at] = [day(r.int(0, 999)), clock(r)]
    if (format === '%d/%m/%Y %H:%M') return `${on.split('-').reverse().join('/')} ${at.slice(0, 5)}`
    if (format === 'any' || format) return `${on} ${at}`
    return `${on}T${at}`
  }
  if (format) return { properties: { format }, good }
  const zone = random.pick(['', '', 'Z', '+02:00'])
  const exact = (r: Random) => good(r) + r.pick(['', '', '.5', '.123456']) + zone
  return { properties: {}, good: exact, ...(zone ? {} : { order: String }) }
}

const year: Maker = () => ({
  properties: {},
  good: (r) => String(r.int(1000, 2999)),
  nth: (n) => String(1000 + n),
  order: Number,
})

const yearmonth: Maker = () => ({
  properties: {},
  good: (r) => `${r.int(1000, 2999)}-${two(r.int(1, 12))}`,
  order: String,
})

const duration: Maker = () => ({
  properties: {},
  good: (r) => r.pick(['P1Y', 'P1Y2M3DT4H5M6S', 'PT0.5S', '-P2D', 'P1M', 'PT36H']),
})

const geopoint: Maker = (random) => {
  const format = random.pick([undefined, 'array', 'object'])
  const good = (r: Random) => {
    const [lon, lat] = [r.int(-179, 179) + 0.5, r.int(-89, 89)]
    if (format === 'array') return `[${lon}, ${lat}]`
    return format ? `{"lon": ${lon}, "lat": ${lat}}` : `${lon},${r.pick(['', ' '])}${lat}`
  }
  return { properties: format ? { format } : {}, good }
}

const geojson: Maker = (random) => {
  if (random.chance(0.3)) {
    const good = () => '{"type":"Topology","objects":{},"arcs":[]}'
    return { properties: { format: 'topojson' }, good }
  }
  const point = '{"type":"Point","coordinates":[10.5,-3]}'
  const feature = `{"type":"Feature","properties":{"a":1},"geometry":${point}}`
  const all = `{"type":"FeatureCollection","features":[${feature}]}`
  return { properties: {}, good: (r) => r.pick([point, feature, all]) }
}

const any: Maker = () => ({ properties: {}, good: (r) => r.pick([word(r), whole(r)]) })

const makers: Record<string, Maker> = {
  ...{ string, number, integer, boolean, object, array, list, date, time, datetime },
  ...{ year, yearmonth, duration, geopoint, geojson, any },
}

/** A field's type with its properties; common types come more often, others all the same. */
export function makeKind(random: Random): Kind {
  const common = ['string', 'integer', 'number', 'date', 'string', 'integer']
  const type = random.pick(random.chance(0.4) ? common : Object.keys(makers))
  return { type, ...makers[type]!(random) }
}

/** A type that serves as a key. */
export function makeKeyKind(random: Random): Kind {
  for (;;) {
    const kind = makeKind(random)
    if (kind.nth) return kind
  }
}
