import { type Contract, parseContract } from '../contract/contract.ts'
import { parseOutline } from '../contract/descriptor.ts'
import { unfit } from '../held.ts'
import {
  descriptorOf,
  folderOfKey,
  type Proposal,
  parseProposal,
  proposalKey,
} from '../infer/proposal.ts'
import { proposedContract } from '../infer/proposal-accept.ts'
import { edited, newcomer } from '../infer/proposal-file.ts'
import { joined } from '../infer/proposal-join.ts'
import type { Lake } from '../lake.ts'
import type { Candidate } from './preview.ts'

/** What a held object would be judged by, if its proposal were accepted; or why there is none. */
export type Foreseen = { contract: Contract; isThere: boolean } | { why: string }

/**
 * The contract that is proposed for an object; where none is so far, the one that would be.
 *
 * @throws Refused where the proposal was edited into what is no contract
 */
export async function foreseen(lake: Lake, candidate: Candidate): Promise<Foreseen> {
  const { key } = candidate.version
  const folder = folderOfKey(key)
  const file = proposalKey(folder)
  const path = key.slice(folder.length + 1)
  const text = (await lake.store.get(file))?.body.toString()
  const hand = edited(text, path, file)
  if (hand?.why !== undefined) return { why: hand.why }
  const own = text === undefined ? undefined : parseProposal(text)
  const isNamed = hand !== undefined || own?.resources.some((one) => one.path.includes(path))
  const contract = isNamed ? proposedContract(text!, file, path) : undefined
  if (contract) return { contract, isThere: true }
  const found = await newcomer(lake, candidate, path)
  if ('why' in found) return { why: unfit(folder, found.why) }
  const empty: Proposal = { name: 'none', resources: [], remarks: [], without: [] }
  const descriptor = descriptorOf(await joined(empty, [], found, async () => true))
  const outline = parseOutline(JSON.stringify(descriptor), `${file}.json`)
  return { contract: parseContract(outline, 0, file), isThere: false }
}
