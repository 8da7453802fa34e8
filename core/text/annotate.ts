import { open } from 'node:fs/promises'
import type { Dialect } from '../contract/dialect.ts'
import type { RejectFile } from '../rejects.ts'
import { AnnotatedFile } from './annotated-file.ts'
import { commentsOf } from './comments.ts'
import type { Layout } from './header.ts'
import type { PlainText } from './plain-text.ts'
import { marksOf } from './record.ts'
import { validityOf } from './text-encoding.ts'
import { walk } from './walk.ts'

/**
 * The exact way: one walk over all records that writes each behind its own place in the text, as
 *
 *     record,line,offset,length,cells,<its cells, exactly as many as the layout has fields>
 *
 * in a form that DuckDB's reader cannot misread. What is no record at all (a broken quote, a NUL,
 * an invalid byte, an endless line) goes to the rejects at once.
 */
export interface Annotated {
  path: string
  /** The object's own, or a comma where cells had to be written anew. */
  delimiter: string
  records: number
  /** Bytes of its longest line. */
  longest: number
}

/**
 * @param utf8 whether the text is known to be UTF-8 as a whole
 * @param path where the annotated file is written
 */
export async function annotate(
  text: PlainText,
  layout: Layout,
  dialect: Dialect,
  utf8: boolean,
  path: string,
  rejects: RejectFile,
): Promise<Annotated> {
  await using source = await open(text.path)
  await using target = await open(path, 'w')
  const { encoding } = text
  const { size } = await source.stat()
  const marks = marksOf(dialect, encoding)
  const isPlain = isReadable(dialect)
  const out = new AnnotatedFile(target, layout.fields.length, marks, isPlain, encoding, rejects)
  const isValid = encoding === 'utf-8' && utf8 ? undefined : validityOf(encoding)
  const comments = commentsOf(dialect, encoding)
  const { start, lines, rows } = layout
  const records = await walk({ source, size, start, lines, rows, marks, comments, isValid }, out)
  return { path, delimiter: out.delimiter, records, longest: out.longest }
}

/** Whether DuckDB reads the cells of such a text as they stand, and numbers that stand bare. */
export function isReadable({ quote, escape: mark, doubleQuote, delimiter }: Dialect): boolean {
  return quote === '"' && !mark && doubleQuote && /^[\t!-/:-@[-`{-~]$/.test(delimiter)
}
