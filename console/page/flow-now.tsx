import type { ComponentChildren } from 'preact'
import type { Flow, StageNow } from '../shapes.ts'
import { count, percent } from './format.ts'
import { useFlow } from './live.ts'
import { Busy } from './notice.tsx'
import { pathTo } from './router.ts'
import { stageNames } from './stage.ts'
import { KeyText } from './text.tsx'
import { Since, When } from './when.tsx'

/** Of what runs at once in a stage, so many are named. */
const NAMED = 4

/** The stages at work, and what they have made of the records so far. */
export function FlowNow() {
  const flow = useFlow()
  if (!flow) return <Busy what="Waiting for the flow" />
  return (
    <section class="now" aria-label="Now">
      <Progress flow={flow} />
      <Totals flow={flow} />
      <ul class="stages">
        {flow.stages.map((stage) => (
          <StageCard key={stage.stage} stage={stage} committed={flow.committed} />
        ))}
      </ul>
    </section>
  )
}

function Progress({ flow: { progress, arriving, at } }: { flow: Flow }) {
  const isAtRest = progress === null
  return (
    <div class="progress">
      <span>
        {isAtRest ? (
          <>
            At rest{at && ', last end '}
            {at && <When at={at} />}
          </>
        ) : (
          `At work: ${percent(progress)} done`
        )}
        {arriving ? `, ${count(arriving)} to come` : ''}
      </span>
      <span>Records of Bronze as Postgres has them, others as the stream has them</span>
      <progress max={1} value={isAtRest ? 1 : progress} data-rest={isAtRest ? '' : undefined}>
        {isAtRest ? 'At rest' : percent(progress)}
      </progress>
    </div>
  )
}

function Totals({ flow: { rate, records, objects } }: { flow: Flow }) {
  const { loaded, published, refused, held } = objects
  return (
    <dl class="totals">
      <Total label="Objects">
        {count(loaded + published + refused + held)}
        {published > 0 && <Aside status="published" number={published} tone="wait" />}
        {refused > 0 && <Aside status="refused" number={refused} tone="bad" />}
        {held > 0 && <Aside status="held" number={held} tone="wait" />}
      </Total>
      <Total label="Records">{count(records.all)}</Total>
      <Total label="Accepted">{count(records.accepted)}</Total>
      <Total label="Rejected" tone={records.rejected > 0 ? 'bad' : undefined}>
        <a href={pathTo('rejects')}>{count(records.rejected)}</a>
      </Total>
      <Total label="Waiting for a parent" tone={records.waiting > 0 ? 'wait' : undefined}>
        <a href={pathTo('rejects', { state: 'waiting' })}>{count(records.waiting)}</a>
      </Total>
      <Total label="Mended" tone={records.mended > 0 ? 'mend' : undefined}>
        <a href={pathTo('rejects', { state: 'mended' })}>{count(records.mended)}</a>
      </Total>
      <Total label="Records a second">{count(Math.round(rate))}</Total>
    </dl>
  )
}

interface TotalProps {
  label: string
  tone?: string | undefined
  children: ComponentChildren
}

function Total({ label, tone, children }: TotalProps) {
  return (
    <div>
      <dt>{label}</dt>
      <dd data-tone={tone}>{children}</dd>
    </div>
  )
}

function Aside({ status, number, tone }: { status: string; number: number; tone: string }) {
  return (
    <a class="badge" data-tone={tone} href={pathTo('flow', { status })}>
      {count(number)} {status}
    </a>
  )
}

interface CardProps {
  stage: StageNow
  /** By streams alone. */
  committed: Flow['committed']
}

function StageCard({ stage, committed }: CardProps) {
  const { waiting, running, done, failed } = stage
  const isKnown = running !== null
  return (
    <li class="panel stage" data-busy={running && running.length > 0 ? '' : undefined}>
      <h2>{stageNames[stage.stage]}</h2>
      <dl>
        <Step label="Waiting" number={waiting} />
        <Step label="Running" number={running?.length ?? null} />
        <Step label="Done" number={done} />
        <Step label="Failed" number={failed} tone={failed > 0 ? 'bad' : undefined} />
      </dl>
      <ul class="running">
        {running?.slice(0, NAMED).map(({ object, since }) => (
          <li key={object}>
            <a href={pathTo('object', { key: object })}>
              <KeyText text={object} />
            </a>
            <Since at={since} />
          </li>
        ))}
        {running && running.length > NAMED && (
          <li class="soft">and {count(running.length - NAMED)} more</li>
        )}
        {running?.length === 0 && <li class="soft">Nothing runs</li>}
        {!isKnown && <li class="soft">Another process does this work</li>}
      </ul>
      {stage.stage === 'streaming' && committed && <Committed {...committed} />}
    </li>
  )
}

/** Objects that were published are among them, and what other producers have sent, too. */
function Committed({ records, rejected }: NonNullable<Flow['committed']>) {
  return (
    <p class="soft small">
      Committed by all shards: <a href={pathTo('streams')}>{count(records)} records</a>
      {rejected > 0 && `, ${count(rejected)} of them quarantined`}
    </p>
  )
}

interface StepProps {
  label: string
  /** null: not known here. */
  number: number | null
  tone?: string | undefined
}

function Step({ label, number, tone }: StepProps) {
  return (
    <div>
      <dt>{label}</dt>
      <dd data-tone={tone} class={number ? undefined : 'zero'}>
        {number === null ? '–' : count(number)}
      </dd>
    </div>
  )
}
