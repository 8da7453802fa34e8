import type { LiveEvents, Stage } from '../shapes.ts'
import { Badge } from './badge.tsx'
import { DropFate } from './drop-fate.tsx'
import { bytes, count, percent } from './format.ts'
import { isProposed } from './held.ts'
import { pathTo } from './router.ts'
import { stageNames } from './stage.ts'
import { KeyText } from './text.tsx'
import { type Drop, type Goal, keyOf } from './use-drops.ts'

interface DropRowProps {
  drop: Drop
  goal: Goal
  onName: (name: string) => void
  onReplace: () => void
}

/** One file: where it goes, how far it is, and what became of it. */
export function DropRow({ drop, goal, onName, onReplace }: DropRowProps) {
  const { name, state, sent, problem, refusal } = drop
  const isAsked = state === 'ready' || state === 'taken'
  const key = (!isAsked && drop.key) || keyOf(goal, name)
  const wrong = problem ?? refusal
  return (
    <li>
      {isAsked && <NameField drop={drop} onName={onName} />}
      <p class={isAsked ? 'soft small' : 'drop-key'}>
        {isAsked && 'It becomes '}
        <span class="mono">
          <KeyText text={key} />
        </span>
      </p>
      {state === 'sending' && (
        <progress max={1} value={sent} aria-label={`Sending ${name}`}>
          {percent(sent)}
        </progress>
      )}
      {state === 'ready' && wrong && <p class="problem">{wrong}</p>}
      {state === 'ready' && !wrong && <DropFate goal={goal} name={name} onName={onName} />}
      {state === 'taken' && <Taken drop={drop} onReplace={onReplace} />}
      {state === 'landed' && <Fate drop={drop} goal={goal} />}
    </li>
  )
}

function NameField({ drop: { file, name }, onName }: Pick<DropRowProps, 'drop' | 'onName'>) {
  return (
    <label class="field">
      <span>
        Name of {file.name} ({bytes(file.size)})
      </span>
      <input
        autocomplete="off"
        spellcheck={false}
        value={name}
        onInput={({ currentTarget }) => onName(currentTarget.value)}
      />
    </label>
  )
}

function Taken({ drop: { there, refusal }, onReplace }: Pick<DropRowProps, 'drop' | 'onReplace'>) {
  return (
    <div class="notice" data-tone="wait" role="alert">
      <span>
        {refusal}
        {there !== null && '. Its rows would give way to those of this file.'}
      </span>
      <button type="button" onClick={onReplace}>
        {there === null ? 'Add it all the same' : 'Replace it'}
      </button>
    </div>
  )
}

const inOrder: Stage[] = ['raw-ingestion', 'silver', 'streaming']

/** What each stage made of it, as it is told. */
function Fate({ drop: { key, ends }, goal }: { drop: Drop; goal: Goal }) {
  const told = inOrder.flatMap((stage) => ends[stage] ?? [])
  return (
    <div class="fate" role="status">
      {told.length === 0 && <p class="soft">It has landed, and waits for its turn…</p>}
      {told.map((end, index) => {
        const isSame = ({ status, reason }: typeof end) =>
          reason === end.reason || (status === 'held' && end.status === 'held')
        const isSaid = told.slice(0, index).some(isSame)
        return <StageFate key={end.stage} end={end} reason={isSaid ? undefined : end.reason} />
      })}
      <p class="actions small">
        <a href={pathTo('object', { key })}>All about this object</a>
        {told.some(({ rejected }) => rejected > 0) && (
          <a href={pathTo('rejects', { object: key })}>Its rejects</a>
        )}
        {told.some(({ status, reason }) => status === 'held' && isProposed(reason)) && (
          <a href={pathTo('datasets', { proposal: goal.folder.trim() })}>
            The contract that is proposed
          </a>
        )}
      </p>
    </div>
  )
}

interface StageFateProps {
  end: LiveEvents['end']
  /** Why, where no other stage has said so. */
  reason: string | undefined
}

function StageFate({ end, reason }: StageFateProps) {
  const { stage, status, records, accepted, rejected, waiting } = end
  const isTaken = status !== 'refused' && status !== 'held' && status !== 'failed'
  const left = [rejected > 0 && `${count(rejected)} rejected`]
  if (waiting > 0) left.push(`${count(waiting)} waiting`)
  return (
    <>
      <p>
        {stageNames[stage]} <Badge status={status} />{' '}
        {isTaken && (
          <span>
            {count(records)} records:{' '}
            {[`${count(accepted)} accepted`, ...left].filter(Boolean).join(', ')}
          </span>
        )}
      </p>
      {reason && <p class="small soft fate-reason">{reason}</p>}
    </>
  )
}
