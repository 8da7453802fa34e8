import { acceptCommand, proposalKey } from './infer/proposal.ts'

/** Why an object that no contract names is held, and what to do: in the same words everywhere. */

const none = 'no contract names it'

/** A contract is proposed in its folder. */
export function heldWithProposal(folder: string): string {
  const accept = `\`${acceptCommand(folder)}\` lets it through`
  return `${none}; one is proposed in ${proposalKey(folder)}: ${accept}; or ${describeIn(folder)}`
}

/** As a stage says that does not know what raw-ingestion has proposed, or will. */
export function heldUnproposed(folder: string): string {
  const key = proposalKey(folder)
  return `${none}; raw-ingestion proposes one in ${key}, or says why not; or ${describeIn(folder)}`
}

/** Nothing is proposed for it. */
export function heldWithout(why: string): string {
  return `${none}, and none is proposed: ${why}`
}

/** It is not looked at for one, here. */
export function heldUnlooked(reason: string): string {
  return `${none}; ${reason}`
}

/** Why nothing can be proposed for a file, and what to do. */
export function unfit(folder: string, why: string): string {
  return `${why}; mend the file, or ${describeIn(folder)}`
}

export function describeIn(folder: string): string {
  return `describe it as a resource in ${folder}/datapackage.yaml`
}
