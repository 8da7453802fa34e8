/**
 * One class for each decision that its catcher makes. Everything else that is thrown is a fault of
 * the infrastructure: it propagates, the event is retried, and at last lies in the dead-letter
 * queue.
 */

/** The object as a whole cannot be taken: a terminal verdict about data, never retried. */
export class Refused extends Error {
  override name = 'Refused'
}

/**
 * Another writer is at work on this key, or the object changed while it was read: try again later.
 */
export class Busy extends Error {
  override name = 'Busy'
}

/** A key that would leave its lake (`..`, absolute, encoded dots, a link): never touched. */
export class UnsafeKey extends Error {
  override name = 'UnsafeKey'
  readonly key: string

  constructor(key: string, why: string) {
    super(`key ${JSON.stringify(key)} ${why}; keys are relative paths below the lake`)
    this.key = key
  }
}
