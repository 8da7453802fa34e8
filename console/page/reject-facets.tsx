import type { ComponentChildren } from 'preact'
import type { Facets } from '../shapes.ts'
import { count } from './format.ts'
import { type Params, pathTo } from './router.ts'
import { Verbatim } from './text.tsx'

/** So many are listed; the others are found by what they are of. */
const LISTED = 40

interface RejectFacetsProps {
  params: Params
  facets: Facets | undefined
}

/** How many records are of which dataset, and broke which rule in which field: each a filter. */
export function RejectFacets({ params, facets }: RejectFacetsProps) {
  const { datasets = [], rules = [], uncounted = 0 } = facets ?? {}
  return (
    <aside class="facets" aria-label="Filters with counts">
      <details open={!matchMedia('(max-width: 860px)').matches}>
        <summary>By dataset and rule</summary>
        <h2>Dataset</h2>
        <ul>
          {datasets.slice(0, LISTED).map(({ dataset, records }) => {
            const isOn = params.dataset === dataset
            const path = pathTo('rejects', { ...params, dataset: isOn ? '' : dataset })
            return (
              <Facet key={dataset} path={path} isOn={isOn} records={records}>
                {dataset}
              </Facet>
            )
          })}
        </ul>
        <h2>Rule and field</h2>
        <ul>
          {rules.slice(0, LISTED).map(({ rule, field, records }) => {
            const isOn = params.rule === rule && (params.field ?? null) === field
            const chosen = isOn ? { rule: '', field: '' } : { rule, field: field ?? '' }
            const path = pathTo('rejects', { ...params, ...chosen })
            return (
              <Facet key={`${rule} ${field}`} path={path} isOn={isOn} records={records}>
                {rule}
                {field !== null && (
                  <strong>
                    <Verbatim text={field} />
                  </strong>
                )}
              </Facet>
            )
          })}
        </ul>
        {uncounted > 0 && (
          <p class="soft small">
            {count(uncounted)} more are not counted by rule: choose a dataset or an object.
          </p>
        )}
      </details>
    </aside>
  )
}

interface FacetProps {
  path: string
  isOn: boolean
  records: number
  children: ComponentChildren
}

function Facet({ path, isOn, records, children }: FacetProps) {
  return (
    <li>
      <a href={path} aria-current={isOn ? 'true' : undefined}>
        <span class="facet">{children}</span>
        <span class="number">{count(records)}</span>
      </a>
    </li>
  )
}
