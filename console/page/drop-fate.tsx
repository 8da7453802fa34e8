import { useEffect, useState } from 'preact/hooks'
import type { DropGoal } from '../shapes.ts'
import { pathWith } from './api.ts'
import { bytes } from './format.ts'
import { stageNames } from './stage.ts'
import { KeyText } from './text.tsx'
import { useAnswer } from './use-answer.ts'
import { type Goal, keyOf } from './use-drops.ts'
import { When } from './when.tsx'

interface DropFateProps {
  goal: Goal
  name: string
  onName: (name: string) => void
}

/** Nobody is asked at each key that is typed: so long after the last one. */
const PAUSE_MS = 250

const inWords = new Intl.ListFormat('en')

/** What would become of a file, told before it is sent: who takes it, and what it would replace. */
export function DropFate({ goal, name, onName }: DropFateProps) {
  const { tree, folder } = goal
  const isWhole = folder.trim() !== '' && name.trim() !== ''
  const asked = { tree, package: folder.trim(), name: name.trim() }
  const path = useRested(isWhole ? pathWith('/api/drop/goal', asked) : null)
  const { data, error } = useAnswer<DropGoal>(path)
  const isNow = data?.key === keyOf(goal, name)
  if (!isWhole || (!isNow && !error)) return <div class="goal" role="status" />
  return (
    <div class="goal" role="status">
      {error && <p class="problem">{error.message}</p>}
      {!error && data && (
        <>
          <Becomes goal={data} />
          {data.offers.length > 0 && <Offers goal={data} onName={onName} />}
          {data.there && <There goal={data} there={data.there} />}
        </>
      )}
    </div>
  )
}

function Becomes({ goal: { becomes, dataset, stages, load, why } }: { goal: DropGoal }) {
  if (becomes === 'contract') return <p>It is no table: {why}.</p>
  if (becomes !== 'loaded') {
    return (
      <p data-tone={becomes === 'held' ? 'wait' : 'bad'}>
        It would be {becomes}: {why}
      </p>
    )
  }
  return (
    <p data-tone="good">
      <strong>{dataset}</strong> takes it, into{' '}
      {inWords.format(stages.map((stage) => stageNames[stage]))}.
      {load === 'replace' && ' Its rows take the place of all that the dataset has.'}
    </p>
  )
}

/** Where a contract is that would take it. */
function Offers({ goal: { offers }, onName }: Pick<DropFateProps, 'onName'> & { goal: DropGoal }) {
  return (
    <div class="offers">
      <span class="soft">Or put it where a contract takes it:</span>
      {offers.map(({ name, dataset }) => (
        <button key={name} type="button" onClick={() => onName(name)}>
          <span class="mono">
            <KeyText text={name} />
          </span>{' '}
          → {dataset}
        </button>
      ))}
    </div>
  )
}

function There({ goal, there }: { goal: DropGoal; there: NonNullable<DropGoal['there']> }) {
  return (
    <p data-tone="wait">
      A file of {bytes(there.size)} has this key already, last modified <When at={there.modified} />
      .{' '}
      {goal.stages.includes('streaming')
        ? 'A stream takes nothing back: other content under the same key is refused.'
        : 'This one would replace it, as its newer version: you are asked first.'}
    </p>
  )
}

/** A value once it has been the same for a moment. */
function useRested<T>(value: T): T {
  const [rested, setRested] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), PAUSE_MS)
    return () => clearTimeout(timer)
  }, [value])
  return rested
}
