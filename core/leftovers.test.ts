import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

test.each([
  ['on Lambda a new process empties /tmp of what one that was killed left', '/var/task', ['other']],
  ['elsewhere it leaves what may be that of others', undefined, ['other', 'sluice-a', 'work-b']],
])('%s', (_, root, left) => {
  const folder = mkdtempSync(join(tmpdir(), 'leftovers-'))
  for (const name of ['sluice-a', 'work-b', 'other']) {
    mkdirSync(join(folder, name))
    writeFileSync(join(folder, name, 'copy'), 'x')
  }
  const script = `import { openLake } from ${JSON.stringify(join(import.meta.dirname, 'lake.ts'))}
    openLake('s3://lake')`
  const env = { ...process.env, TMPDIR: folder, LAMBDA_TASK_ROOT: root }
  execFileSync(process.execPath, ['--input-type=module', '-e', script], { env })
  expect(readdirSync(folder).toSorted()).toEqual(left)
  rmSync(folder, { recursive: true })
})
