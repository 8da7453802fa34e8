/**
 * `node --import …/shifted-clock.mjs` with SLUICE_CLOCK_MS: what JavaScript knows of the time is so
 * much later. Postgres, DuckDB and the file system keep theirs, as other machines would.
 */
const by = Number(process.env.SLUICE_CLOCK_MS)

globalThis.Date = new Proxy(Date, {
  construct: (target, args, asked) =>
    Reflect.construct(target, args.length > 0 ? args : [target.now() + by], asked),
  apply: (target) => new target(target.now() + by).toString(),
  get: (target, name) => (name === 'now' ? () => target.now() + by : Reflect.get(target, name)),
})
