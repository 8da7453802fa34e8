import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/** The suffix of a test says what it needs: Postgres, an S3 endpoint (LocalStack), Docker. */
const needs = ['pg', 'aws', 'compose']

/** Much of it waits, so that two share two cores well. */
const workers = Math.max(2, availableParallelism() - 1)

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
      ...needs.map((need) => ({
        extends: true as const,
        test: {
          name: need,
          include: [`**/*.${need}.test.ts`],
          exclude: ['node_modules/**', 'data/**'],
          ...(need === 'pg' ? { globalSetup: 'local/test-postgres.ts' } : {}),
          // Whole systems in containers come last, one after another, when nothing else runs.
          sequence: { groupOrder: need === 'compose' ? 2 : 1 },
          ...(need === 'compose' ? { fileParallelism: false } : { maxWorkers: workers }),
        },
      })),
    ],
  },
})
