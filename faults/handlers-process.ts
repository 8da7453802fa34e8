import { createInterface } from 'node:readline'
import { Handlers } from './handlers.ts'

/** `node faults/handlers-process.ts LAKE`: a key a line comes in, a dead letter a line goes out. */
const handlers = await Handlers.open(process.argv[2] ?? '', process.env.DATABASE_URL ?? '')
for await (const key of createInterface({ input: process.stdin })) handlers.add(key)
for (const letter of await handlers.end()) process.stdout.write(`${JSON.stringify(letter)}\n`)
