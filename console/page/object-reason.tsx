import type { ObjectDetail } from '../shapes.ts'
import { count } from './format.ts'
import { isProposed, proposalPath } from './proposal-link.ts'
import { pathTo } from './router.ts'
import { stageNames } from './stage.ts'
import { Verbatim } from './text.tsx'
import { When } from './when.tsx'

const tones = { refused: 'bad', failed: 'bad', held: 'wait' } as const

/** What happens next, where it was not taken. */
const next = {
  refused: 'It has changed nothing. It is looked at again when its contract or the file changes.',
  failed: 'This is no fault of the file: it is tried again.',
  held: 'It waits for a contract, and is loaded as soon as there is one.',
}

/** Why an object was not taken as it is, and the cure; or what else is worth knowing of it. */
export function ObjectReason({ object }: { object: ObjectDetail }) {
  const { raw, silver, stream, dataset, unseen } = object
  const ends = [raw, silver, stream].filter((end) => end?.reason)
  const told = Map.groupBy(ends, (end) => `${end!.status}\n${end!.reason}`)
  return (
    <>
      {unseen && <Unseen {...unseen} />}
      {[...told.values()].map(([end]) => {
        const { status, reason } = end!
        const bad = status === 'refused' || status === 'failed' || status === 'held' ? status : null
        return (
          <div key={`${status} ${reason}`} class="notice" data-tone={bad ? tones[bad] : undefined}>
            <div class="reason-text">
              <p>
                <Verbatim text={reason!} keep={'\n'} />
              </p>
              {bad && <p class="soft">{next[bad]}</p>}
            </div>
            {isProposed(end) && (
              <a class="button" href={proposalPath(object.object)}>
                See the proposed contract
              </a>
            )}
            {bad === 'refused' && dataset && (
              <a class="button" href={pathTo('dataset', { name: dataset })}>
                See the contract
              </a>
            )}
          </div>
        )
      })}
    </>
  )
}

/** It lies there, and that is all that is known of it, or of this version of it. */
function Unseen({ stages, changed, failure, next }: NonNullable<ObjectDetail['unseen']>) {
  const names = stages.map((stage) => stageNames[stage]).join(', ')
  return (
    <div class="notice" data-tone="wait">
      <div class="reason-text">
        <p>
          {changed
            ? `The file was changed since it was taken: ${names}.`
            : `This file is not taken yet: ${names}.`}
        </p>
        {failure && (
          <p>
            Its load failed {failure.tries === 1 ? 'once' : `${count(failure.tries)} times`}, the
            last time <When at={failure.at} />: <Verbatim text={failure.reason} />
          </p>
        )}
        <p class="soft">
          Where <code>sluice start</code> runs, or functions load the lake, it is taken within
          moments. Where nobody runs, its event was lost, or its load fails, this takes it, or says
          why: <code>{next}</code>
        </p>
      </div>
    </div>
  )
}
