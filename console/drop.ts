import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { type Context, Hono } from 'hono'
import { Refused } from '../core/errors.ts'
import type { ObjectStore } from '../core/store/object-store.ts'
import { dropGoal } from './drop-goal.ts'
import { type DropPlace, dropKey } from './drop-key.ts'
import { Taken, TooLong } from './failure.ts'
import { type ConsolePlace, uploadLimitOf } from './place.ts'
import type { DropAnswer } from './shapes.ts'

/** A file that a person drops on the page lands in Bronze as any other file does. */
export function dropRoutes(place: ConsolePlace): Hono {
  const { store } = place.lake
  const app = new Hono()
  app.get('/drop/goal', async (c) => c.json(await dropGoal(place, placeIn(c))))
  app.post('/drop', async (c) => {
    const key = await dropKey(store, placeIn(c))
    const replaces = c.req.query('replaces')
    const limit = uploadLimitOf(place)
    const announced = Number(c.req.header('content-length') ?? 0)
    if (announced > limit) throw tooLong(key, limit)
    // Whoever would be told in the end that the name is taken is told before the bytes come.
    await expectFree(store, key, replaces)
    return withScratch(store.scratch, async (file) => {
      await receive(c, file, key, limit)
      // The commit point: all of it is there, and it stands where nothing, or that version, stood.
      const when = replaces ? { ifMatch: replaces } : ({ ifNoneMatch: true } as const)
      const put = await store.put(key, { file, given: true }, when)
      if (!put) throw await taken(store, key)
      return c.json({ key, etag: put.etag } satisfies DropAnswer)
    })
  })
  return app
}

function placeIn(c: Context): DropPlace {
  const { tree, package: folder, name } = c.req.query()
  return { tree, package: folder, name }
}

async function taken(store: ObjectStore, key: string): Promise<Taken> {
  return takenBy(key, (await store.head(key))?.etag)
}

function takenBy(key: string, etag: string | undefined): Taken {
  const what = etag === undefined ? 'it is gone' : 'another file has this name'
  const cure = 'give it another name, or replace what is there'
  return new Taken(`${key}: ${what}; ${cure}`, etag ?? null)
}

function tooLong(key: string, limit: number): TooLong {
  const most = limit.toLocaleString('en')
  return new TooLong(`${key}: at most ${most} bytes are taken here; copy it into the lake itself`)
}

async function expectFree(store: ObjectStore, key: string, replaces?: string): Promise<void> {
  const there = (await store.head(key))?.etag
  if (there !== (replaces || undefined)) throw takenBy(key, there)
}

/** An empty folder of our own, on the disk that objects are put to where there is such a place. */
async function withScratch<T>(scratch: string, work: (file: string) => Promise<T>): Promise<T> {
  await mkdir(scratch, { recursive: true })
  const folder = await mkdtemp(join(scratch, 'sluice-drop-'))
  try {
    return await work(join(folder, 'file'))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** @throws TooLong, Refused for no byte at all, and an Error where they are cut off */
async function receive(c: Context, file: string, key: string, limit: number): Promise<void> {
  const body = c.req.raw.body as ReadableStream<Uint8Array> | null
  let size = 0
  const counted = async function* (chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      size += chunk.length
      if (size > limit) throw tooLong(key, limit)
      yield chunk
    }
  }
  if (body) await pipeline(Readable.fromWeb(body), counted, createWriteStream(file))
  if (size === 0) throw new Refused(`${key}: the file is empty`)
}
