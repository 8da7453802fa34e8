import { queryLake } from '../core/query/query.ts'
import type { ObjectStore } from '../core/store/object-store.ts'
import { resource, runSilver, TestLake } from './stages.fixture.ts'

/** A lake with the dataset shop.orders in Silver, to be asked. */
export class TestShop extends TestLake {
  /** By default `id` is the key of an upsert. */
  describeOrders(sluice: object = {}, fields = ['id:integer', 'v']): void {
    const schema = 'load' in sluice ? {} : { primaryKey: 'id' }
    this.describe('shop', resource('orders', fields, schema, sluice))
  }

  /**
   * Puts `bronze/shop/<name>` of lines `id,v`, and brings it into Silver.
   *
   * @returns how it ended
   */
  async load(name: string, lines: string[], modified?: number): Promise<string | undefined> {
    const key = `bronze/shop/${name}`
    this.put(key, `id,v\n${lines.join('\n')}\n`, modified)
    return (await runSilver(this.lake, key))[0]?.status
  }

  orders(): Promise<unknown[][]> {
    return this.ask('SELECT * FROM shop.orders ORDER BY ALL')
  }

  /** The rows of an answer, in JSON's form. */
  ask(sql: string, store: ObjectStore = this.lake.store): Promise<unknown[][]> {
    return queryLake(store, sql, 'json', ({ rows }) => collect(rows))
  }
}

export async function collect<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const row of rows) found.push(row)
  return found
}
