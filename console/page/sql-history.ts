/** Queries that were asked of late: they are kept in this browser alone. */

const KEPT_AS = 'queries'
const MOST = 20

/** Newest first; empty where nothing is kept, or nothing can be. */
export function queriesAsked(): string[] {
  try {
    return queriesOf(localStorage.getItem(KEPT_AS))
  } catch {
    return []
  }
}

/** @returns them with the new one */
export function keepQuery(sql: string): string[] {
  const all = withQuery(queriesAsked(), sql)
  try {
    localStorage.setItem(KEPT_AS, JSON.stringify(all))
  } catch {
    // A browser that keeps nothing has a short memory.
  }
  return all
}

export function forgetQueries(): string[] {
  try {
    localStorage.removeItem(KEPT_AS)
  } catch {
    // Nothing was kept.
  }
  return []
}

/** With one more, which stands once only. */
export function withQuery(queries: string[], sql: string): string[] {
  const asked = sql.trim()
  if (asked === '') return queries
  return [asked, ...queries.filter((one) => one !== asked)].slice(0, MOST)
}

/** Whatever else may stand there, as others can write it. */
export function queriesOf(text: string | null): string[] {
  try {
    const kept: unknown = JSON.parse(text ?? '[]')
    const texts = Array.isArray(kept) ? kept.filter((one) => typeof one === 'string') : []
    return texts.slice(0, MOST)
  } catch {
    return []
  }
}
