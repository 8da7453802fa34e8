import { describe, expect, it } from 'vitest'
import { useInferring } from './infer.fixture.ts'

/** Where the header of an export is: below titles, below `sep=;`; or that it is not clear. */

const { inferred } = useInferring()

describe('the header is found', () => {
  it.each<[string, object, string]>([
    ['below a title', { headerRows: [2] }, 'Report\na,b\n1,2\n3,4\n5,6\n'],
    ['below a title and a blank row', { headerRows: [3] }, 'Sales\n\na,b\nx,y\nz,w\n'],
    ['below blank rows', { headerRows: [3] }, '\n\na,b\nx,y\nz,w\n'],
    [
      'below titles that spreadsheets fill up with delimiters',
      { delimiter: ';', headerRows: [3] },
      'Exported;02/04/2026;;;\n;;;;\nid;name;n;day;note\n1;x;2;3;y\n2;z;3;4;\n',
    ],
    [
      'below words and their values',
      { delimiter: ';', headerRows: [5] },
      'Konto:;DE12\nSaldo:;1.234,56\n\n\nBuchung;Valuta;Text;Betrag\n' +
        '01.03.2026;02.03.2026;Miete;-800,00\n02.03.2026;03.03.2026;Lohn;2.000,00\n',
    ],
    [
      'below a title with the comma of a sentence',
      { delimiter: ';', headerRows: [3] },
      'Umsatz, März\n\nDatum;Betrag\n01.03.2026;1,50\n13.03.2026;2,50\n',
    ],
    ['below a title of two lines', { headerRows: [2] }, '"Sales\nof March"\na,b\n1,2\n3,4\n'],
    ['below `sep=;`', { delimiter: ';', headerRows: [2] }, 'sep=;\na;b\n1;2\n'],
    ['below `sep=,`', { headerRows: [2] }, '\ufeffsep=,\r\na,b\r\n1,2\r\n'],
    ['below `"sep=\t"`', { delimiter: '\t', headerRows: [2] }, '"sep=\t"\na\tb\n1\t2\n'],
    [
      'below `sep=;` and a title',
      { delimiter: ';', headerRows: [4] },
      'SEP=;\nReport\n\na;b;c\nx;y;z\nu;v;w\n',
    ],
    ['in UTF-16', { headerRows: [2] }, 'Report\na,b\n1,2\n3,4\n'],
    [
      'though a few records are broken below',
      { headerRows: [2] },
      `Report\na,b\n${'1,2\n'.repeat(8)}3\n4,5,6\n`,
    ],
  ])('%s', async (name, dialect, text) => {
    const is16 = name.includes('UTF-16')
    const found = await inferred(is16 ? Buffer.from(`\ufeff${text}`, 'utf16le') : text)
    expect(found.dialect).toEqual(dialect)
    expect(found.fields.every((field) => !/^column_|\d/.test(field.name))).toBe(true)
  })
})

describe('what is not clear is not guessed', () => {
  it.each<[string, object, string]>([
    ['blank labels', { header: false, commentRows: [1] }, 'a,,,\nw,x,y,z\nu,v,s,t\n'],
    ['a last label that is blank', { header: false, commentRows: [1] }, 'a,b,\n1,2,3\n4,5,6\n'],
    ['words in every row', {}, 'a,b\nx,y\nz,w\n'],
    ['years as labels', {}, 'country,2019,2020\nBR,1.5,2\nAR,2,3\n'],
    [
      'marks above numbers',
      { header: false, commentRows: [1] },
      'a,,\n?,!,1x\n0,10:00:00,0\n,0,0\n3,1,2\n',
    ],
    ['comments', { commentChar: '#' }, '# Report\na,b\n1,2\n3,4\n'],
    ['a column of sentences', { delimiter: ';' }, 'remark\nhello\nhi, all\nbye\n'],
  ])('%s', async (_, dialect, text) => {
    const found = await inferred(text)
    expect(found.dialect).toEqual(dialect)
  })

  it.each([
    ['numbers below a title, without a header', 'Report\n1,2,3\n4,5,6\n7,8,9\n'],
    ['too little below it', 'Report\na,b,c\n1,2,3\n'],
    ['rows that do not agree', 'Report\n\na,b,c\n1,2\n1,2,3\n4\n5,6,7,8\n1,2,3\n'],
    ['a title as full as a record', 'Sales,March,2026\na,b,c,d\n1,2,3,4\n5,6,7,8\n3,3,3,3\n'],
  ])('%s', async (_, text) => {
    const found = await inferred(text).catch((error: Error) => error)
    expect(found instanceof Error || found.dialect.headerRows === undefined).toBe(true)
  })
})

it('a header below `sep=;` that no fields can have is passed over with it', async () => {
  const found = await inferred('sep=;\na;a\n1;x\n2;y\n')
  expect(found.dialect).toEqual({ delimiter: ';', header: false, commentRows: [1, 2] })
  expect([found.records, found.rejected]).toEqual([2, 0])
  const headless = await inferred('sep=;\n1;x\n2;y\n')
  expect(headless.dialect).toEqual({ delimiter: ';', header: false, commentRows: [1] })
  expect([headless.records, headless.rejected]).toEqual([2, 0])
})
