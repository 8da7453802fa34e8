/** Where a page is typed: in a clone, or in an empty folder; and which database it has. */
export interface Typed {
  clone: boolean
  database: 'own' | 'given'
  /** What has been typed before. */
  before?: string
}

/** The pages of which every line is typed. */
export const typed: Record<string, Typed> = {
  'README.md': { clone: true, database: 'own' },
  'docs/README.md': { clone: true, database: 'given' },
  'docs/cli.md': { clone: true, database: 'given', before: 'sluice start --once' },
  'docs/streaming.md': { clone: true, database: 'given' },
  'docs/guide/your-first-file.md': { clone: false, database: 'own' },
  'docs/guide/your-first-contract.md': { clone: false, database: 'given' },
  'docs/guide/from-a-messy-csv.md': { clone: false, database: 'given' },
  'docs/guide/upserts-and-foreign-keys.md': { clone: false, database: 'own' },
  'docs/guide/streams-and-windows.md': { clone: false, database: 'given' },
}

/** Pages in another language that tell to type the very same: once is enough. */
export const alike: Record<string, string> = { 'README.pt-BR.md': 'README.md' }
