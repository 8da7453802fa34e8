import { describe, expect, it } from 'vitest'
import { checkKind } from './infer-kind.ts'

const zstd = Buffer.from('28b52ffd00', 'hex')

describe('what is no CSV is told by its first bytes, with what to do', () => {
  it.each<[string, string | Buffer]>([
    ['a ZIP file, or a workbook of Excel, and no CSV: save its table as CSV', 'PK\x03\x04\x14,a'],
    ['a PDF, and no CSV: save its table as CSV', '%PDF-1.4\n1 0 obj\n'],
    ['packed by gzip, and no CSV: let its name end in .gz', Buffer.from('1f8b08', 'hex')],
    ['packed by zstd, and no CSV: let its name end in .zst', zstd],
    ['HTML or XML, and no CSV: save its table as CSV', '\ufeff<!DOCTYPE html>\n<html>,\n'],
    ['HTML or XML, and no CSV: save its table as CSV', '\n<?xml version="1.0"?>'],
  ])('%s', (says, start) => {
    expect(() => checkKind(Buffer.from(start))).toThrow(`source-error: it is ${says}`)
  })

  it.each(['', 'PK,id\n1,2\n', 'PAR1,x\n', '<b>,a\n', 'BZh,1\n'])('%j is none of them', (start) => {
    expect(checkKind(Buffer.from(start))).toBeUndefined()
  })
})
