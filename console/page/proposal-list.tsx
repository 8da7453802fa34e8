import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
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
  /** The package whose proposal was asked for: the page goes there. */
  asked?: string | undefined
}

/** What is proposed for held files; and, once accepted, what becomes of them. */
export function ProposalList({ of, asked }: ProposalListProps) {
  const answer = useAnswer<ProposalRow[]>('/api/proposals')
  const { data, error, reload } = answer
  useAgain(answer)
  const [accepted, setAccepted] = useState<AcceptAnswer[]>([])
  const ends = useEndsSince()
  useChanged(({ what }) => what !== 'stream' && reload())
  const shown = data?.filter(({ descriptor }) => of === undefined || descriptor === of) ?? []
  const isThere = shown.some((one) => one.package === asked)
  const isMissed = asked !== undefined && data !== undefined && !isThere && accepted.length === 0
  // What was there stays, and with it what somebody is being asked.
  return (
    <>
      {error && <Problem error={error} retry={reload} />}
      {accepted.map((answer) => (
        <Accepted key={answer.keys.join()} answer={answer} ends={ends.now} />
      ))}
      {isMissed && <Missed name={asked} />}
      {shown.map((proposal) => (
        <Asked key={proposal.key} isAsked={proposal.package === asked}>
          <ProposalPanel
            proposal={proposal}
            isAsked={ends.begin}
            onAccepted={(answer) => {
              setAccepted((before) => [answer, ...before])
              reload()
            }}
            onChanged={reload}
          />
        </Asked>
      ))}
    </>
  )
}

/** Who was led to a proposal sees it at once, and goes on by keys from there. */
function Asked({ isAsked, children }: { isAsked: boolean; children: ComponentChildren }) {
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (!isAsked) return
    place.current?.scrollIntoView()
    place.current?.focus({ preventScroll: true })
  }, [isAsked])
  return (
    <div ref={place} class="asked" tabIndex={isAsked ? -1 : undefined}>
      {children}
    </div>
  )
}

function Missed({ name }: { name: string }) {
  return (
    <div class="notice" data-tone="wait">
      <span>
        Nothing is proposed for <bdi>{name}</bdi>: it was accepted, or its files are gone or
        described by a contract. The page of the object says how it stands.
      </span>
    </div>
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
