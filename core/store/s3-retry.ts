import type { S3ClientConfig } from '@aws-sdk/client-s3'

/** Times that one request is sent at most: the SDK's own 3 are few while S3 slows down. */
const attempts = 5
const firstWaitMs = 100
const longestWaitMs = 5_000

/**
 * Retries as the SDK does, but not on account. Its own strategy takes 5 of a client's 500 tokens
 * for each retry, and gives them back for a success only: not for the 404 that ends a look for what
 * is not there, as every second request of ours does. So while S3 slows down, a client was left
 * without any retry after a minute. What bounds a storm is the number of attempts, and how many
 * functions may run at once.
 */
export const retries = {
  acquireInitialRetryToken: async () => tokenOf(0),
  async refreshRetryTokenForRetry(token, { errorType }) {
    const count = token.getRetryCount() + 1
    if (errorType === 'CLIENT_ERROR' || count === attempts) throw new Error('no further attempt')
    return tokenOf(count)
  },
  recordSuccess: () => {},
} satisfies S3ClientConfig['retryStrategy']

/** Jittered, so that many that were refused together do not come back together. */
function tokenOf(count: number) {
  const wait = Math.min(longestWaitMs, firstWaitMs * 2 ** (count - 1))
  const delay = count === 0 ? 0 : Math.random() * wait
  return { getRetryCount: () => count, getRetryDelay: () => delay }
}
