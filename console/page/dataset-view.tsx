import type { DatasetDetail } from '../shapes.ts'
import { pathWith } from './api.ts'
import { Badge } from './badge.tsx'
import { useAgain } from './dataset-again.ts'
import { ColumnsPanel } from './dataset-columns.tsx'
import { ContractPanel } from './dataset-contract.tsx'
import { Figures } from './dataset-figures.tsx'
import { DriftPanel, StuckPanel } from './dataset-objects.tsx'
import { QualityPanel } from './dataset-quality-panel.tsx'
import { useChanged, useEnds } from './live.ts'
import { Busy, Problem } from './notice.tsx'
import { ProposalList } from './proposal-list.tsx'
import { type Params, pathTo } from './router.ts'
import { SQLLink } from './sql-link.tsx'
import { quotedName } from './sql-names.ts'
import { useAnswer } from './use-answer.ts'

/** All that is known of one dataset. */
export function DatasetView({ params: { name = '' } }: { params: Params }) {
  const path = pathWith('/api/dataset', { name })
  const answer = useAnswer<DatasetDetail>(path)
  const { data, error, isLoading, reload } = answer
  useAgain(answer)
  useEnds((ends) => ends.some(({ dataset }) => dataset === name) && reload())
  useChanged(({ what }) => what !== 'stream' && reload())
  return (
    <>
      <div class="view-head">
        <h1 tabIndex={-1}>
          <bdi>{name}</bdi>
        </h1>
        {data && <Ways detail={data} />}
      </div>
      {error && <Problem error={error} retry={reload} />}
      {!data && isLoading && <Busy />}
      {data && <Detail detail={data} />}
    </>
  )
}

function Detail({ detail }: { detail: DatasetDetail }) {
  const { dataset, file, broken, contract, quality, drift, stuck, objects } = detail
  const isStream = isStreamOnly(detail)
  return (
    <>
      {broken && (
        <div class="notice" data-tone="bad">
          Its contract cannot be used: {broken}
        </div>
      )}
      <Figures detail={detail} />
      {file && <ProposalList of={file} />}
      <StuckPanel stuck={stuck} />
      {!isStream && <QualityPanel quality={quality} />}
      {!isStream && objects > 0 && <DriftPanel drift={drift} />}
      {contract && <ContractPanel contract={contract} />}
      {contract && <ColumnsPanel dataset={dataset} of={isStream ? 'its events' : 'Silver'} />}
    </>
  )
}

/** It is in no database, and its records are counted by shard, not by object. */
function isStreamOnly({ file }: DatasetDetail): boolean {
  return file?.startsWith('streaming/') ?? false
}

/** Where else there is something of it. */
function Ways({ detail }: { detail: DatasetDetail }) {
  const { dataset, streamed, windows } = detail
  const table = `${isStreamOnly(detail) ? 'events' : 'silver'}.${quoted(dataset)}`
  return (
    <div class="actions">
      {streamed && <Badge status="streamed" />}
      <a class="button" href={pathTo('flow', { dataset })}>
        Objects
      </a>
      <a class="button" href={pathTo('rejects', { dataset })}>
        Rejects
      </a>
      {windows.length > 0 && (
        <a class="button" href={pathTo('streams', { dataset })}>
          Windows
        </a>
      )}
      <SQLLink sql={`SELECT * FROM ${table} LIMIT 100`} />
    </div>
  )
}

/** `my-package.orders` → `"my-package".orders` */
function quoted(dataset: string): string {
  return dataset.split('.').map(quotedName).join('.')
}
