import type { Statement } from './stack.fixture.ts'

/** What a request needs to be allowed, and whether a role's policy allows it. */

/** What the stack's resources are here, by logical id: `Lake` is a bucket. */
export type Places = Record<string, string>

/** `s3:GetObject Lake/silver/a.parquet`, in the words of a policy (see stack.fixture.ts). */
export type Need = `${string}:${string} ${string}`

/** Whether a role may do it: some statement allows it, and none denies it. */
export function isAllowed(statements: Statement[], need: Need): boolean {
  const of = (wanted: string) => rights(statements, wanted).some((right) => covers(right, need))
  return of('Allow') && !of('Deny')
}

/** Each action on each resource that the statements of an effect name. */
export function rights(statements: Statement[], wanted: string): Need[] {
  return statements
    .filter(({ effect }) => effect === wanted)
    .flatMap(({ actions, resources }) =>
      actions.flatMap((action) => resources.map((one) => `${action} ${one}` as Need)),
    )
}

/** A `*` of a policy stands for anything, slashes too; of an action only the case is free. */
export function covers(right: Need, need: Need): boolean {
  const [[action, resource], [asked, on]] = [split(right), split(need)]
  const isPart = (pattern: string, text: string) =>
    new RegExp(`^${pattern.split('*').map(plain).join('.*')}$`, 's').test(text)
  return isPart(action.toLowerCase(), asked.toLowerCase()) && isPart(resource, on)
}

function plain(text: string): string {
  return text.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&')
}

function split(need: Need): [string, string] {
  const at = need.indexOf(' ')
  return [need.slice(0, at), need.slice(at + 1)]
}

/** The services that are asked by a header: https://docs.aws.amazon.com/service-authorization/ */
const services: Record<string, string> = {
  Kinesis_20131202: 'kinesis',
  AmazonSQS: 'sqs',
  secretsmanager: 'secretsmanager',
}

/** One request as it was sent: what a policy is asked about. */
export interface Sent {
  method: string
  url: string
  /** `AmazonSQS.ChangeMessageVisibilityBatch`. */
  target: string
  ifMatch: boolean
  body: string
  status: number
}

/**
 * What AWS wants to be allowed for a request.
 *
 * @throws Error for one that no rule here knows: it may need another right
 */
export function needsOf(sent: Sent, places: Places): Need[] {
  const operation = dataApi[sent.url]
  if (operation) return needsOfDataApi(operation, sent, places)
  if (sent.target === '') return needsOfS3(sent, places)
  const [service = '', asked = ''] = sent.target.split('.')
  const { StreamName, QueueUrl, SecretId } = JSON.parse(sent.body) as Record<string, string>
  const name = lastOf(StreamName ?? QueueUrl ?? SecretId)
  const resource = Object.keys(places).find((id) => name === lastOf(places[id]))
  if (!services[service] || !resource) throw new Error(`${sent.target} of ${sent.body}`)
  // A batch of calls needs the right to each.
  return [`${services[service]}:${asked.replace(/Batch$/, '')} ${resource}`]
}

/** The operations that are asked by a path of their own, which is no bucket's. */
export const dataApi: Record<string, string> = {
  '/Execute': 'ExecuteStatement',
  '/BatchExecute': 'BatchExecuteStatement',
  '/BeginTransaction': 'BeginTransaction',
  '/CommitTransaction': 'CommitTransaction',
  '/RollbackTransaction': 'RollbackTransaction',
}

/**
 * Whoever asks must be allowed to read the secret, which the Data API does in the caller's name:
 * https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/data-api.access.html
 */
function needsOfDataApi(operation: string, { body }: Sent, places: Places): Need[] {
  const { resourceArn, secretArn } = JSON.parse(body) as Record<string, string>
  const idOf = (arn: string | undefined) => Object.keys(places).find((id) => places[id] === arn)
  const [cluster, secret] = [idOf(resourceArn), idOf(secretArn)]
  if (!cluster || !secret) throw new Error(`${operation} of ${resourceArn}, by ${secretArn}`)
  return [`rds-data:${operation} ${cluster}`, `secretsmanager:GetSecretValue ${secret}`]
}

/** Of a queue's URL its name: through the proxy it has another host. */
function lastOf(place: string | undefined): string {
  return place?.split('/').at(-1) ?? ''
}

/** What a query of S3 may ask for; another one (`?tagging`) would be another operation. */
const known = new RegExp(
  '^(x-id|list-type|prefix|encoding-type|start-after|continuation-token|' +
    'versionId|uploads|uploadId|partNumber)$',
)

/**
 * By https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html and
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html: If-Match needs the
 * right to read, too, If-None-Match does not; and of a missing key those are told who may list.
 */
function needsOfS3({ method, url, ifMatch, status }: Sent, places: Places): Need[] {
  const { pathname, searchParams } = new URL(url, 'http://s3')
  const asked = [...searchParams.keys()]
  const [, bucket, ...rest] = pathname.split('/')
  const key = decodeURIComponent(rest.join('/'))
  const on = (action: string): Need => `s3:${action} Lake/${key}`
  const list: Need = 's3:ListBucket Lake'
  const reads = on(asked.includes('versionId') ? 'GetObjectVersion' : 'GetObject')
  if (bucket === places.Lake && asked.every((name) => known.test(name))) {
    if (key === '' && asked.includes('list-type')) return [list]
    if (method === 'GET' || method === 'HEAD') return status === 404 ? [reads, list] : [reads]
    // A part, the beginning and the end of an upload need the right to put the object.
    if (method === 'PUT' || method === 'POST') {
      return ifMatch ? [on('PutObject'), on('GetObject')] : [on('PutObject')]
    }
    if (method === 'DELETE' && asked.includes('uploadId')) return [on('AbortMultipartUpload')]
    if (method === 'DELETE' && key !== '') return [on('DeleteObject')]
  }
  throw new Error(`${method} ${url} of S3`)
}
