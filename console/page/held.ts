/** Whether a held object's reason says that a contract is proposed for it (core/held.ts). */
export function isProposed(reason: string | null | undefined): boolean {
  return reason?.includes('; one is proposed in ') ?? false
}
