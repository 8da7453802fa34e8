/**
 * Until when an invocation begins further work. What is left then is no failure: it is given back,
 * or is done by the next one.
 */
export interface Deadline {
  isOver(): boolean
}

/** What Lambda tells an invocation of its time. */
export interface Invocation {
  getRemainingTimeInMillis(): number
}

/** On a laptop there is always time. */
export const noDeadline: Deadline = { isOver: () => false }

/**
 * The half of the time that is left now: the other half is for the work that was begun before. One
 * object fits into it, as larger ones are refused (core/limit.ts).
 */
export function deadlineOf(invocation: Invocation | undefined): Deadline {
  if (!invocation) return noDeadline
  const half = invocation.getRemainingTimeInMillis() / 2
  return { isOver: () => invocation.getRemainingTimeInMillis() < half }
}

/** The deadline has passed: what its catcher has not begun is to come again at once. */
export class TimeOver extends Error {
  override name = 'TimeOver'

  constructor() {
    super('half of the time of this invocation is over: what is left comes again')
  }
}
