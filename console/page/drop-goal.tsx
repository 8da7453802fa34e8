import { useEffect, useState } from 'preact/hooks'
import type { DatasetRow } from '../shapes.ts'
import type { Tree } from './upload.ts'
import { useAnswer } from './use-answer.ts'
import type { Goal } from './use-drops.ts'

interface GoalFieldsProps {
  goal: Goal
  isFixed: boolean
  onGoal: (goal: Goal) => void
}

/** Asks in which folder of the lake files go: one of those that have a contract, or a new one. */
export function GoalFields({ goal, isFixed, onGoal }: GoalFieldsProps) {
  const packages = usePackages(goal.tree)
  const [only] = packages.length === 1 ? packages : []
  useEffect(() => {
    if (only && !goal.folder) onGoal({ ...goal, folder: only })
  }, [only])
  return (
    <>
      <fieldset class="trees" disabled={isFixed}>
        <legend>They are</legend>
        {trees.map(({ tree, label }) => (
          <label key={tree}>
            <input
              type="radio"
              name="tree"
              checked={goal.tree === tree}
              onChange={() => onGoal({ ...goal, tree })}
            />
            {label}
          </label>
        ))}
      </fieldset>
      <label class="field">
        <span>Package: the folder below {goal.tree}/, known or new</span>
        <input
          required
          list="packages"
          autocomplete="off"
          spellcheck={false}
          placeholder={packages[0] ?? 'shop'}
          value={goal.folder}
          readOnly={isFixed}
          onInput={({ currentTarget }) => onGoal({ ...goal, folder: currentTarget.value })}
        />
        <datalist id="packages">
          {packages.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      </label>
    </>
  )
}

const trees: { tree: Tree; label: string }[] = [
  { tree: 'bronze', label: 'tables, for Postgres and Silver' },
  { tree: 'streaming', label: 'events, for the stream' },
]

/** Lines of JSON can only be events. */
export function useGoal(files: File[]): [Goal, (goal: Goal) => void] {
  return useState<Goal>(() => {
    const areLines = files.every(({ name }) => /\.(ndjson|jsonl)(\.(gz|zst))?$/i.test(name))
    return { tree: areLines ? 'streaming' : 'bronze', folder: '' }
  })
}

/** Folders below it that have a descriptor. */
function usePackages(tree: Tree): string[] {
  const { data } = useAnswer<DatasetRow[]>('/api/datasets')
  const folders = (data ?? []).flatMap(({ file }) => {
    const parts = file?.split('/') ?? []
    return parts[0] === tree && parts.length > 2 ? parts.slice(1, -1).join('/') : []
  })
  return [...new Set(folders)].toSorted()
}
