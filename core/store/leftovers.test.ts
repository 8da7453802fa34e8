import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openLake } from '../lake.ts'

const lambda = { LAMBDA_TASK_ROOT: '/var/task' }

test.each([
  ['on Lambda a new process empties /tmp of what one that was killed left', lambda, '', ['other']],
  ['so does the process whose id SLUICE_TMP_OWNER is', {}, 'SLUICE_TMP_OWNER=$$', ['other']],
  ['not the one beside it', {}, 'SLUICE_TMP_OWNER=1', ['other', 'sluice-a', 'work-b']],
  ['elsewhere it leaves what may be that of others', {}, '', ['other', 'sluice-a', 'work-b']],
])('%s', (_, variables, owner, left) => {
  const folder = mkdtempSync(join(tmpdir(), 'leftovers-'))
  for (const name of ['sluice-a', 'work-b', 'other']) {
    mkdirSync(join(folder, name))
    writeFileSync(join(folder, name, 'copy'), 'x')
  }
  const module = JSON.stringify(join(import.meta.dirname, '../lake.ts'))
  const script = `import { openLake } from ${module}; openLake('s3://lake')`
  const none = { LAMBDA_TASK_ROOT: undefined, SLUICE_TMP_OWNER: undefined }
  const env = { ...process.env, ...none, TMPDIR: folder, ...variables }
  const node = [process.execPath, '--input-type=module', '-e', script]
  execFileSync('sh', ['-c', `${owner} exec "$@"`, 'sh', ...node], { env })
  expect(readdirSync(folder).toSorted()).toEqual(left)
  rmSync(folder, { recursive: true })
})

test('a folder for work that another process swept away is made anew', async () => {
  const home = mkdtempSync(join(tmpdir(), 'leftovers-'))
  const lake = openLake(home)
  const work = async (folder: string) => {
    writeFileSync(join(folder, 'rows'), 'x')
    return folder
  }
  const folder = await lake.withScratch(1, work)
  rmSync(folder, { recursive: true })
  expect(await lake.withScratch(1, work)).toBe(folder)
  rmSync(home, { recursive: true })
})
