import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { isDescriptor } from '../core/contract/catalog.ts'
import type { ObjectStore } from '../core/store/object-store.ts'
import { resource } from '../functions/stages.fixture.ts'
import { seeded } from './random.ts'

const data = join(dirname(import.meta.dirname), 'data')
const SMALL = 10
/** Its text hardly packs, so that its Parquet, too, goes up in several parts. */
const LARGE = 24_000

/** The sample of the repository; many small objects, a gzipped and a large one; more streams. */
export class S3Source {
  readonly #objects = new Map<string, Buffer>()

  constructor() {
    for (const folder of ['bronze/shop', 'streaming/till']) {
      const found = readdirSync(join(data, folder), { recursive: true, withFileTypes: true })
      for (const entry of found.filter((one) => one.isFile())) {
        const path = join(entry.parentPath, entry.name)
        this.#objects.set(path.slice(data.length + 1), readFileSync(path))
      }
    }
    const random = seeded(1)
    const resources = [
      resource('lines', ['id:integer', 'text']),
      resource('large', ['id:integer', 'text'], { primaryKey: 'id' }),
    ]
    const put = (key: string, body: string | Buffer, folder = 'bronze/made') =>
      this.#objects.set(`${folder}/${key}`, Buffer.from(body as string))
    put('datapackage.json', JSON.stringify({ name: 'made', resources }))
    for (let n = 0; n < SMALL; n++) put(`lines/${n}.csv`, linesOf(n * 1000, 20, 10, random))
    put('lines/packed.csv.gz', gzipSync(linesOf(900_000, 500, 20, random)))
    put('large/0.csv', linesOf(0, LARGE, 990, random))
    const flows = { name: 'flow', resources: [resource('flows', ['id:integer', 'text'])] }
    put('datapackage.json', JSON.stringify(flows), 'streaming/flow')
    // The last one is several chunks.
    for (let n = 0; n < SMALL; n++) {
      const rows = n < SMALL - 1 ? 30 : 2_000
      put(`flows/${n}.csv`, linesOf(n * 10_000, rows, 400, random), 'streaming/flow')
    }
  }

  /** Objects of Bronze end twice, in two stages, those of the stream once. */
  get ends(): number {
    return 2 * this.bronze.length + this.streamed.length
  }

  get bronze(): string[] {
    return this.#keys('bronze/')
  }

  get streamed(): string[] {
    return this.#keys('streaming/')
  }

  /** In the order of keys, as the later one of two objects wins, and S3 tells seconds only. */
  async fill(store: ObjectStore): Promise<void> {
    const sorted = [...this.#objects].toSorted(([one], [other]) => (one < other ? -1 : 1))
    for (const [key, body] of sorted) await store.put(key, body)
  }

  #keys(prefix: string): string[] {
    return [...this.#objects.keys()].filter((key) => key.startsWith(prefix) && !isDescriptor(key))
  }
}

/** A header and so many rows; the seventh of every eleven is a bad one. */
function linesOf(first: number, rows: number, characters: number, random: () => number): string {
  const lines = Array.from({ length: rows }, (_, i) => {
    const text = Array.from({ length: characters }, () => letter(random)).join('')
    return `${i % 11 === 7 ? 'x' : ''}${first + i},${text}`
  })
  return `id,text\n${lines.join('\n')}\n`
}

/** Any character from `#` to `~` but the comma, so that no quote is needed. */
function letter(random: () => number): string {
  const code = 35 + Math.floor(random() * 92)
  return code === 44 ? '!' : String.fromCharCode(code)
}
