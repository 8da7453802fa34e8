import type { DatasetDetail } from '../shapes.ts'
import { Share } from './dataset-share.tsx'
import { count } from './format.ts'
import { pathTo } from './router.ts'
import { When } from './when.tsx'

/** How the records of a dataset stand. */
export function Figures({ detail }: { detail: DatasetDetail }) {
  const { dataset, objects, records, accepted, rejected, waiting, mended, load, at } = detail
  return (
    <section class="panel" aria-label="How its records stand">
      <dl class="figures">
        <Figure name="Objects" value={objects} />
        <Figure name="Records" value={records} />
        <Figure name="Accepted" value={accepted} />
        <Figure name="Rejected" value={rejected} href={pathTo('rejects', { dataset })} tone="bad" />
        <div>
          <dt>Share rejected</dt>
          <dd>
            <Share part={rejected} of={records} />
          </dd>
        </div>
        <Figure
          name="Waiting"
          value={waiting}
          href={pathTo('rejects', { dataset, state: 'waiting' })}
          tone="wait"
        />
        <Figure
          name="Mended"
          value={mended}
          href={pathTo('rejects', { dataset, state: 'mended' })}
          tone="mend"
        />
        <div>
          <dt>Loaded as</dt>
          <dd>{load ?? <span class="zero">–</span>}</dd>
        </div>
        <div>
          <dt>Newest</dt>
          <dd>
            <When at={at} />
          </dd>
        </div>
      </dl>
    </section>
  )
}

interface FigureProps {
  name: string
  value: number
  /** Where those records are. */
  href?: string
  tone?: 'bad' | 'wait' | 'mend'
}

function Figure({ name, value, href, tone }: FigureProps) {
  const isLink = href !== undefined && value > 0
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {isLink ? (
          <a class={`count-${tone}`} href={href}>
            {count(value)}
          </a>
        ) : (
          <span class={value === 0 ? 'zero' : undefined}>{count(value)}</span>
        )}
      </dd>
    </div>
  )
}
