import { join } from 'node:path'
import { filesOfMember, type Written, writeMembers } from '../../core/commit/parquet.ts'
import { govern } from '../../core/contract/catalog.ts'
import type { Contract } from '../../core/contract/contract.ts'
import type { Duck } from '../../core/duck/duckdb.ts'
import { type Opened, withOpened } from '../../core/judge/opened.ts'
import { inGroups, judgeTogether, takesMany, type Whole } from '../../core/judge/together.ts'
import type { Lake } from '../../core/lake.ts'
import { memoryOf } from '../../core/store/memo-store.ts'
import type { LocalCopy, ObjectVersion } from '../../core/store/object-store.ts'

/** What a version that holds whole becomes: Parquet on this machine, and what is told of it. */
export interface Ready {
  records: number
  drift: string[]
  files: Written[]
}

/**
 * Many small objects that are brought into Silver one after the other: their rows are written by
 * one statement, as soon as those of the first are wanted. Each is committed by itself, as always;
 * one that has changed since, or does not hold whole, is judged by itself, too.
 */
export class Together {
  readonly #lake: Lake
  readonly #versions: ObjectVersion[]
  readonly folder: string
  readonly duck: Duck
  /** Of each contract: what is ready, by key and eTag. */
  readonly #ready = new Map<string, Promise<Map<string, Ready>>>()
  #written = 0

  /**
   * @param versions of small objects
   * @param folder of our own, in which the files stay until all is committed
   */
  constructor(lake: Lake, versions: ObjectVersion[], folder: string, duck: Duck) {
    this.#lake = lake
    this.#versions = versions
    this.folder = folder
    this.duck = duck
  }

  /** @returns undefined for a version that is to be judged by itself */
  async rowsOf(version: ObjectVersion, contract: Contract): Promise<Ready | undefined> {
    if (!takesMany(contract)) return undefined
    let ready = this.#ready.get(contract.hash)
    if (!ready) {
      ready = this.#make(contract)
      this.#ready.set(contract.hash, ready)
    }
    return (await ready).get(idOf(version))
  }

  async #make(contract: Contract): Promise<Map<string, Ready>> {
    const ready = new Map<string, Ready>()
    for (const group of inGroups(await this.#versionsOf(contract))) {
      for (const [id, one] of await this.#makeGroup(group, contract)) ready.set(id, one)
    }
    return ready
  }

  async #versionsOf(contract: Contract): Promise<ObjectVersion[]> {
    const memory = memoryOf(this.#lake.store)
    const governing = await Promise.all(this.#versions.map(({ key }) => govern(memory, key)))
    return this.#versions.filter((_, i) => governing[i]?.contract?.hash === contract.hash)
  }

  async #makeGroup(versions: ObjectVersion[], contract: Contract): Promise<[string, Ready][]> {
    const ready: [string, Ready][] = []
    const write = async (select: string, wholes: Whole<Opened>[]) => {
      const out = join(this.folder, `together-${this.#written++}`)
      const written = await writeMembers(this.duck, select, contract, out)
      checkSum(wholes, written)
      for (const { member, nth, records, drift } of wholes) {
        if (!(await isStill(member.copy))) continue
        const files = filesOfMember(out, nth, contract)
        ready.push([idOf(member.version), { records, drift, files }])
      }
    }
    await withOpened(this.#lake.store, versions, (opened) =>
      judgeTogether({ duck: this.duck, contract }, opened, write),
    )
    return ready
  }
}

function checkSum(wholes: { records: number }[], written: number): void {
  const records = wholes.reduce((sum, one) => sum + one.records, 0)
  if (records === written) return
  throw new Error(`${records} records hold, but ${written} were written: a fault of Sluice`)
}

/** Whether it is the version that was opened; if not, it is looked at anew by itself. */
function isStill(copy: LocalCopy): Promise<boolean> {
  return copy.verify().then(
    () => true,
    () => false,
  )
}

function idOf({ key, etag }: ObjectVersion): string {
  return `${etag} ${key}`
}
