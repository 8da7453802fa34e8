import type { DropAnswer } from '../shapes.ts'
import { ApiError, messageOf, ownHeader, parsed, pathWith, unreachable } from './api.ts'

/** What the stages read files of: tables of `bronze`, and what flows through the stream. */
export type Tree = 'bronze' | 'streaming'

export interface Upload {
  file: File
  tree: Tree
  /** `shop` of bronze/shop/ */
  package: string
  /** Below the package's folder: `orders/2026-03.csv` */
  name: string
  /** The eTag of what may be there, once a person has said to replace it. */
  replaces?: string | undefined
}

/**
 * Sends a file; `fetch` tells nothing of how far it is, so that it is not used here.
 *
 * @param onProgress told the part that is sent, 0 to 1
 * @throws ApiError; of what is there already, with status 409
 */
export function upload(
  { file, tree, package: folder, name, replaces }: Upload,
  onProgress: (part: number) => void,
  signal: AbortSignal,
): Promise<DropAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<DropAnswer>()
  const request = new XMLHttpRequest()
  request.open('POST', pathWith('/api/drop', { tree, package: folder, name, replaces }))
  request.setRequestHeader(...ownHeader)
  request.setRequestHeader('content-type', 'application/octet-stream')
  request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 1)
  request.onload = () => {
    const { status } = request
    const body = parsed(request.responseText)
    if (status >= 200 && status < 300) resolve(body as DropAnswer)
    else reject(new ApiError(messageOf(status, body), status, body))
  }
  request.onerror = () => reject(new ApiError(unreachable, 0))
  request.onabort = () => reject(new ApiError('Stopped: nothing of it was kept.', 0))
  signal.addEventListener('abort', () => request.abort())
  request.send(file)
  return promise
}

/**
 * Of an answer with status 409 the eTag of what lies where the file was to be put, null where
 * nothing does any more; of any other undefined.
 */
export function thereOf({ status, body }: ApiError): string | null | undefined {
  if (status !== 409 || typeof body !== 'object' || body === null) return undefined
  if (!('there' in body)) return undefined
  return typeof body.there === 'string' ? body.there : null
}
