import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/** The suffix of a test says what it needs: Postgres, an S3 endpoint (LocalStack), Docker. */
const needs = ['pg', 'aws', 'compose']

/** Tests of Postgres that are run once more, by the RDS Data API. */
const byBoth = ['functions/raw-ingestion/!(reuse).pg.test.ts']

/** Much of it waits, so that two share two cores well; what waits for services, three. */
const workers = Math.max(2, availableParallelism() - 1)
const waiting = workers + 1

export default defineConfig({
  test: {
    testTimeout: 120_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'plain',
          include: ['**/*.test.ts'],
          exclude: ['node_modules/**', 'data/**', ...needs.map((need) => `**/*.${need}.test.ts`)],
          maxWorkers: workers,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'data-api',
          include: byBoth,
          globalSetup: 'local/test-data-api.ts',
          // Those of an emulated AWS, as everywhere.
          env: { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' },
          sequence: { groupOrder: 1 },
          maxWorkers: waiting,
        },
      },
      ...needs.map((need) => ({
        extends: true as const,
        test: {
          name: need,
          include: [`**/*.${need}.test.ts`],
          exclude: ['node_modules/**', 'data/**'],
          ...(need === 'pg' ? { globalSetup: 'local/test-postgres.ts' } : {}),
          // Whole systems in containers come last, one after another, when nothing else runs.
          sequence: { groupOrder: need === 'compose' ? 2 : 1 },
          ...(need === 'compose' ? { fileParallelism: false } : { maxWorkers: waiting }),
        },
      })),
    ],
  },
})
