import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { outside } from './outside.ts'

const hasPython = spawnSync('python3', ['--version']).status === 0
const isHere = process.platform === 'linux' && hasPython
if (!isHere && process.env.CI) throw new Error('in CI processes are measured: install python3')
if (!isHere) console.warn('SKIPPED: processes are measured on Linux with Python alone')

/** A process that holds so many MiB until it ends by itself. */
const holding = (mebibytes: number) =>
  `const held = Buffer.alloc(${mebibytes} << 20, 1); setTimeout(() => held, 1500)`
/** It ends at once, and leaves that one behind. */
const leaving = (mebibytes: number) =>
  `const args = ['-e', ${JSON.stringify(holding(mebibytes))}]
  const { spawn } = require('node:child_process')
  spawn(process.execPath, args, { detached: true, stdio: 'ignore' }).unref()
  console.log('left')`
const node = (code: string) => [process.execPath, '-e', code]

test.runIf(isHere)('what a process leaves behind counts, too', async () => {
  const ended = await outside(node(leaving(300)))
  expect(ended).toMatchObject({ end: 'done', said: ['left'] })
  expect(ended.end === 'done' && ended.taken.peak).toBeGreaterThan(300)
})

test.runIf(isHere)('a process that fails is told by the end of what it said', async () => {
  const failing = node('console.error("first\\nno such table"); process.exit(3)')
  expect(await outside(failing)).toEqual({ end: 'failed', reason: 'no such table' })
})

test.runIf(isHere)('what takes too much memory is stopped', async () => {
  const ended = await outside(node(holding(400)), {}, { minutes: 1, gib: 0.25 })
  expect(ended).toEqual({ end: 'stopped', reason: 'ran out of memory (> 0.25 GiB)' })
})

test.runIf(isHere)('what takes too long is stopped, with what it started', async () => {
  const waiting = ['sh', '-c', 'sleep 600 & sleep 600']
  const ended = await outside(waiting, {}, { minutes: 0.01, gib: 1 })
  expect(ended).toEqual({ end: 'stopped', reason: 'stopped after 0.01 minutes' })
})
