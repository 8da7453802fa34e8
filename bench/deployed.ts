import { setTimeout as sleep } from 'node:timers/promises'
import { Deployed } from '../local/deployed.fixture.ts'
import { type Figure, figure, quantile } from './figure.ts'

const WARM = 5
const DROPS = 50
/** Between two looks, in milliseconds. */
const POLL = 10
const GIVE_UP = 60_000

/**
 * An object is put into the deployed stack's lake (LocalStack's, by AWS_ENDPOINT_URL): the time
 * from the call until its rows are in Postgres, and until its manifest is in Silver.
 */
export async function deployed(): Promise<Figure[]> {
  const stack = await Deployed.deploy()
  try {
    await stack.describe('drops')
    const times: Times[] = []
    for (let n = 0; n < WARM + DROPS; n++) {
      const seen = await drop(stack, n)
      if (n >= WARM) times.push(seen)
      await sleep(100 + (n % 7) * 50)
    }
    return (['postgres', 'silver'] as const).flatMap((stage) => {
      const samples = times.map((one) => one[stage])
      return [
        figure('deployed', `put to ${stage}, p50`, 'ms', samples),
        figure('deployed', `put to ${stage}, p95`, 'ms', [quantile(samples, 0.95)]),
      ]
    })
  } finally {
    await stack.close()
  }
}

/** Milliseconds since the put began. */
interface Times {
  postgres: number
  silver: number
}

async function drop(stack: Deployed, n: number): Promise<Times> {
  const key = `bronze/drops/rows/${n}.csv`
  const rows = Array.from({ length: 1_000 }, (_, row) => `${n * 1_000 + row},name ${row}`)
  const started = performance.now()
  await stack.put(key, `id,name\n${rows.join('\n')}\n`)
  const since = async (isThere: () => Promise<boolean>) => {
    while (!(await isThere())) {
      if (performance.now() - started > GIVE_UP) throw new Error(`${key} did not land`)
      await sleep(POLL)
    }
    return performance.now() - started
  }
  const [postgres, silver] = await Promise.all([
    since(async () => (await stack.ledger(key))?.status === 'loaded'),
    // The record of an intent has no state yet.
    since(async () => (await stack.manifest('drops.rows', key))?.status === 'loaded'),
  ])
  return { postgres, silver }
}
