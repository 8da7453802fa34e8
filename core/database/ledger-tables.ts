/**
 * The ledger: schema `sluice` in the very database that holds the rows, so that an object's rows
 * and the fact that they are there are one transaction.
 */
export const ledgerTables = `
CREATE SCHEMA IF NOT EXISTS sluice;

CREATE TABLE IF NOT EXISTS sluice.objects (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  lake text NOT NULL,
  key text NOT NULL,
  dataset text,
  status text NOT NULL DEFAULT 'new',
  reason text,
  -- the version that was looked at last, and the contract it was judged by
  etag text, version_id text, size bigint, modified timestamptz, contract text,
  -- the version whose rows stand
  loaded_etag text, loaded_modified timestamptz,
  records bigint NOT NULL DEFAULT 0,
  accepted bigint NOT NULL DEFAULT 0,
  rejected bigint NOT NULL DEFAULT 0,
  waiting bigint NOT NULL DEFAULT 0,
  seconds double precision,
  at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (lake, key)
);

-- which folder of Bronze a dataset is from: names that fall together are refused
CREATE TABLE IF NOT EXISTS sluice.datasets (
  lake text, dataset text, folder text NOT NULL, PRIMARY KEY (lake, dataset)
);

CREATE TABLE IF NOT EXISTS sluice.rejects (
  object_id bigint NOT NULL REFERENCES sluice.objects,
  record bigint NOT NULL, line bigint NOT NULL,
  raw bytea NOT NULL, text text NOT NULL, errors jsonb NOT NULL
);
CREATE INDEX IF NOT EXISTS rejects_record ON sluice.rejects (object_id, record);
DROP INDEX IF EXISTS sluice.rejects_object;

-- rows whose parent is not there yet, as they will go into their table
CREATE TABLE IF NOT EXISTS sluice.waiting (
  object_id bigint NOT NULL REFERENCES sluice.objects,
  record bigint NOT NULL, line bigint NOT NULL, "row" jsonb NOT NULL, missing text NOT NULL
);
CREATE INDEX IF NOT EXISTS waiting_record ON sluice.waiting (object_id, record);
DROP INDEX IF EXISTS sluice.waiting_object;

-- of two objects with a row of the same key: whose row stands, and whose does not
CREATE TABLE IF NOT EXISTS sluice.overrides (
  winner bigint REFERENCES sluice.objects, loser bigint REFERENCES sluice.objects,
  PRIMARY KEY (winner, loser)
);

-- scripts that were run, by the hash of their text
CREATE TABLE IF NOT EXISTS sluice.scripts (hash text PRIMARY KEY, at timestamptz DEFAULT now());

-- work that a commit left to be done after it, and that a crash must not forget
CREATE TABLE IF NOT EXISTS sluice.due (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  lake text NOT NULL, heal text, reload bigint REFERENCES sluice.objects
);
-- a dataset to which rows have come: who waits for it is asked after the commit
ALTER TABLE sluice.due ADD COLUMN IF NOT EXISTS parent text;
CREATE INDEX IF NOT EXISTS waiting_parent ON sluice.waiting (split_part(missing, ' ', 1));

-- of the version whose rows stand: the labels of its header where a record was rejected, how many
-- of its rejects are mended, and the object that mends them (see replay.ts)
ALTER TABLE sluice.objects ADD COLUMN IF NOT EXISTS labels jsonb;
ALTER TABLE sluice.objects ADD COLUMN IF NOT EXISTS mended bigint NOT NULL DEFAULT 0;
ALTER TABLE sluice.objects ADD COLUMN IF NOT EXISTS replay bigint REFERENCES sluice.objects;
-- the object with the row that a reject has become
ALTER TABLE sluice.rejects ADD COLUMN IF NOT EXISTS mended_by bigint;

-- tables that rows refer to from outside their package: their rows stay while children point there
CREATE TABLE IF NOT EXISTS sluice.references (
  lake text NOT NULL, dataset text NOT NULL, columns text[] NOT NULL,
  parent text NOT NULL, parent_columns text[] NOT NULL,
  PRIMARY KEY (lake, dataset, columns, parent, parent_columns)
);
CREATE INDEX IF NOT EXISTS references_parent ON sluice.references (parent);

-- of the version whose rows stand: which rules rejected how many of its records, as it was loaded
-- (see reject-rules.ts); null where an earlier Sluice has loaded it. Of what has no rejects any
-- more, mended ones among them, it says nothing.
ALTER TABLE sluice.objects ADD COLUMN IF NOT EXISTS rules jsonb;
-- for who looks at a hundred thousand objects: the newest ends, and those with rows to look at
CREATE INDEX IF NOT EXISTS objects_at ON sluice.objects (lake, at) WHERE status <> 'new';
CREATE INDEX IF NOT EXISTS objects_kept ON sluice.objects (lake, id)
  WHERE rejected + waiting + mended > 0;

-- loads that ended by a fault, while the object is not loaded (see failures.ts)
CREATE TABLE IF NOT EXISTS sluice.failures (
  lake text, key text, reason text NOT NULL,
  tries bigint NOT NULL DEFAULT 1, at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (lake, key)
);
`

/** Every column that a later version has added: where one is not there, the tables are older. */
export const ledgerAdditions = [
  'due.parent',
  'objects.labels',
  'objects.mended',
  'objects.replay',
  'rejects.mended_by',
  'references.parent',
  'objects.rules',
  'failures.tries',
]
