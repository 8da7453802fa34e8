import { useState } from 'preact/hooks'
import type { AcceptAnswer, ProposalRow } from '../shapes.ts'
import { ApiError, post } from './api.ts'
import { Dialog } from './dialog.tsx'
import { count } from './format.ts'
import { Problem } from './notice.tsx'
import { diffSummary } from './proposal-diff.ts'
import { DiffView } from './proposal-diff-view.tsx'
import { NothingProposed, ProposalFiles, Unproposed } from './proposal-files.tsx'

interface ProposalPanelProps {
  proposal: ProposalRow
  /** Before it is asked for. */
  isAsked: () => void
  onAccepted: (answer: AcceptAnswer) => void
  /** It is another one by now. */
  onChanged: () => void
}

/** What a package would say if its proposal were accepted, and the way to accept it. */
export function ProposalPanel({ proposal, ...on }: ProposalPanelProps) {
  // What was looked at is what is accepted: another one may come while somebody thinks it over.
  const [asked, setAsked] = useState<ProposalRow>()
  const [error, setError] = useState<Error>()
  // What lies in no package of its own has no name.
  const name = proposal.package || proposal.key
  const accept = async (seen: ProposalRow) => {
    setError(undefined)
    on.isAsked()
    try {
      on.onAccepted(await post<AcceptAnswer>('/api/accept', askedOf(seen)))
    } catch (thrown) {
      if (!(thrown instanceof ApiError)) throw thrown
      setError(thrown.status === 409 ? new Error(`${changed} (${thrown.message})`) : thrown)
      if (thrown.status === 409) on.onChanged()
    }
  }
  const isNothing = proposal.diff.length === 0 && proposal.without.length > 0
  if (isNothing) return <NothingProposed proposal={proposal} />
  return (
    <section class="panel proposal" aria-label={`Proposal for ${name}`}>
      <header>
        <h2>
          Proposal for <bdi>{name}</bdi>
        </h2>
        <button
          type="button"
          class="primary"
          disabled={proposal.broken !== null}
          onClick={() => setAsked(proposal)}
        >
          Accept…
        </button>
      </header>
      <div class="inside stack">
        {error && <Problem error={error} />}
        {proposal.broken && <Problem error={new Error(`${cannot}: ${proposal.broken}`)} />}
        <ProposalFiles proposal={proposal} />
        <Unproposed without={proposal.without} />
        <p class="soft small">
          <bdi>{proposal.descriptor}</bdi> as it would be: {diffSummary(proposal.diff)}.
        </p>
        <DiffView label={`Difference of ${proposal.descriptor}`} lines={proposal.diff} />
      </div>
      {asked && (
        <Confirm
          proposal={asked}
          close={() => setAsked(undefined)}
          accept={() => void accept(asked)}
        />
      )}
    </section>
  )
}

const cannot = 'It cannot be accepted as it stands'
const changed = 'Nothing was accepted, as the proposal has changed: look at it as it is now.'

function askedOf({ package: name, etag }: ProposalRow) {
  return { package: name, etag }
}

interface ConfirmProps {
  proposal: ProposalRow
  close: () => void
  accept: () => void
}

function Confirm({ proposal: { descriptor, files }, close, accept }: ConfirmProps) {
  const held = files.length === 1 ? 'the held file is' : `the ${count(files.length)} held files are`
  return (
    <Dialog title="Accept the proposal?" close={close}>
      <p>
        <strong>{descriptor}</strong> will be as it is shown here, and {held} loaded by it. It can
        be changed at any time; rows that are loaded by then stay as they are until their file comes
        anew.
      </p>
      <div class="actions">
        <button
          type="button"
          class="primary"
          onClick={() => {
            close()
            accept()
          }}
        >
          Accept
        </button>
        <button type="button" onClick={close}>
          Not now
        </button>
      </div>
    </Dialog>
  )
}
