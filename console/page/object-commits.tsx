import type { ObjectDetail } from '../shapes.ts'
import { stageNames } from './stage.ts'
import { Verbatim } from './text.tsx'

/** The one fact that makes an object's output final, of each stage: as words, and as it stands. */
export function Commits({ commits }: { commits: ObjectDetail['commits'] }) {
  if (commits.length === 0) return null
  return (
    <section class="panel" aria-label="Commit records">
      <header>
        <h2>Commit records</h2>
      </header>
      <div class="inside commits">
        {commits.map(({ stage, record }) => (
          <article key={stage}>
            <h3>{stageNames[stage]}</h3>
            <Facts record={record} />
            <details>
              <summary>As JSON</summary>
              <pre class="json">
                <Verbatim text={JSON.stringify(record, null, 2)} keep={'\n'} />
              </pre>
            </details>
          </article>
        ))}
      </div>
    </section>
  )
}

/** Beyond it a value is only told as JSON. */
const LONG = 300

function Facts({ record }: { record: unknown }) {
  return (
    <dl class="record">
      {factsOf(record).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <Verbatim text={value.length > LONG ? `${value.slice(0, LONG)}…` : value} />
          </dd>
        </div>
      ))}
    </dl>
  )
}

/** Names and values, those of parts by their path: `state.files` */
function factsOf(record: unknown, path = ''): [string, string][] {
  if (record === null || record === undefined || record === '') return []
  if (Array.isArray(record)) return record.length > 0 ? [[path, listed(record)]] : []
  if (typeof record !== 'object') return [[path, String(record)]]
  return Object.entries(record).flatMap(([name, value]) => {
    return factsOf(value, path ? `${path}.${name}` : name)
  })
}

function listed(values: unknown[]): string {
  const isPlain = values.every((value) => typeof value !== 'object')
  return isPlain ? values.join(', ') : JSON.stringify(values)
}
