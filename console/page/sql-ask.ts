import type { QueryAnswer } from '../shapes.ts'
import { ApiError, messageOf, ownHeader, parsed, unreachable } from './api.ts'

/** How a query is asked: it may be given up at any time. */

/** @throws ApiError; what the signal says, once it is given up */
export async function askQuery(sql: string, signal: AbortSignal): Promise<QueryAnswer> {
  const response = await send('/api/query', sql, signal)
  return (await response.json()) as QueryAnswer
}

/** The answer as a file of CSV, with more rows than are shown. */
export async function askCSV(sql: string, signal: AbortSignal): Promise<Blob> {
  const response = await send('/api/query.csv', sql, signal)
  return response.blob()
}

async function send(path: string, sql: string, signal: AbortSignal): Promise<Response> {
  const asked = {
    method: 'POST',
    headers: { [ownHeader[0]]: ownHeader[1], 'content-type': 'application/json' },
    body: JSON.stringify({ sql }),
    signal,
  }
  const response = await fetch(path, asked).catch((cause: unknown) => {
    if (signal.aborted) throw cause
    throw new ApiError(unreachable, 0)
  })
  if (response.ok) return response
  const body = parsed(await response.text())
  throw new ApiError(messageOf(response.status, body), response.status, body)
}

/** Lets the browser keep a file, as if it had come by a link. */
export function saveFile(name: string, file: Blob): void {
  const url = URL.createObjectURL(file)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // A browser may begin to read it only later.
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
