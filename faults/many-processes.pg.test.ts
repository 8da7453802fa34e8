import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { freshDatabase } from '../local/fresh-database.ts'
import { startSluice } from './command.ts'
import { judge, judgeLedger } from './judge.ts'
import { type Dataset, Source } from './source.ts'

const PROCESSES = 8

it.each<Dataset>(['lines', 'rows'])(
  'eight processes at once on one lake and one database do it once: %s',
  async (dataset) => {
    const lake = mkdtempSync(join(tmpdir(), 'sluice-many-'))
    const source = new Source(lake, dataset, 6, 6_000)
    const { url, drop } = await freshDatabase()

    const runs = Array.from({ length: PROCESSES }, () => startSluice(lake, url, '--once'))
    const codes = await Promise.all(runs.map((run) => run.ended))
    expect(codes).toEqual(runs.map(() => 3))
    expect([...(await judge(source, url)), ...(await judgeLedger(source, url))]).toEqual([])
    const loaded = runs.flatMap((run) => run.lines).filter((line) => line.status === 'loaded')
    const ends = loaded.map((line) => `${line.stage} ${line.object}`)
    expect(ends.filter((end) => end.startsWith('raw-ingestion')).length).toBe(source.objects)

    const again = startSluice(lake, url, '--once')
    expect(await again.ended).toBe(3)
    expect(again.lines.map((line) => line.status)).toEqual(Array(12).fill('unchanged'))
    expect([...(await judge(source, url)), ...(await judgeLedger(source, url))]).toEqual([])
    await drop()
    source.remove()
  },
)
