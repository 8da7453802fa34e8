import type { Field } from '../contract/field.ts'
import type { Lexical } from '../contract/form.ts'
import { literal } from '../names.ts'

/**
 * Items between delimiters, each in the default form of its type; kept as a JSON array. Numbers and
 * booleans are JSON's own, all else is text. An empty item is the empty string, and no value of
 * another type. JSON has no NaN and no infinity; a string in their place would be another type of
 * item, so they are rejected.
 *
 * @param item the forms of an item
 */
export function list({ delimiter, itemType }: Field, item: Lexical): Lexical {
  const items = (x: string) => `string_split(${x}, ${literal(delimiter)})`
  const each = (x: string, of: string) => `list_transform(${items(x)}, lambda item: ${of})`
  const v = `(${item.value('item')})`
  const finite = itemType === 'number' ? `isfinite${v}` : 'true'
  const fits = `coalesce(${v} IS NOT NULL AND ${item.exact('item', v)} AND ${finite}, false)`
  const bare = ['integer', 'number', 'boolean'].includes(itemType)
  const json = bare ? `${v}::VARCHAR` : 'to_json(item)::VARCHAR'
  return {
    type: 'VARCHAR',
    column: 'jsonb',
    value: (x) => `CASE WHEN list_bool_and(${each(x, fits)})
      THEN '[' || array_to_string(${each(x, json)}, ',') || ']' END`,
    exact: () => 'true',
    expected: `items between ${JSON.stringify(delimiter)}, each ${item.expected}`,
  }
}
