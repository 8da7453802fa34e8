import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/** The suffix of a test says what it needs: Postgres, S3 (LocalStack), Chromium, Docker. */
const needs = ['pg', 'aws', 'browser', 'compose']
/** Those that are given a Postgres. */
const withPostgres = ['pg', 'browser']

/** Tests of Postgres that are run once more, by the RDS Data API. */
const byBoth = ['functions/raw-ingestion/!(reuse).pg.test.ts']

/** Much of it waits, so that three share two cores well. */
const maxWorkers = Math.max(3, availableParallelism())

/**
 * Tests of what a process does first, or of what replaces a module: each needs a process of its
 * own. The others of no service share theirs, as most of their time was that of the same imports.
 */
const alone = [
  'core/duck/duckdb.restart.test.ts',
  'core/stage.message.test.ts',
  'docs/reference/metrics.test.ts',
  'functions/reuse.test.ts',
  'functions/silver/unburied.test.ts',
]

/**
 * What runs beside each other: AWS' tests mostly wait, and those of no service mostly work. Whole
 * systems in containers come last, two at a time, when nothing else runs.
 */
const groups = [['plain', 'alone', 'aws'], ['pg', 'data-api', 'browser'], ['compose']]
const groupOf = (name: string) => groups.findIndex((group) => group.includes(name))

const notPlain = ['node_modules/**', 'data/**', ...needs.map((need) => `**/*.${need}.test.ts`)]

export default defineConfig({
  test: {
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 30_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'plain',
          include: ['**/*.test.ts'],
          exclude: [...notPlain, ...alone],
          isolate: false,
          maxWorkers,
          sequence: { groupOrder: groupOf('plain') },
        },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: alone,
          maxWorkers,
          sequence: { groupOrder: groupOf('alone') },
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
          maxWorkers,
          sequence: { groupOrder: groupOf('data-api') },
        },
      },
      ...needs.map((need) => ({
        extends: true as const,
        test: {
          name: need,
          include: [`**/*.${need}.test.ts`],
          exclude: ['node_modules/**', 'data/**'],
          ...(withPostgres.includes(need) ? { globalSetup: 'local/test-postgres.ts' } : {}),
          maxWorkers: need === 'compose' ? 2 : maxWorkers,
          sequence: { groupOrder: groupOf(need) },
        },
      })),
    ],
  },
})
