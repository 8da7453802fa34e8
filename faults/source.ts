import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Of package `kill`: the objects of `lines` are appended, those of `rows` are merged by key. */
export type Dataset = 'lines' | 'rows'

const fields = [
  { name: 'id', type: 'integer', constraints: { required: true } },
  { name: 'code', type: 'string' },
  { name: 'amount', type: 'number', sluice: { decimal: [12, 2] } },
  { name: 'day', type: 'date' },
]

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

  constructor(lake: string, dataset: Dataset, objects: number, rows: number) {
    this.lake = lake
    this.dataset = dataset
    this.#bounds = Array.from({ length: objects + 1 }, (_, k) => Math.floor((k * rows) / objects))
    mkdirSync(join(this.#folder(), dataset), { recursive: true })
    const key = dataset === 'rows' ? { primaryKey: 'id' } : {}
    const path = `${dataset}/0.csv`
    const sluice = { files: `${dataset}/*.csv` }
    const resources = [{ name: dataset, path, schema: { fields, ...key }, sluice }]
    const descriptor = JSON.stringify({ name: 'kill', resources })
    writeFileSync(join(this.#folder(), 'datapackage.json'), descriptor)
    for (let k = 0; k < objects; k++) this.rewrite(k)
  }

  /** Keys of all objects in the lake. */
  get keys(): string[] {
    return Array.from({ length: this.objects }, (_, k) => `bronze/kill/${this.dataset}/${k}.csv`)
  }

  get objects(): number {
    return this.#bounds.length - 1
  }

  /** A new version of object k: every row of it is another one. */
  rewrite(k: number): void {
    const version = ++this.#version
    const [from, to] = [this.#bounds[k]!, this.#bounds[k + 1]!]
    const lines = ['id,code,amount,day']
    for (let id = from + 1; id <= to; id++) lines.push(lineOf(id, version))
    const beside = join(this.lake, `${this.dataset}-${k}.new`)
    writeFileSync(beside, `${lines.join('\n')}\n`)
    renameSync(beside, join(this.#folder(), this.dataset, `${k}.csv`))
  }

  /** Keys move from an object to the next one, or back. */
  moveKeys(k: number, share: number): void {
    const [from, to] = [this.#bounds[k - 1]!, this.#bounds[k + 1]!]
    this.#bounds[k] = from + Math.floor((to - from) * (0.1 + 0.8 * share))
    this.rewrite(k - 1)
    this.rewrite(k)
  }

  remove(): void {
    rmSync(this.lake, { recursive: true, force: true })
  }

  #folder(): string {
    return join(this.lake, 'bronze', 'kill')
  }
}

/** The lines that are good, and no others. */
export const goodLine = '^\\d+,v\\d+-\\d+,\\d+\\.\\d\\d,2026-0\\d-15$'

function lineOf(id: number, version: number): string {
  const code = `v${version}-${(id * 31) % 100_003}`
  const amount = (((id * 7919 + version) % 1_000_000) / 100).toFixed(2)
  const day = `2026-0${1 + (id % 9)}-15`
  if (id % WRONG !== 0) return `${id},${code},${amount},${day}`
  const wrong = [
    `${id},${code},1.234,${day}`,
    `${id},${code},${amount},2026-02-30`,
    `${id},${code},${amount},${day},one more`,
    `${id},"${code} said ""no"", twice", ,${day}`,
  ]
  return wrong[(id / WRONG) % wrong.length] ?? ''
}
