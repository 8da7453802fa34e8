/**
 * Ends this process before its work is done, by Ctrl-C or because nobody reads its output any more.
 * What is not committed is as if it was never begun; what else would stay behind (a Postgres of the
 * lake's own, a cursor that is hidden) is put right first.
 */

const works = new Set<() => unknown>()

/** @returns what takes the work back, once it was done in the ordinary way */
export function whenLeft(work: () => unknown): () => void {
  works.add(work)
  return () => {
    works.delete(work)
  }
}

/** Ends as if all was done: who does not read on has seen enough. */
export async function leave(): Promise<void> {
  await putRight()
  process.exit(0)
}

/**
 * Ends by the signal itself, as an exit would wait for what DuckDB's threads are at. Once more, it
 * does not wait for anything. A command with an end of its own (`start`, `console`) listens, too,
 * and is left to it.
 */
export function leaveBySignal(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    const end = async () => {
      if (process.listenerCount(signal) > 1) return
      process.off(signal, end)
      const right = putRight()
      // What fails now, as its database is taken away, is no news.
      process.stderr.write = () => true
      await right
      process.kill(process.pid, signal)
    }
    process.on(signal, end)
  }
}

async function putRight(): Promise<void> {
  await Promise.allSettled([...works].map(async (work) => work()))
}
