import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Of package `kill`: the objects of `lines` are appended, those of `rows` are merged by key, and so
 * are those of `parts`, of which each row refers to the one of `rows` with its id.
 */
export type Dataset = 'lines' | 'rows' | 'parts'

const fields = [
  { name: 'id', type: 'integer', constraints: { required: true } },
  { name: 'code', type: 'string' },
  { name: 'amount', type: 'number', sluice: { decimal: [12, 2] } },
  { name: 'day', type: 'date' },
  { name: 'at', type: 'datetime' },
  { name: 'sent', type: 'datetime', format: '%Y-%m-%dT%H:%M:%S%z' },
]
const primaryKey = 'id'
const foreignKeys = [{ fields: 'id', reference: { resource: 'rows', fields: 'id' } }]
const schemas: Record<Dataset, object> = {
  lines: { fields },
  rows: { fields, primaryKey },
  parts: { fields, primaryKey, foreignKeys },
}
const settings: Record<Dataset, object> = {
  lines: {},
  rows: { partitionBy: [{ year: 'at' }, { month: 'at' }] },
  parts: {},
}
const descriptor = {
  name: 'kill',
  resources: Object.entries(schemas).map(([name, schema]) => {
    const sluice = { files: `${name}/*.csv`, ...settings[name as Dataset] }
    return { name, path: `${name}/0.csv`, schema, sluice }
  }),
}

/** So many rows have one that is wrong, in every version of its object. */
const WRONG = 100

/**
 * The Bronze of one dataset, whose objects share out the keys 1 … rows: each key stands in one
 * object, so what must be in the tables is what stands in the files, whatever changed before.
 */
export class Source {
  readonly lake: string
  readonly dataset: Dataset
  /** Object k holds the keys above bounds[k], up to bounds[k + 1]. */
  readonly #bounds: number[]
  #version = 0

  /** @param written so many objects stand there at once; the others come by `rewrite` */
  constructor(lake: string, dataset: Dataset, objects: number, rows: number, written = objects) {
    this.lake = lake
    this.dataset = dataset
    this.#bounds = Array.from({ length: objects + 1 }, (_, k) => Math.floor((k * rows) / objects))
    mkdirSync(join(this.#folder(), dataset), { recursive: true })
    writeFileSync(join(this.#folder(), 'datapackage.json'), JSON.stringify(descriptor))
    for (let k = 0; k < written; k++) this.rewrite(k)
  }

  /** Keys of all objects in the lake. */
  get keys(): string[] {
    return Array.from({ length: this.objects }, (_, k) => `bronze/kill/${this.dataset}/${k}.csv`)
  }

  get objects(): number {
    return this.#bounds.length - 1
  }

  /**
   * A new version of object k: every row of it is another one.
   *
   * @param how in one step, or so that whoever reads meanwhile finds a part of it
   */
  rewrite(k: number, how: 'in one step' | 'in place' = 'in one step'): void {
    const version = ++this.#version
    const [from, to] = [this.#bounds[k]!, this.#bounds[k + 1]!]
    const lines = [header]
    for (let id = from + 1; id <= to; id++) lines.push(lineOf(id, version))
    const path = join(this.#folder(), this.dataset, `${k}.csv`)
    const written = how === 'in place' ? path : join(this.lake, `${this.dataset}-${k}.new`)
    writeFileSync(written, `${lines.join('\n')}\n`)
    if (written !== path) renameSync(written, path)
  }

  /** Keys move from an object to the next one, or back. */
  moveKeys(k: number, share: number): void {
    const [from, to] = [this.#bounds[k - 1]!, this.#bounds[k + 1]!]
    this.#bounds[k] = from + Math.floor((to - from) * (0.1 + 0.8 * share))
    this.rewrite(k - 1)
    this.rewrite(k)
  }

  /** Takes away what was made of it, and the marks that say so. */
  forget(): void {
    const made = readdirSync(this.lake).filter((name) => !/^(bronze|streaming)$/.test(name))
    for (const name of made) {
      rmSync(join(this.lake, name), { recursive: true, force: true })
    }
  }

  remove(): void {
    rmSync(this.lake, { recursive: true, force: true })
  }

  #folder(): string {
    return join(this.lake, 'bronze', 'kill')
  }
}

const header = fields.map(({ name }) => name).join(',')

/** The lines that are good, and no others. */
export const goodLine = [
  ...['^\\d+', 'v\\d+-\\d+', '\\d+\\.\\d\\d', '2026-0\\d-15'],
  ...['[\\dT:-]{19}', '[\\dT:-]{19}[+-]\\d\\d:\\d\\d$'],
].join(',')

function lineOf(id: number, version: number): string {
  const code = `v${version}-${(id * 31) % 100_003}`
  const amount = (((id * 7919 + version) % 1_000_000) / 100).toFixed(2)
  const day = `2026-0${1 + (id % 9)}-15`
  const time = times[id % times.length]
  if (id % WRONG !== 0) return `${id},${code},${amount},${day},${time}`
  const wrong = [
    `${id},${code},1.234,${day},${time}`,
    `${id},${code},${amount},2026-02-30,${time}`,
    `${id},${code},${amount},${day},${time},one more`,
    `${id},"${code} said ""no"", twice", ,${day},${time}`,
  ]
  return wrong[(id / WRONG) % wrong.length] ?? ''
}

/**
 * A time of day, and the very instant that it is in UTC, told with an offset: `at` and `sent`. They
 * are of the nights in which Europe changes its clocks, where local times are missing, or there
 * twice.
 */
const times = timesOf()

function timesOf(): string[] {
  const nights = ['2026-03-28T22:30:00Z', '2026-10-24T22:30:00Z'].map((time) => Date.parse(time))
  const offsets = ['+00:00', '-03:00', '+02:00', '+05:45']
  return nights.flatMap((night) =>
    Array.from({ length: 12 }, (_, half) => {
      const instant = night + half * 30 * 60_000
      const offset = offsets[half % offsets.length] ?? ''
      return `${isoOf(instant)},${isoOf(instant + millisecondsOf(offset))}${offset}`
    }),
  )
}

function isoOf(instant: number): string {
  return new Date(instant).toISOString().slice(0, 19)
}

function millisecondsOf(offset: string): number {
  const [hours = 0, minutes = 0] = offset.slice(1).split(':').map(Number)
  return (offset.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000
}
