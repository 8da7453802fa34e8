/**
 * `node tally.mjs <vitest's JSON result> <exit code so far>`: prints the one line, and exits with 1
 * where anything failed, nothing ran, or, with CI=true, tests that need LocalStack, Chromium or
 * Docker were skipped.
 */
import { existsSync, readFileSync } from 'node:fs'

const [file, code] = process.argv.slice(2)
const result = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
const suites = result?.testResults ?? []

// A file that could not be loaded counts no test as failed, so it is counted as one itself.
const unloaded = suites.filter((suite) => suite.status === 'failed' && !has(suite, 'failed'))
const skippedFiles = suites.filter(
  (suite) =>
    /\.(aws|browser|compose)\.test\.ts$/.test(suite.name) &&
    (has(suite, 'skipped') || has(suite, 'pending')),
)
const passed = result?.numPassedTests ?? 0
const skipped = (result?.numPendingTests ?? 0) + (result?.numTodoTests ?? 0)
const failedTests = (result?.numFailedTests ?? 0) + unloaded.length
const mustHaveAll = process.env.CI === 'true'
const isComplete = skippedFiles.length === 0 || !mustHaveAll
const isWell = code === '0' && failedTests === 0 && passed > 0 && isComplete
// A check that failed before the tests is a failure too, though no test says so.
const failed = failedTests + (code !== '0' && failedTests === 0 ? 1 : 0)

for (const { name, message } of unloaded)
  console.log(`could not be loaded: ${name} ${message ?? ''}`)
for (const { name } of skippedFiles)
  console.log(`tests skipped; are LocalStack, Chromium and Docker there? ${name}`)
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
process.exitCode = isWell ? 0 : 1

function has(suite, status) {
  return suite.assertionResults.some((test) => test.status === status)
}
