/** What a call may take, in ms and bytes. */
export interface Limits {
  /** A call (data-api.limitations, API_ExecuteStatement: 45 seconds). */
  callMs: number
  /** A transaction without a call (API_BeginTransaction: three minutes). */
  idleMs: number
  /** A transaction as a whole (API_BeginTransaction: 24 hours). */
  lifeMs: number
  /** An answer (data-api.limitations: 1 MiB). */
  answerBytes: number
  /** A request, its headers too (API_BatchExecuteStatement: 4 MiB). */
  requestBytes: number
  /** A row of the result (data-api.limitations: 64 KB). */
  rowBytes: number
}

export const awsLimits: Limits = {
  callMs: 45_000,
  idleMs: 180_000,
  lifeMs: 86_400_000,
  answerBytes: 1 << 20,
  requestBytes: 4 << 20,
  rowBytes: 64 << 10,
}
