import { defaults, type Field } from '../contract/field.ts'
import type { Lexical } from '../contract/form.ts'
import { literal } from '../names.ts'
import { geopoint } from './geopoint.ts'
import { geojson, json } from './lexical-json.ts'
import { list } from './lexical-list.ts'
import { numeric } from './lexical-number.ts'
import { string, text } from './lexical-string.ts'
import { temporal } from './lexical-time.ts'

/** What the type, format and properties of a field say of its texts. */
export function lexicalOf(field: Field): Lexical {
  switch (field.type) {
    case 'string':
      return string(field.format)
    case 'any':
      return text
    case 'integer':
    case 'number':
      return numeric(field)
    case 'boolean':
      return boolean(field)
    case 'date':
    case 'time':
    case 'datetime':
    case 'year':
    case 'yearmonth':
    case 'duration':
      return temporal(field)
    case 'list':
      return list(field, lexicalOf(itemOf(field)))
    case 'object':
      return json('OBJECT')
    case 'array':
      return json('ARRAY')
    case 'geojson':
      return geojson(field)
    case 'geopoint':
      return geopoint(field)
  }
}

/** "On lexical level only default formats are supported", and default properties. */
function itemOf(field: Field): Field {
  return { ...field, ...defaults, type: field.itemType }
}

function boolean(field: Field): Lexical {
  const list = (values: string[]) => values.map(literal).join(', ')
  const [yes, no] = [list(field.trueValues), list(field.falseValues)]
  return {
    type: 'BOOLEAN',
    column: 'boolean',
    value: (x) => `CASE WHEN ${x} IN (${no}) THEN false WHEN ${x} IN (${yes}) THEN true END`,
    exact: () => 'true',
    expected: [...field.trueValues, ...field.falseValues].join(', '),
  }
}
