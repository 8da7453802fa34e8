import * as sdk from '@aws-sdk/client-rds-data'
import { expect, test } from 'vitest'
import { cureOfFault } from './check-database.ts'

const unknown = 'read the message; the log of Postgres may say more'

/** Those that have no cure but to look: a fault of AWS, of a call, or of its answer. */
const rest = [
  ...['DatabaseErrorException', 'InternalServerErrorException', 'InvalidResourceStateException'],
  ...['NotFoundException', 'ServiceUnavailableError', 'TransactionNotFoundException'],
  'UnsupportedResultException',
]
const errors = Object.keys(sdk).filter((name) => /(Exception|Error)$/.test(name))
const own = errors.filter((name) => !rest.includes(name) && !/ServiceException$/.test(name))

test.each(own)('%s has a cure of its own', (name) => {
  const cures = own.map((one) => cureOf(one, 'the call has failed'))
  expect(cureOf(name, 'the call has failed')).not.toBe(unknown)
  const same = own.filter((_, i) => cures[i] === cureOf(name, 'the call has failed'))
  expect(same).toEqual(denied.includes(name) ? denied : [name])
})
const denied = ['AccessDeniedException', 'ForbiddenException']

test.each([
  ['CredentialsProviderError', 'Could not load credentials from any providers', /aws sso login/],
  ['HttpEndpointNotEnabledException', 'HttpEndpoint is not enabled', /enable-http-endpoint/],
  ['AccessDeniedException', 'not authorized: secretsmanager:GetSecretValue', /GetSecretValue/],
  ['ForbiddenException', 'not authorized: rds-data:ExecuteStatement', /rds-data:ExecuteStatement/],
  ['DatabaseResumingException', 'is resuming after being auto-paused', /wakes from 0 ACUs/],
  ['InvalidSecretException', 'The secret is not valid', /"username": "…", "password": "…"/],
  ['SecretsErrorException', "can't find the specified secret", /whole of it/],
  ['BadRequestException', 'Invalid cluster id', /…:cluster:<name>/],
  ['StatementTimeoutException', 'canceling statement', /context acus/],
  ['Error', 'getaddrinfo ENOTFOUND rds-data.eu-wst-1.amazonaws.com', /region in the cluster's ARN/],
  // Those of Postgres, by its own protocol, and of a secret with its URL.
  ['Error', 'getaddrinfo ENOTFOUND db.example.com', /no such host/],
  ['Error', 'secret arn:… cannot be read: x', /check the secret, and that the function/],
  ['Error', 'Connection terminated due to connection timeout', /security group/],
])('%s: %s', (name, message, cure) => {
  expect(cureOf(name, message)).toMatch(cure)
})

test.each([
  ['28P01', /mend user and password/],
  ['3D000', /CREATE DATABASE.*DATABASE_NAME/],
  ['53300', /max_connections/],
])('SQLSTATE %s, whichever way it comes', (code, cure) => {
  expect(cureOf('Error', 'no', code)).toMatch(cure)
})

function cureOf(name: string, message: string, code?: string): string {
  return cureOfFault(Object.assign(new Error(message), { name, code }))
}
