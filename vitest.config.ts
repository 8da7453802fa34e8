import { defineConfig } from 'vitest/config'

/** The suffix of a test says what it needs: Postgres, an S3 endpoint (LocalStack), Docker. */
const needs = ['pg', 'aws', 'compose']

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
        },
      },
      ...needs.map((need) => ({
        extends: true as const,
        test: {
          name: need,
          include: [`**/*.${need}.test.ts`],
          exclude: ['node_modules/**', 'data/**'],
          ...(need === 'pg' ? { globalSetup: 'local/test-postgres.ts' } : {}),
          // Whole systems, one after another, when nothing else runs.
          ...(need === 'compose' ? { sequence: { groupOrder: 1 }, fileParallelism: false } : {}),
        },
      })),
    ],
  },
})
