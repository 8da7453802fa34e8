/** The same numbers, from 0 up to 1, for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The same items in another order. */
export function shuffled<T>(items: T[], random: () => number): T[] {
  const places = items.map((item) => ({ item, place: random() }))
  return places.toSorted((a, b) => a.place - b.place).map(({ item }) => item)
}
