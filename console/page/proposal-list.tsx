import { useRef, useState } from 'preact/hooks'
import type { AcceptAnswer, LiveEvents, ProposalRow } from '../shapes.ts'
import { useAgain } from './dataset-again.ts'
import { useChanged, useEnds } from './live.ts'
import { Problem } from './notice.tsx'
import { Accepted } from './proposal-accepted.tsx'
import { ProposalPanel } from './proposal-panel.tsx'
import { useAnswer } from './use-answer.ts'

type End = LiveEvents['end']

interface ProposalListProps {
  /** Of one descriptor only: `bronze/shop/datapackage.yaml`. */
  of?: string
}

/** What is proposed for held files; and, once accepted, what becomes of them. */
export function ProposalList({ of }: ProposalListProps) {
  const answer = useAnswer<ProposalRow[]>('/api/proposals')
  const { data, error, reload } = answer
  useAgain(answer)
  const [accepted, setAccepted] = useState<AcceptAnswer[]>([])
  const ends = useEndsSince()
  useChanged(({ what }) => what !== 'stream' && reload())
  const shown = data?.filter(({ descriptor }) => of === undefined || descriptor === of) ?? []
  // What was there stays, and with it what somebody is being asked.
  return (
    <>
      {error && <Problem error={error} retry={reload} />}
      {accepted.map((answer) => (
        <Accepted key={answer.keys.join()} answer={answer} ends={ends.now} />
      ))}
      {shown.map((proposal) => (
        <ProposalPanel
          key={proposal.key}
          proposal={proposal}
          isAsked={ends.begin}
          onAccepted={(answer) => {
            setAccepted((before) => [answer, ...before])
            reload()
          }}
          onChanged={reload}
        />
      ))}
    </>
  )
}

/** Ends since somebody has accepted: an object may end before that is answered. */
function useEndsSince(): { now: End[]; begin: () => void } {
  const [now, setNow] = useState<End[]>([])
  const isOn = useRef(false)
  useEnds((some) => isOn.current && setNow((before) => [...before, ...some]))
  const begin = () => {
    isOn.current = true
  }
  return { now, begin }
}
