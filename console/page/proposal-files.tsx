import type { ProposalRow } from '../shapes.ts'
import { count } from './format.ts'
import { pathTo } from './router.ts'

/** The held files that a proposal names, and what its contract would make of their records. */
export function ProposalFiles({ proposal: { files, remarks } }: { proposal: ProposalRow }) {
  if (files.length === 0) return null
  return (
    <>
      <p class="small">
        {files.length === 1 ? 'One file is held' : `${count(files.length)} files are held`} for want
        of a contract:
      </p>
      <ul class="keys-list">
        {files.map((key) => (
          <li key={key}>
            <a href={pathTo('object', { key })}>
              <bdi>{key}</bdi>
            </a>
            <Found lines={remarks?.filter((one) => one.key === key).map(({ text }) => text)} />
          </li>
        ))}
      </ul>
      {remarks === null && (
        <p class="soft small">
          It was edited since it was proposed: <code>sluice plan {files[0]}</code> tells what it
          would accept and reject.
        </p>
      )}
    </>
  )
}

function Found({ lines = [] }: { lines: string[] | undefined }) {
  const [first, ...rules] = lines
  if (first === undefined) return null
  return (
    <div class="small found">
      <span>{first}</span>
      {rules.length > 0 && (
        <ul>
          {rules.map((rule) => (
            <li key={rule}>
              <bdi>{rule}</bdi>
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}

/** Files that are held without a proposal, and why. */
export function Unproposed({ without }: Pick<ProposalRow, 'without'>) {
  if (without.length === 0) return null
  return (
    <>
      <p class="small">
        {without.length === 1 ? 'One file is' : `${count(without.length)} files are`} held without a
        proposal:
      </p>
      <ul class="keys-list">
        {without.map(({ key, why }) => (
          <li key={key}>
            <a href={pathTo('object', { key })}>
              <bdi>{key}</bdi>
            </a>
            <Found lines={[why]} />
          </li>
        ))}
      </ul>
    </>
  )
}

/** Of a folder for whose files no contract can be proposed. */
export function NothingProposed({ proposal }: { proposal: ProposalRow }) {
  const name = proposal.package || proposal.key
  return (
    <section class="panel proposal" aria-label={`No proposal for ${name}`}>
      <header>
        <h2>
          No proposal for <bdi>{name}</bdi>
        </h2>
      </header>
      <div class="inside stack">
        <Unproposed without={proposal.without} />
      </div>
    </section>
  )
}
