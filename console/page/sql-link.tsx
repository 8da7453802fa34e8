import { go } from './router.ts'
import { sharedPath } from './sql-share.ts'

/** Leads to the box for SQL with a query in it, which is not run by itself. */
export function SQLLink({ sql, label = 'Ask in SQL' }: { sql: string; label?: string }) {
  const path = sharedPath(sql)
  return (
    <a
      class="button"
      href={path}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
        event.preventDefault()
        go(path)
      }}
    >
      {label}
    </a>
  )
}
