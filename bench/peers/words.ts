import type { PartName } from './report.ts'

/** What REPORT.md says whatever was measured. */

export const introduction = `# Sluice beside its peers

Made by \`npm run bench -- --peers\` from \`report.json\`, which has every sample; not to be
edited.

A ratio is their time by ours, of runs that stand beside each other: **above 1 Sluice is faster**.
Sluice does all its checks, keeps what it rejects, and commits; the peers do neither. The seconds
are those of one machine, and worth nothing on another.
`

export const titles: Record<PartName, [title: string, about: string]> = {
  silver: [
    'Silver: a CSV to typed Parquet',
    "Rows in the shape of TPC-H's `lineitem`, 16 fields (and a table of 200), to zstd Parquet.",
  ],
  'silver-big': [
    'Silver: a CSV of some 800 MB',
    'The same rows, clean; the goals of speed are held against these.',
  ],
  'silver-huge': [
    'Silver: a CSV of some 8 GB',
    'The same once more, run once: who comes to the end of it, and in how much memory.',
  ],
  postgres: [
    'Postgres: a CSV into a table',
    `Into the same table of the same durable server, in a new database for each run. What the
server itself takes is in the seconds, not in CPU and memory. An upsert of the peers goes through
a table beside it and \`INSERT … ON CONFLICT\`. For the foreign key the peers' table has the
constraint; Sluice looks for the parents itself, so that an orphan waits in the place of failing
the load.`,
  ],
  storm: [
    'Storm: many small files',
    `Sluice brings each file through both stages, each with a commit of its own; the loop does
the same without checks; Spark writes Parquet alone, all files in one job.`,
  ],
  stream: [
    'Stream: a folder of CSVs in small steps',
    `Sluice end to end puts them into a Kinesis (\`kinesis-local\`, on the same machine and in
its CPU and memory) and reads them from there; with a stream in memory it does the same without
that server, which is what Spark does: its file source reads the folder, with a checkpoint, until
all is taken. The handler alone takes the events as Lambda brings them.`,
  ],
  latency: [
    'Latency: from the drop until it is visible',
    `\`mv\` into Bronze while \`sluice start\` watches, until the rows are committed; seen from
outside.`,
  ],
  'cold-start': [
    'Cold start of each function',
    `A new Node process imports the bundle as it is deployed and handles its first event, from
the start of the process on. A function's memory, to which Lambda ties its share of a core,
cannot be had here: with all of a core it starts faster than there.`,
  ],
  size: [
    'Memory and cost by size',
    `Both stages over objects of three sizes. Dollars by Lambda's list prices
(\`bench/prices.json\`) and \`bench/measured.json\`, with the CPU seconds measured
here, a run's start among them, in the place of those noted there.`,
  ],
}

export const method = `## Method

- Each run is a process of its own, below a small one that watches it from outside
  (\`bench/peers/python/measure.py\`): wall time from start to end, CPU seconds of all its
  processes, the most memory that they had resident together (two looks are 0.1 s apart). Spark's
  JVM counts.
- *The work alone* is without the start: each tells its seconds from when all is imported,
  connected and, for Spark, its session stands. psql tells the time of its statements. pgloader and
  \`sluice start --once\` tell nothing of it: their start counts. Goals are held against the work
  alone.
- Rounds are interleaved: in each, everybody does the work once; who begins changes with the
  round, and every other round goes backwards. A ratio is taken within a round; then median,
  lowest, highest.
- A run is stopped after 15 minutes, or above 20 GiB (or 85 % of a smaller machine), and told so;
  who did not end well is not asked again. The largest size is run once; the script of csv-parse
  and parquetjs-lite, which takes a minute, five times over clean rows and once over others.
- What was written is counted by DuckDB over the Parquet or by SQL. Of clean data sums of columns
  are compared with the CSV's: who wrote something else has failed. Of bad rows it is told what
  became of them.
- Everybody has the cores of the machine and writes zstd, except parquetjs-lite, which has none.
  DuckDB is the very engine and settings that Sluice has inside. Spark has \`local[2]\`, a driver
  of 8 GB. polars streams (\`scan_csv\`, \`sink_parquet\`); pandas reads with dtypes by its
  engine of pyarrow.
- Bad rows: every peer is set to go on, as its guide has it: DuckDB \`ignore_errors\`, polars
  \`ignore_errors\` and \`truncate_ragged_lines\`, pandas \`errors="coerce"\` and
  \`on_bad_lines="skip"\`, Spark's PERMISSIVE, csv-parse \`skip_records_with_error\`.
- Files are read from a warm page cache, as they were just written.
`

export const reproduce = `## How to reproduce

\`\`\`sh
npm ci
npm run bench -- --peers
npm run bench -- --peers --only silver,storm
npm run bench -- --peers --rows 100000 --runs 1 --into /tmp/peers
\`\`\`

The first measures everything (some 100 minutes of two cores; Linux, Python 3.11 or later, 30 GB
of disk), the second some parts anew and leaves the others as they stand, the third is a trial.
Python's packages go into \`.sluice/peers\`; Java, psql and pgloader are installed by apt-get for
root, else told as missing.
`
