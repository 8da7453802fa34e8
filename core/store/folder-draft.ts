import { randomUUID } from 'node:crypto'
import {
  closeSync,
  constants,
  existsSync,
  fdatasync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { UnsafeKey } from '../errors.ts'
import { isCode, removeOwn } from './folder-names.ts'
import type { Body } from './object-store.ts'

const dayMs = 86_400_000

/**
 * A path for a file that is written before it is shown.
 *
 * @param folder on the same mount as the object, as only then can the file be renamed to its place
 * @throws UnsafeKey where the folder is a link: it may lead to another mount
 */
export function newDraft(folder: string): string {
  makeFolder(folder)
  if (isLink(folder)) throw new UnsafeKey(folder, 'is a link')
  return join(folder, randomUUID())
}

/** Whether a link stands anywhere in the path. */
function isLink(folder: string): boolean {
  return realpathSync(folder) !== folder
}

/**
 * Writes a draft, and returns when its bytes are on the disk: what is shown must survive a power
 * cut. A file that is given to us becomes the draft itself, where it is on the same mount. Any
 * other is cloned where the file system can, else copied; never hard-linked, as a later write to
 * the caller's file would then change the object.
 */
export async function writeDraft(draft: string, body: Body): Promise<void> {
  const bytes = Buffer.isBuffer(body)
  if (!bytes && !(body.given && isLinked(body.file, draft))) {
    await copyFile(body.file, draft, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
  }
  const file = openSync(draft, bytes ? 'wx' : 'r')
  try {
    if (bytes) writeFileSync(file, body)
    await toDisk(file)
  } finally {
    closeSync(file)
  }
}

/** The one slow step, and so the one that others need not wait for. */
const toDisk = promisify(fdatasync)

function isLinked(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (isCode(error, 'EXDEV') || isCode(error, 'EPERM') || isCode(error, 'EMLINK')) return false
    throw error
  }
}

/** Takes a draft away, unless it has become its object by a rename. */
export function dropDraft(draft: string): void {
  try {
    unlinkSync(draft)
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error
  }
}

/** Makes the folder of an object, and those above it. */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true })
  } catch (cause) {
    // Where nothing may be written, Node's recursive way says ENOENT; the plain one says EROFS.
    if (isCode(cause, 'ENOENT')) return void mkdirSync(path)
    if (!isCode(cause, 'EEXIST') && !isCode(cause, 'ENOTDIR')) throw cause
    throw new Error(`${path} cannot be a folder, as a file is in its way: move it`, { cause })
  }
}

/** Shows a draft where nothing stands. False where something stands already. */
export function linkNew(draft: string, path: string): boolean {
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false
    throw error
  }
}

/**
 * Removes what dead writers left, but what is another user's. A day without a write: nobody is
 * still at it. Nothing is done where the folder is missing, or a link: what lies behind that is not
 * ours.
 */
export function sweepDrafts(folder: string): void {
  if (!existsSync(folder) || isLink(folder)) return
  const now = timeThere(folder)
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    const stat = lstatSync(path, { throwIfNoEntry: false })
    if (stat && now - stat.mtimeMs > dayMs) removeOwn(path)
  }
}

/** The file system's own time, by which files have theirs: this machine's may be another. */
function timeThere(folder: string): number {
  const path = join(folder, randomUUID())
  writeFileSync(path, '')
  try {
    return lstatSync(path).mtimeMs
  } finally {
    rmSync(path, { force: true })
  }
}
