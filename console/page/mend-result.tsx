import type { Mended } from '../shapes.ts'
import { count } from './format.ts'
import { RejectErrors } from './reject-errors.tsx'
import { pathTo } from './router.ts'
import { KeyText } from './text.tsx'

/** So many records that stay are told one by one. */
const TOLD = 100

/** What became of mended rows: how many went, and what is wrong with those that stay. */
export function MendResult({ result }: { result: Mended }) {
  const { went, same, stay, keys } = result
  const isGood = stay.length === 0 && went > 0
  return (
    <div class="result">
      <div class="notice" data-tone={isGood ? 'good' : 'wait'} role="status">
        <span>{summary(result)}</span>
        {keys.length > 0 && went > 0 && (
          <span class="actions">
            {keys.map((key) => (
              <a key={key} href={pathTo('object', { key })}>
                <KeyText text={key} />
              </a>
            ))}
          </span>
        )}
      </div>
      {stay.length > 0 && (
        <ul class="stays" aria-label="Records that stay">
          {stay.slice(0, TOLD).map(({ object, line, record, errors }, index) => (
            <li key={index}>
              {went + same + stay.length > 1 && (
                <p class="small">
                  <KeyText text={object} />
                  {record !== null && `, record ${count(record)}`}
                  {line !== null && `, line ${count(line)} of what was given`}
                </p>
              )}
              <RejectErrors errors={errors} />
            </li>
          ))}
          {stay.length > TOLD && <li class="soft">and {count(stay.length - TOLD)} more</li>}
        </ul>
      )}
    </div>
  )
}

function summary({ went, same, stay }: Mended): string {
  if (went + same + stay.length === 1) {
    if (went === 1) return 'It went, and is loaded as any file is.'
    return same === 1 ? 'Nothing was changed, so nothing was done.' : 'It stays rejected.'
  }
  const told = [
    `${count(went)} went`,
    same > 0 && `${count(same)} ${same === 1 ? 'was' : 'were'} as before`,
    stay.length > 0 && `${count(stay.length)} ${stay.length === 1 ? 'stays' : 'stay'} rejected`,
  ]
  return `${told.filter(Boolean).join(', ')}.`
}
