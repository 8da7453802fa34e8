import { acceptCommand, proposalKey } from './proposal.ts'

/** Why an object that no contract names is held, and what to do: in the same words everywhere. */

const none = 'no contract names it'

/** A contract is proposed in its folder. */
export function heldWithProposal(folder: string): string {
  const accept = `\`${acceptCommand(folder)}\` lets it through`
  return `${none}; one is proposed in ${proposalKey(folder)}: ${accept}; or ${describeIn(folder)}`
}

/** It was not handled yet: one will be proposed. */
export function heldWithDraft(folder: string): string {
  const key = proposalKey(folder)
  return `${none}; when it is ingested, one is proposed in ${key}; or ${describeIn(folder)}`
}

/** Nothing can be proposed for it. */
export function heldWithout(why: string): string {
  return `${none}, and none is proposed: ${why}`
}

/** It is not looked at for one, here. */
export function heldUnlooked(reason: string): string {
  return `${none}; ${reason}`
}

export function describeIn(folder: string): string {
  return `describe it as a resource in ${folder}/datapackage.yaml`
}
