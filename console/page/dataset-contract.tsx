import type { ContractWords } from '../shapes.ts'
import { type Column, Table } from './table.tsx'

type Field = ContractWords['fields'][number]

const columns: Column<Field>[] = [
  { label: 'Field', kind: 'key', cell: ({ name }) => <strong>{name}</strong> },
  { label: 'Column', cell: ({ column }) => <code>{column}</code> },
  { label: 'Type', cell: ({ type }) => type },
  { label: 'May be empty', cell: ({ nullable }) => (nullable ? 'yes' : 'no') },
  { label: 'Rules', cell: ({ rules }) => rules.join('; ') },
]

/** What a contract says, as a person would. */
export function ContractPanel({ contract }: { contract: ContractWords }) {
  return (
    <section class="panel" aria-labelledby="contract">
      <header>
        <h2 id="contract">Contract</h2>
        <span class="soft small">
          <bdi>{contract.file}</bdi>
        </span>
      </header>
      <div class="inside">
        <ul class="sentences">
          {contract.sentences.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      </div>
      <div class="details">
        <Table
          caption="Fields"
          columns={columns}
          rows={contract.fields}
          keyOf={({ name }, index) => `${index} ${name}`}
          stack
        />
      </div>
    </section>
  )
}
