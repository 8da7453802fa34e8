import type { ObjectDetail, Stage, StageEnd } from '../shapes.ts'
import { Badge } from './badge.tsx'
import { Bar } from './bar.tsx'
import { count, duration } from './format.ts'
import { pathTo } from './router.ts'
import { stageNames } from './stage.ts'
import { When } from './when.tsx'

/** How each stage has ended, with the records adding up. */
export function StageEnds({ object }: { object: ObjectDetail }) {
  const { raw, silver, stream, object: key } = object
  const ends: [Stage, StageEnd | null][] = [
    ['raw-ingestion', raw],
    ['silver', silver],
    ['streaming', stream],
  ]
  return (
    <ul class="stages" aria-label="Stages">
      {ends.map(
        ([stage, end]) => end && <StagePanel key={stage} {...{ stage, end, object: key }} />,
      )}
    </ul>
  )
}

function StagePanel({ stage, end, object }: { stage: Stage; end: StageEnd; object: string }) {
  const { status, at, seconds } = end
  return (
    <li class="panel stage">
      <div class="view-head">
        <h2>{stageNames[stage]}</h2>
        <Badge status={status} />
      </div>
      {(status === 'loaded' || status === 'published' || end.records > 0) && (
        <Sum end={end} object={object} />
      )}
      <p class="soft small">
        <When at={at} />
        {seconds !== null && `, in ${duration(seconds)}`}
      </p>
    </li>
  )
}

/** records = accepted + rejected + waiting + mended, as a bar and in numbers. */
function Sum({ end, object }: { end: StageEnd; object: string }) {
  const { records, accepted, rejected, waiting, mended } = end
  const parts = [
    { label: 'accepted', tone: 'good', size: accepted, path: undefined },
    { label: 'rejected', tone: 'bad', size: rejected, path: pathTo('rejects', { object }) },
    {
      label: 'waiting',
      tone: 'wait',
      size: waiting,
      path: pathTo('rejects', { object, state: 'waiting' }),
    },
    {
      label: 'mended',
      tone: 'mend',
      size: mended,
      path: pathTo('rejects', { object, state: 'mended' }),
    },
  ] as const
  const shown = parts.filter(({ label, size }) => size > 0 || label === 'accepted')
  return (
    <div class="sum">
      <Bar parts={[...parts]} of={records} />
      <p>
        <strong>{count(records)}</strong> {records === 1 ? 'record' : 'records'}
        {shown.map(({ label, tone, size, path }, index) => (
          <span key={label} class="term" data-tone={tone}>
            {index === 0 ? ' = ' : ' + '}
            {path ? (
              <a href={path}>
                <strong>{count(size)}</strong> {label}
              </a>
            ) : (
              <span>
                <strong>{count(size)}</strong> {label}
              </span>
            )}
          </span>
        ))}
      </p>
    </div>
  )
}
