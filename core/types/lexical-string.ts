import { type Lexical, matches } from '../contract/form.ts'

/** Text of one of the formats that the standard gives a string; kept as it is. */
export function string(format: string): Lexical {
  const form = forms[format]
  if (!form) return text
  return { ...text, exact: (x) => form.exact(x), expected: form.expected }
}

export const text: Lexical = {
  type: 'VARCHAR',
  column: 'text',
  value: (x) => x,
  exact: () => 'true',
  expected: 'text',
}

const like = (form: string) => (x: string) => matches(x, form)

/** Dot-atoms and quoted strings (RFC 5322), letters of Latin and beyond. */
const word = "[\\pL\\pN!#$%&'*+/=?^_`{|}~-]+"
const quoted = '"([^"\\\\\\s]|\\\\.)*"'
const domain = '([\\pL\\pN-]+\\.)+[\\pL\\pN-]+\\pL'
/** A label of more than 63 characters; a bounded repetition costs much, so that it comes last. */
const long = '@(.*\\.)?[^.]{64}'

/** RFC 3986, appendix A. */
const inPath = "([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})"
const inHost = "([A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})"
const host = `(\\[[0-9A-Fa-fv:.]+\\]|${inHost}*)`
const authority = `//((${inHost}|:)*@)?${host}(:[0-9]*)?(/${inPath}*)*`
const path = `/?(${inPath}+(/${inPath}*)*)?`
const rest = `(\\?(${inPath}|[/?])*)?(#(${inPath}|[/?])*)?`

const hex = '[0-9A-Fa-f]'
const bare = `${hex}{8}-${hex}{4}-${hex}{4}-${hex}{4}-${hex}{12}|${hex}{32}`

const forms: Record<string, { exact: (x: string) => string; expected: string }> = {
  /** With a domain of two labels at least, and as long as RFC 5321 has it; the referee's rules. */
  email: {
    exact: (x) => `(${matches(x, `(${word}(\\.${word})*|${quoted})@${domain}`)}
      AND NOT regexp_matches(${x}, '@(.*\\.)?-|-\\.[^@]*$')
      AND (strlen(${x}) <= 64 OR (strpos(${x}, '@') <= 65
        AND length(${x}) - strpos(${x}, '@') <= 253 AND NOT regexp_matches(${x}, '${long}'))))`,
    expected: 'an email address, such as ada@example.com',
  },
  uri: {
    exact: like(`[A-Za-z][A-Za-z0-9+.-]*:(${authority}|${path})${rest}`),
    expected: 'a URI (RFC 3986), such as https://example.com/a',
  },
  /** RFC 9562's text, and what its readers take, too: braces, `urn:uuid:`, no hyphens. */
  uuid: {
    exact: like(`(urn:)?(uuid:)?(${bare}|\\{(${bare})\\})`),
    expected: 'a UUID, such as 123e4567-e89b-12d3-a456-426614174000',
  },
  /** RFC 4648; lines may be broken, as MIME's are. */
  binary: {
    exact: (x) => {
      const four = '([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?'
      return matches(`regexp_replace(${x}, '\\s', '', 'g')`, four)
    },
    expected: 'base64 (RFC 4648)',
  },
}
