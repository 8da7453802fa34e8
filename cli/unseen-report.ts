import type { Failure } from '../core/database/failures.ts'
import { shellWord } from '../core/shell-word.ts'
import type { Unseen } from '../local/unseen.ts'
import { commandAsCalled, type Given } from './called.ts'
import { plain } from './shown.ts'

/** How objects that no stage has looked at are told, and the command that takes each. */

export function unseenLine({ stages, ...one }: Unseen, given: Given): string {
  const next = commandAsCalled(nextFor({ ...one, stages }), given)
  return JSON.stringify({ ...one, unseen: stages, next })
}

/** So many are told one by one; `--json` tells all. */
const SHOWN = 20

/** A line for each of the first, then what takes them. */
export function toldOfUnseen(unseen: Unseen[], given: Given): string {
  const lines = unseen.slice(0, SHOWN).map(({ object, stages, changed, failure }) => {
    const what = changed ? 'changed since it was taken' : 'not taken yet'
    const why = failure ? `; ${failureText(failure)}` : ''
    return plain(`${object}: ${what} (${stages.join(', ')})${why}`)
  })
  const left = unseen.length - lines.length
  const count = unseen.length.toLocaleString('en')
  const head = `${count} ${unseen.length === 1 ? 'object is' : 'objects are'} yet to be taken`
  const command = commandAsCalled('sluice start', given)
  const start = `\`${command}\` takes ${unseen.length === 1 ? 'it' : 'all'}`
  const once = 'by itself where it runs; with `--once` it ends then'
  const first = unseen.find((one) => lacksLoad(one))
  const one = first ? `, or \`${plain(commandAsCalled(nextFor(first), given))}\`` : ''
  return [
    ...lines,
    ...(left > 0 ? [`and ${left.toLocaleString('en')} more; \`--json\` tells all`] : []),
    `${head}: ${start} (${once})${one}.`,
  ].join('\n')
}

/** `its load failed 3 times, last at 2026-03-14T09:30:00.000Z: …` */
function failureText({ reason, tries, at }: Failure): string {
  const often = tries === 1 ? `at ${at}` : `${tries} times, last at ${at}`
  return `its load failed ${often}: ${reason}`
}

function nextFor(one: Unseen): string {
  return lacksLoad(one) ? `sluice ingest ${shellWord(one.object)}` : 'sluice start --once'
}

/** Whether a load is what it lacks; to be published is another thing. */
function lacksLoad({ stages }: Unseen): boolean {
  return stages.some((stage) => stage !== 'streaming')
}
