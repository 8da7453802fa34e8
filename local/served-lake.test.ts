import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Refused } from '../core/errors.ts'
import { checkUnserved, serveLake } from './served-lake.ts'

let home: string
beforeEach(() => {
  home = join(mkdtempSync(join(tmpdir(), 'sluice-served-')), '.sluice')
})
afterEach(() => rmSync(join(home, '..'), { recursive: true }))

test('a lake is served by one process, and whoever asks is told which, and where', async () => {
  await checkUnserved(home)
  const served = await serveLake(home)
  await served.tell('http://127.0.0.1:8080')
  for (const ask of [checkUnserved(home), serveLake(home)]) {
    const told = await ask.catch((error: unknown) => error)
    expect(told).toBeInstanceOf(Refused)
    expect(String(told)).toMatch(
      new RegExp(
        `already \\(process ${process.pid}, since 20.*Z, its console: http://127.0.0.1:8080\\).*` +
          `\`sluice status\` .* work beside it.*\`kill ${process.pid}\``,
      ),
    )
  }
  served.release()
  await checkUnserved(home)
  expect(existsSync(join(home, 'serving.json'))).toBe(false)
})

test('of a process of another machine or container no number is to be killed', async () => {
  const served = await serveLake(home)
  const note = { pid: 7, host: `not-${hostname()}`, since: '2026-03-01T00:00:00Z' }
  writeFileSync(join(home, 'serving.json'), JSON.stringify(note))
  await expect(checkUnserved(home)).rejects.toThrow(`process 7 on ${note.host}, since 2026-03-01`)
  await expect(checkUnserved(home)).rejects.not.toThrow('kill')
  writeFileSync(join(home, 'serving.json'), 'half a n')
  await expect(checkUnserved(home)).rejects.toThrow('serves this lake already, and takes')
  served.release()
})

test('who was killed serves no more, whatever its note says', async () => {
  const program = `
    import { serveLake } from ${JSON.stringify(join(import.meta.dirname, 'served-lake.ts'))}
    const served = await serveLake(${JSON.stringify(home)})
    await served.tell('http://127.0.0.1:1')
    console.log('served')
    setInterval(() => {}, 1_000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  await expect(checkUnserved(home)).rejects.toThrow(`process ${child.pid}`)
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(existsSync(join(home, 'serving.json'))).toBe(true)
  const served = await serveLake(home)
  await expect(checkUnserved(home)).rejects.toThrow(`process ${process.pid}`)
  served.release()
})

test('who only looks is in the way of nobody', async () => {
  const first = await serveLake(home)
  first.release()
  await Promise.all(Array.from({ length: 50 }, () => checkUnserved(home)))
})
