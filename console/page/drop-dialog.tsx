import type { Place } from '../shapes.ts'
import { Dialog } from './dialog.tsx'
import { GoalFields, useGoal } from './drop-goal.tsx'
import { DropRow } from './drop-row.tsx'
import { bytes, count } from './format.ts'
import { useAnswer } from './use-answer.ts'
import { type Drop, useDrops } from './use-drops.ts'

interface DropDialogProps {
  files: File[]
  close: () => void
}

/** Asks where files go, sends them there, and tells what becomes of each. */
export function DropDialog({ files, close }: DropDialogProps) {
  const { data: place } = useAnswer<Place>('/api/place')
  const { drops, rename, sendAll, replace, isSending } = useDrops(files, place?.uploadLimit)
  const [goal, setGoal] = useGoal(files)
  const ready = drops.filter((drop) => drop.state === 'ready' && !drop.problem)
  const isBegun = drops.some(({ state }) => state === 'sending' || state === 'landed')
  return (
    <Dialog title={title(files)} close={close} keep={isSending}>
      <form
        class="drop"
        onSubmit={(event) => {
          event.preventDefault()
          void sendAll(goal)
        }}
      >
        <GoalFields goal={goal} isFixed={isBegun} onGoal={setGoal} />
        {place && (
          <p class="soft small">
            A file of up to {bytes(place.uploadLimit)} goes from here; a larger one is copied into
            the lake itself.
          </p>
        )}
        <ul class="drops">
          {drops.map((drop, index) => (
            <DropRow
              key={index}
              drop={drop}
              goal={goal}
              onName={(name) => rename(index, name)}
              onReplace={() => void replace(index, goal)}
            />
          ))}
        </ul>
        {ready.length > 0 && (
          <div class="actions">
            <button type="submit" class="primary" disabled={isSending || !goal.folder.trim()}>
              {addLabel(ready)}
            </button>
          </div>
        )}
      </form>
    </Dialog>
  )
}

function title(files: File[]): string {
  return files.length === 1 ? 'Add a file' : `Add ${count(files.length)} files`
}

function addLabel(ready: Drop[]): string {
  const size = bytes(ready.reduce((sum, { file }) => sum + file.size, 0))
  return ready.length === 1 ? `Add it (${size})` : `Add ${count(ready.length)} files (${size})`
}
