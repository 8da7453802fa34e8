import * as z from 'zod'
import { withoutPassword } from './database/told-url.ts'

/** What one check of `sluice doctor` found, and what to do about it. */
const finding = z.object({
  /** What was looked at: `bucket`, `silver`, `database`. */
  area: z.string(),
  check: z.string(),
  /** unknown: the check could not be made. */
  level: z.enum(['ok', 'warning', 'wrong', 'unknown']),
  found: z.string(),
  /** A command or a setting. */
  cure: z.string().optional(),
})
export type Finding = z.infer<typeof finding>

/** @returns undefined for what is no list of findings: a function may be of an older deployment */
export function parseFindings(json: unknown): Finding[] | undefined {
  return z.array(finding).safeParse(json).data
}

/** The findings of one area, by what was checked. */
export function findingsOf(area: string) {
  return {
    ok: (check: string, found: string): Finding => ({ area, check, level: 'ok', found }),
    warning: (check: string, found: string, cure: string): Finding => {
      return { area, check, level: 'warning', found, cure }
    },
    wrong: (check: string, found: string, cure: string): Finding => {
      return { area, check, level: 'wrong', found, cure }
    },
    unknown: (check: string, found: string, cure: string): Finding => {
      return { area, check, level: 'unknown', found, cure }
    },
  }
}

/** A fact that could not be had is a finding, too: it ends no other check. */
export async function attempted(
  area: string,
  check: string,
  work: () => Promise<Finding[]>,
): Promise<Finding[]> {
  try {
    return await work()
  } catch (error) {
    return [{ area, check, ...judgeFault(error) }]
  }
}

/** What the one who runs the check may cure, of whatever kept it from being made. */
function judgeFault(error: unknown): Pick<Finding, 'level' | 'found' | 'cure'> {
  const found = messageOf(error)
  if (isDenied(error)) {
    const cure = 'allow it to who runs this: docs/cli.md, doctor, has the policy'
    return { level: 'unknown', found, cure }
  }
  const known = cureOfAws(error)
  if (known !== undefined) return { level: 'unknown', found, cure: known }
  if (isMissing(error)) {
    const cure = 'it was removed by hand; put it back with its stack: npx cdk deploy (docs/cli.md)'
    return { level: 'wrong', found, cure }
  }
  return { level: 'unknown', found, cure: 'check network, region and endpoint, then run it again' }
}

/** What the clients of AWS, and its emulators, do not say: what to do. */
export function cureOfAws(error: unknown): string | undefined {
  const { message = '', code = '', $metadata } = error as Partial<AwsFault>
  const { AWS_ENDPOINT_URL } = process.env
  const endpoint = AWS_ENDPOINT_URL && withoutPassword(AWS_ENDPOINT_URL)
  if (message === 'Region is missing') return 'set AWS_REGION, or AWS_PROFILE'
  if (/^(CredentialsProviderError|ExpiredToken)/.test(nameOf(error))) {
    return 'log in to AWS (aws sso login), or set AWS_PROFILE'
  }
  // LocalStack's word for what its free version has not.
  if ($metadata?.httpStatusCode === 501) {
    const has = `${endpoint ?? 'the endpoint'} has no such service, as LocalStack without a licence`
    return `${has}: unset AWS_ENDPOINT_URL; or, of a database, name a Postgres by its URL`
  }
  if (endpoint && code === 'ECONNREFUSED') {
    return `nothing answers at AWS_ENDPOINT_URL=${endpoint}: start LocalStack there, or unset it`
  }
  if (nameOf(error) === 'NoSuchBucket') return 'mend the name in --lake, or make the bucket'
  return undefined
}

interface AwsFault extends Error {
  code: string
  $metadata: { httpStatusCode?: number }
}

/** Whether AWS, or the file system, says that one may not. */
export function isDenied(error: unknown): boolean {
  const { $metadata, code } = error as { $metadata?: { httpStatusCode?: number }; code?: string }
  if (code === 'EACCES' || code === 'EPERM') return true
  return $metadata?.httpStatusCode === 403 || /AccessDenied|Unauthorized/.test(nameOf(error))
}

function isMissing(error: unknown): boolean {
  return /NotFound|NoSuchBucket|NonExistentQueue|QueueDoesNotExist/.test(nameOf(error))
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : ''
}

/** What is said by an error; by all of them where several addresses were tried in vain. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ')
  if (!(error instanceof Error)) return String(error)
  const { name, message } = error
  if (!message || message === 'UnknownError') return isDenied(error) ? 'access is denied' : name
  return message
}
