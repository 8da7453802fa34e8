import { Ajv } from 'ajv'
import { Ajv2019 } from 'ajv/dist/2019.js'
import { Ajv2020 } from 'ajv/dist/2020.js'
import draft06 from 'ajv/dist/refs/json-schema-draft-06.json' with { type: 'json' }
import formats from 'ajv-formats'
import { shortHash } from '../names.ts'
import { boundedPatterns, boundRefs, boundUnique, within } from './json-schema-bounds.ts'

/** Every draft that a schema may be of; without `$schema` it is of draft-07. */
const drafts = {
  'json-schema.org/draft-07/schema': Ajv,
  'json-schema.org/draft-06/schema': Ajv,
  'json-schema.org/draft/2019-09/schema': Ajv2019,
  'json-schema.org/draft/2020-12/schema': Ajv2020,
}

type Fits = (text: string) => boolean
const compiled = new Map<string, Fits>()

/**
 * A JSON Schema (https://json-schema.org) as a predicate over texts of JSON, compiled once.
 *
 * Neither a schema nor a text can make it last: whoever may drop files may mean harm
 * (json-schema-bounds.ts).
 *
 * @returns its name, which is the same for the same schema, and the predicate; a text that is not
 *   JSON, or takes too long to judge, fits no schema
 * @throws Error where it is no JSON Schema, of another draft, has a pattern that RE2 does not know,
 *   or refers to another document, which is never fetched
 */
export function jsonSchema(schema: Record<string, unknown>): { name: string; fits: Fits } {
  const name = `json-schema-${shortHash(JSON.stringify(schema))}`
  const known = compiled.get(name)
  const fits = known ?? compile(schema)
  compiled.set(name, fits)
  return { name, fits }
}

function compile(schema: Record<string, unknown>): Fits {
  const asked = String(schema.$schema ?? 'http://json-schema.org/draft-07/schema')
  const draft = asked.replace(/^https?:\/\//, '').replace(/#$/, '') as keyof typeof drafts
  const Draft = drafts[draft]
  if (!Draft) throw new Error(`$schema ${asked} is none of ${Object.keys(drafts).join(', ')}`)
  // One of its own: two schemas may carry the same $id. What a schema says of numbers holds for
  // those that a double cannot have, too.
  const ajv = new Draft({ strict: false, logger: false, code: { regExp: boundedPatterns } })
  if (draft.includes('draft-06')) ajv.addMetaSchema(draft06)
  formats.default(ajv)
  boundRefs(ajv)
  boundUnique(ajv)
  const validate = ajv.compile({ ...schema, $schema: asked })
  return (text) => {
    try {
      return within(text.length, () => validate(JSON.parse(text)) === true)
    } catch {
      return false
    }
  }
}
