import { Refusal } from './refusal.ts'

/** Something that goes wrong with a call, once or `times` times. */
export interface Fault {
  kind: Kind
  when: (call: { operation: string; sql?: string }) => boolean
  times?: number
}

type Kind =
  | 'throttled'
  | 'resuming'
  | 'unavailable'
  | 'internal'
  | 'lost-request'
  | 'lost-answer'
  | 'expired'
  | 'timeout'
  | 'killed'

/** Takes the first fault that is meant for the call; one that has fired often enough goes. */
export function takeFault(
  faults: Fault[],
  call: { operation: string; sql?: string },
): Kind | undefined {
  const fault = faults.find(({ when }) => when(call))
  if (!fault) return undefined
  const left = (fault.times ?? 1) - 1
  if (left > 0) fault.times = left
  else faults.splice(faults.indexOf(fault), 1)
  return fault.kind
}

/** What AWS answers before it has done anything, by the kind of fault; statuses are the model's. */
const answers: Partial<Record<Kind, () => Refusal>> = {
  throttled: () => new Refusal('ThrottlingException', 400, 'Rate exceeded'),
  resuming: () =>
    new Refusal(
      'DatabaseResumingException',
      400,
      'The Aurora DB instance is resuming after being auto-paused. Please wait a few seconds.',
    ),
  unavailable: () =>
    new Refusal('ServiceUnavailableError', 503, 'The service is currently unavailable.'),
  internal: () => new Refusal('InternalServerErrorException', 500),
}

/** @throws Refusal where the fault is one that comes before the work */
export function refuseAtOnce(kind: Kind | undefined): void {
  const answer = kind && answers[kind]
  if (answer) throw answer()
}
