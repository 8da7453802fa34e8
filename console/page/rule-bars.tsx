import type { RuleCount } from '../shapes.ts'
import { Bar } from './bar.tsx'
import { count } from './format.ts'
import { Verbatim } from './text.tsx'

interface RuleBarsProps {
  rules: RuleCount[]
  /** Where the records of a rule are listed. */
  linkTo: (rule: RuleCount) => string
}

/** How many records broke which rule in which field, the most first. */
export function RuleBars({ rules, linkTo }: RuleBarsProps) {
  const most = Math.max(...rules.map(({ records }) => records))
  const sorted = rules.toSorted((a, b) => b.records - a.records)
  return (
    <ul class="rule-bars">
      {sorted.map((rule) => (
        <li key={`${rule.rule} ${rule.field}`}>
          <a href={linkTo(rule)}>
            <span>
              {rule.rule}
              {rule.field !== null && (
                <>
                  {' in '}
                  <strong>
                    <Verbatim text={rule.field} />
                  </strong>
                </>
              )}
            </span>
            <span class="number">{count(rule.records)}</span>
            <Bar parts={[{ tone: 'bad', size: rule.records }]} of={most} />
          </a>
        </li>
      ))}
    </ul>
  )
}
