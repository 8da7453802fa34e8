/** How the page asks its server: JSON over /api. */

/** The server has said no, or could not be reached (`status` 0). The message says what to do. */
export class ApiError extends Error {
  override name = 'ApiError'
  readonly status: number
  /** The answer as it came; of a 409 it may tell what is there. */
  readonly body: unknown

  constructor(message: string, status: number, body?: unknown) {
    super(message)
    this.status = status
    this.body = body
  }
}

/** The server takes no change without it: a form of another site cannot send it. */
export const ownHeader = ['x-sluice', '1'] as const

/** @throws ApiError */
export function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return ask<T>(path, signal ? { signal } : {})
}

/**
 * @param body what is sent as JSON; a text or a file goes as it is, as `type`
 * @throws ApiError
 */
export function post<T>(path: string, body: unknown, type = 'application/json'): Promise<T> {
  const isPlain = typeof body === 'string' || body instanceof Blob
  return ask<T>(path, {
    method: 'POST',
    headers: { [ownHeader[0]]: ownHeader[1], 'content-type': type },
    body: isPlain ? body : JSON.stringify(body),
  })
}

/** `/api/objects` and what is asked of it: what is empty is left out. */
export function pathWith(
  path: string,
  asked: Record<string, string | number | null | undefined>,
): string {
  const told = Object.entries(asked).flatMap(([name, value]) => {
    return value === undefined || value === null || value === '' ? [] : [[name, String(value)]]
  })
  return told.length > 0 ? `${path}?${new URLSearchParams(told)}` : path
}

async function ask<T>(path: string, init: RequestInit): Promise<T> {
  const response = await fetch(path, init).catch((cause: unknown) => {
    if (init.signal?.aborted) throw cause
    throw new ApiError(unreachable, 0)
  })
  const body = parsed(await response.text())
  if (!response.ok) throw new ApiError(messageOf(response.status, body), response.status, body)
  return body as T
}

export const unreachable =
  'The console does not answer. Is `sluice start` or `sluice console` still running? ' +
  'Start it again; the page goes on by itself.'

/** Why it was not done, in the server's own words where it has some. */
export function messageOf(status: number, body: unknown): string {
  if (typeof body === 'object' && body !== null && 'error' in body) return String(body.error)
  if (status === 401 || status === 403) {
    return 'The console does not let this page in: open the whole address that it has printed.'
  }
  return `The console answered with status ${status}: its log tells why.`
}

/** The JSON of an answer; the text itself where it is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
