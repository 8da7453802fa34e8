import type { ObjectDetail } from '../shapes.ts'
import { bytes } from './format.ts'
import { pathTo } from './router.ts'
import { KeyText } from './text.tsx'
import { When } from './when.tsx'

/** What an object is, in a line below its name. */
export function ObjectFacts({ object }: { object: ObjectDetail }) {
  const { dataset, version, size, contract, replay, source } = object
  const known = version?.size ?? size
  return (
    <ul class="facts">
      {dataset && (
        <li>
          of <a href={pathTo('dataset', { name: dataset })}>{dataset}</a>
        </li>
      )}
      {known !== null && <li>{bytes(known)}</li>}
      {version ? (
        <li>
          modified <When at={version.modified} />
        </li>
      ) : (
        <li>no longer in the lake</li>
      )}
      {contract && (
        <li>
          by <span class="mono">{contract.file}</span>
        </li>
      )}
      {replay && (
        <li>
          mended rows in <KeyLink object={replay} />
        </li>
      )}
      {source && (
        <li>
          mends rows of <KeyLink object={source} />
        </li>
      )}
    </ul>
  )
}

function KeyLink({ object }: { object: string }) {
  return (
    <a href={pathTo('object', { key: object })}>
      <KeyText text={object} />
    </a>
  )
}
