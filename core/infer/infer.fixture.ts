import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { type Duck, openDuck } from '../duck/duckdb.ts'
import { type Inferred, infer } from './infer.ts'

/** One DuckDB and one folder for all files of a test that are inferred. To be called once in it. */
export function useInferring() {
  const folder = fs.mkdtempSync(join(tmpdir(), 'sluice-infer-'))
  let duck: Duck
  beforeAll(async () => {
    duck = await openDuck(0)
  })
  afterAll(() => {
    duck.close()
    fs.rmSync(folder, { recursive: true })
  })
  return {
    folder,
    duck: () => duck,
    /** What a file of this content is found to be. */
    inferred(content: string | Buffer, key = 'file.csv'): Promise<Inferred> {
      const path = join(folder, key)
      fs.writeFileSync(path, content)
      return infer({ duck, path, key, folder })
    },
  }
}
