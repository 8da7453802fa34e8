import { posix } from 'node:path'
import { type Contract, isStreamOnly } from '../core/contract/contract.ts'
import { dialectWords } from './dialect-words.ts'
import { fieldWords } from './field-words.ts'
import type { ContractWords } from './shapes.ts'
import { amount, listed, named, span } from './words.ts'

/** Files that a resource names, and globs of those that may come later. */
export interface Files {
  paths: string[]
  globs: string[]
}

/** What a contract says, as a person would: what is not said is the default. */
export function contractWords(contract: Contract, files: Files): ContractWords {
  const { file, hash, fields } = contract
  const sentences = [
    ...fileWords(contract, files),
    ...dialectWords(contract),
    ...(isStreamOnly(file) ? [] : tableWords(contract)),
    ...keyWords(contract),
    ...placeWords(contract),
    ...streamWords(contract),
  ]
  return { file, hash, sentences, fields: fields.map((field) => fieldWords(field, contract)) }
}

function fileWords({ file, stored, encoding }: Contract, { paths, globs }: Files): string[] {
  const where = `${posix.dirname(file)}/`
  const all = [
    ...(paths.length > 0 ? [listed(paths)] : []),
    ...(globs.length > 0 ? [`every file that fits ${listed(globs, 'or')}`] : []),
  ]
  const { compression, key, bytes, hash } = stored
  const of = key === undefined ? '' : named(posix.relative(posix.dirname(file), key))
  return [
    all.length > 0
      ? `It takes ${all.join(', and ')} in ${where}.`
      : 'It takes no file: `path`, or `files` of its settings, would name some.',
    ...(compression ? [`Its files are packed as ${compression}, whatever their names.`] : []),
    ...(bytes === undefined ? [] : [`${of} must have ${amount(bytes, 'byte')}.`]),
    ...(hash ? [`${of} must have the ${hash.algorithm} ${hash.hex}.`] : []),
    ...(encoding === 'utf-8' ? [] : [`Their text is ${encoding}.`]),
  ]
}

function tableWords({ load, primaryKey, maxRejectRatio: ratio }: Contract): string[] {
  const how = {
    upsert:
      `Rows are upserted by ${listed(primaryKey)}: of two files that have the same key, ` +
      'the row of the one modified later stands.',
    append: 'Rows are appended; a newer version of a file replaces the rows of its earlier one.',
    replace: 'The dataset is its newest file alone, which replaces all rows before it.',
  }
  const limit =
    ratio === 0
      ? 'A file is refused whole if any of its records is rejected.'
      : `A file is refused whole if more than ${percent(ratio)} of its records are rejected.`
  return [how[load], ...(ratio < 1 ? [limit] : [])]
}

function percent(ratio: number): string {
  return `${Number((100 * ratio).toPrecision(12))} %`
}

/** A stream has no whole in which a key could stand once, and no parents. */
function keyWords({ file, primaryKey, uniqueKeys, foreignKeys, dataset }: Contract): string[] {
  const once = isStreamOnly(file) ? '' : ', and stands once in a file'
  const key = `${together(primaryKey)} the primary key: it is never missing${once}.`
  const parents = foreignKeys.map((parent) => {
    const own = parent.dataset === dataset ? 'this dataset itself' : named(parent.dataset)
    const outside = parent.external ? ', a table outside this package' : ''
    const who = `${listed(parent.fields)} must be ${listed(parent.columns)} of a row of ${own}`
    return `${who}${outside}: until there is one, the row waits.`
  })
  const unique = uniqueKeys.map((names) => {
    return `${listed(names)}${names.length > 1 ? ' together stand' : ' stands'} once in a file.`
  })
  return [
    ...(primaryKey.length > 0 ? [key] : []),
    ...(isStreamOnly(file) ? [] : [...unique, ...parents]),
  ]
}

function together(names: string[]): string {
  return names.length > 1 ? `${listed(names)} together are` : `${listed(names)} is`
}

function placeWords({ file, partitionBy, compression }: Contract): string[] {
  const what = isStreamOnly(file) ? 'Its events lie' : 'Silver lies'
  const folders = partitionBy.map(({ part, field }) => {
    return part === 'value' ? named(field) : `the ${part} of ${named(field)}`
  })
  return [
    ...(folders.length > 0 ? [`${what} in folders by ${plainly(folders)}.`] : []),
    ...(compression === 'zstd' ? [] : [`Its Parquet is packed by ${compression}.`]),
  ]
}

/** Words that are put together already. */
function plainly(all: string[]): string {
  return all.length > 1 ? `${all.slice(0, -1).join(', ')} and ${all.at(-1)}` : all.join('')
}

function streamWords({ file, stream }: Contract): string[] {
  if (!stream) return []
  const { eventTime, watermark, partitionKey, windows } = stream
  const delay = watermark > 0 ? `events ${span(watermark)} newer than its end` : 'newer events'
  return [
    isStreamOnly(file)
      ? 'It flows as a stream alone: nothing of it goes to Postgres or to Silver.'
      : 'It flows as a stream, too.',
    ...(partitionKey ? [`Records of the same ${named(partitionKey)} go to the same shard.`] : []),
    ...(eventTime ? [`${named(eventTime)} says when an event happened.`] : []),
    ...(windows.length > 0 ? [`A window stays open until ${delay} were seen.`] : []),
    ...windows.map(({ name, every, groupBy, measures }) => {
      const by = groupBy.length > 0 ? `, by ${listed(groupBy)}` : ''
      const all = measures.map((one) => `${named(one.name)} is ${one.kind}(${one.field})`)
      return `Window ${named(name)}: every ${span(every).replace(/^1 /, '')}${by}: ${plainly(all)}.`
    }),
  ]
}
