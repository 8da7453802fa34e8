import { shuffled } from './random.ts'

/** What a body may suffer on its way. */
export const cutting = [
  /** The connection ends before as many bytes as Content-Length says. */
  'cuts the body',
  /** Content-Length is that of the shorter body: the protocol sees nothing wrong. */
  'shortens the body',
  /** Sent in chunks, it ends well, but too early. */
  'drops the last chunks',
] as const

/** What may go wrong with a request to any service; bodies are cut only where there is one. */
export const faults = [
  'answers 500',
  'answers 503',
  'resets the connection',
  /** What was asked for is done, but the client never knows. */
  'loses the answer',
  'cuts the upload',
  ...cutting,
] as const

/** And what befalls those to a stream alone. */
export const streamFaults = [
  ...faults,
  'throttles',
  /** Of GetRecords: five minutes have gone by, or the stream was made anew. */
  'expires the iterator',
  /** Of PutRecords: some records are taken, and of the others it is said that they are not. */
  'takes a part',
] as const

export type Fault = (typeof streamFaults)[number]

/** What befalls a request, and after what share of a body it is cut, from 0 up to 1. */
export interface Misfortune {
  fault: Fault
  share: number
}

/**
 * Deals misfortunes as cards: of each `1 / rate` requests of one kind, every fault befalls one.
 *
 * @returns what befalls the next request of a kind, whatever a kind is; undefined: nothing
 */
export function atRandom(
  random: () => number,
  all: readonly Fault[] = faults,
  rate = 0.05,
): (kind: string) => Misfortune | undefined {
  const decks = new Map<string, (Fault | undefined)[]>()
  const fresh = () =>
    shuffled(
      Array.from({ length: 1 / rate }, (_, n) => all[n]),
      random,
    )
  return (kind) => {
    const deck = decks.get(kind) ?? []
    decks.set(kind, deck)
    if (deck.length === 0) deck.push(...fresh())
    const fault = deck.pop()
    // Nothing at all is the hardest to tell from a whole body.
    return fault && { fault, share: random() < 0.2 ? 0 : random() }
  }
}
