import { type Params, pathTo, settle } from './router.ts'
import { SearchField } from './search-field.tsx'
import { Verbatim } from './text.tsx'

/** What can be a filter beside the text, as a word. */
const named = ['dataset', 'object', 'rule', 'field'] as const

/** A search over the records' text, and which filters are on, each with a way to take it off. */
export function RejectFilters({ params }: { params: Params }) {
  return (
    <search class="filters">
      <SearchField
        label="Search records and messages"
        value={params.search ?? ''}
        onSearch={(search) => settle(pathTo('rejects', { ...params, search }))}
      />
      <ul class="chips">
        {named.map((name) => {
          const value = params[name]
          return (
            value && (
              <li key={name} class="chip">
                {name} <Verbatim text={value} />
                <a href={pathTo('rejects', { ...params, [name]: '' })}>
                  <span aria-hidden="true">×</span>
                  <span class="unseen">Take the filter {name} off</span>
                </a>
              </li>
            )
          )
        })}
      </ul>
    </search>
  )
}
