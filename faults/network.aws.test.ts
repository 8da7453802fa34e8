import { describe } from 'vitest'
import { network } from './network.ts'
import { testShort } from './short.fixture.ts'

const endpoint = process.env.AWS_ENDPOINT_URL ?? ''
if (!endpoint) console.warn('SKIPPED: a network that fails, as AWS_ENDPOINT_URL is not set')

describe.skipIf(!endpoint)('a network that fails', () => testShort(network))
