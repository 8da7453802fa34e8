import { useEffect } from 'preact/hooks'
import type { Answer } from './use-answer.ts'

const AFTER = 3000

/** Asks again every few seconds where nothing came: what is not there may come by itself. */
export function useAgain({ error, reload }: Pick<Answer<unknown>, 'error' | 'reload'>): void {
  useEffect(() => {
    if (!error || error.status === 400 || error.status === 403) return
    const timer = setTimeout(reload, AFTER)
    return () => clearTimeout(timer)
  }, [error, reload])
}
