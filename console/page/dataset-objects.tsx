import type { DatasetDetail } from '../shapes.ts'
import { Badge } from './badge.tsx'
import { pathTo } from './router.ts'
import { When } from './when.tsx'

/** Objects of a dataset that a person should look at, with why. */

export function StuckPanel({ stuck }: { stuck: DatasetDetail['stuck'] }) {
  if (stuck.length === 0) return null
  return (
    <section class="panel" aria-labelledby="stuck">
      <header>
        <h2 id="stuck">Not loaded</h2>
      </header>
      <ul class="inside told-list">
        {stuck.map(({ object, status, reason }) => (
          <li key={object}>
            <ObjectLink object={object} /> <Badge status={status} />
            {reason && <p>{reason}</p>}
          </li>
        ))}
      </ul>
    </section>
  )
}

export function DriftPanel({ drift }: { drift: DatasetDetail['drift'] }) {
  return (
    <section class="panel" aria-labelledby="drift">
      <header>
        <h2 id="drift">Drift of headers</h2>
      </header>
      {drift.length === 0 && (
        <p class="inside soft">None: every header was as the contract has it.</p>
      )}
      {drift.length > 0 && (
        <ul class="inside told-list">
          {drift.map(({ object, at, told }, index) => (
            <li key={`${index} ${object}`}>
              <ObjectLink object={object} />{' '}
              <span class="soft small">
                <When at={at} />
              </span>
              <p>{told}</p>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

function ObjectLink({ object }: { object: string }) {
  return (
    <a href={pathTo('object', { key: object })}>
      <bdi>{object}</bdi>
    </a>
  )
}
