import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** A kind of error, the field where it is of one, the referee's remark, the cell's text. */
export type Told = [type: string, field: string | null, note: string, cell: string | null]

/** A data row as the referee read it. */
export interface RefereeRow {
  /** The referee's number of it, from 1: all rows count, the header's too. */
  number: number
  /** Its first and last line in the file, from 1. */
  lines: [number, number]
  errors: Told[]
  cells: (string | null)[]
  /** Of each field the value, the same text for equal ones; null where there is none. */
  values: Record<string, string | null>
}

/** The referee's verdict on one file of a package. */
export interface RefereeFile {
  folder: string
  resource: string
  path: string
  /** Of the file as a whole: its header, its encoding, the descriptor. */
  errors: Told[]
  /** The header as the referee has it; empty where it has none. */
  labels: string[]
  rows: RefereeRow[]
}

/** What may be changed for a second hearing; see second-hearing.ts for the reasons. */
export type Adaptation =
  | ('dialect' | 'encoding' | 'constraints' | 'version' | 'bytes' | 'zst')
  | ('integer-group-char' | 'format-any' | 'null-sequence' | 'pattern-of-alternatives')
  | ('comment-above-the-header' | 'primary-key' | 'unique-keys' | 'foreign-key-part-null')
  | ('unhashable' | 'bound-without-an-offset' | 'label-with-blanks' | 'metadata')
  | ('format-in-capitals' | 'resource-alone' | 'path-of-a-url')

export interface Hearing {
  folder: string
  adapt: Adaptation[]
}

/**
 * Hears the referee on many packages, in one Python process (see judge.py).
 *
 * @param python that has the referee
 * @returns every file of every package; of one that cannot be judged at all a file whose path is ''
 * @throws Error where the process fails
 */
export async function hear(python: string, hearings: Hearing[]): Promise<RefereeFile[]> {
  if (hearings.length === 0) return []
  const script = join(import.meta.dirname, 'judge.py')
  const child = spawn(python, ['-B', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // Python of today cannot unpack zstd; Node can.
    env: { ...process.env, SLUICE_NODE: process.execPath },
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  child.stdin.end(hearings.map((one) => `${JSON.stringify(one)}\n`).join(''))
  const files: RefereeFile[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === '') continue
    const answer = JSON.parse(line) as RefereeFile & { fault?: string }
    const { folder, fault } = answer
    const errors: Told[] = [['package-error', null, fault ?? '', null]]
    const none = { folder, resource: '', path: '', errors, labels: [], rows: [] }
    files.push(fault === undefined ? answer : none)
  }
  const code = await ended
  if (code !== 0) throw new Error(`the referee's process failed (exit ${code}); see above`)
  return files
}
