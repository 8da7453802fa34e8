import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { NOTICES, noticesOf, packagesOf } from '../infra/notices.ts'

/** A file of the page, as the browser asks for it. */
export interface PageFile {
  /** `/app.js` */
  path: string
  body: Uint8Array
}

/** Where the page's source is. */
const source = join(import.meta.dirname, 'page')

/** Files that the browser gets as they stand. */
const asTheyAre = ['index.html', 'icon.svg']

/**
 * Builds the page: one script, one style sheet, what goes as it is, and the licences of all. The
 * same source gives the same bytes, and no path of this machine is in them.
 */
export async function bundlePage(): Promise<PageFile[]> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: source,
    entryPoints: [
      { in: 'main.tsx', out: 'app' },
      { in: 'style.css', out: 'app' },
    ],
    outdir: '/',
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    format: 'esm',
    // Since these, all that the page uses is there without a stand-in (`light-dark()`, <dialog>).
    target: ['chrome123', 'firefox121', 'safari17.5'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    charset: 'utf8',
  })
  const built = outputFiles.map(({ path, contents }) => ({ path, body: contents }))
  const plain = asTheyAre.map(async (name) => {
    return { path: `/${name}`, body: new Uint8Array(await readFile(join(source, name))) }
  })
  const packages = packagesOf(Object.keys(metafile.inputs), source)
  const notices = { path: `/${NOTICES}`, body: new TextEncoder().encode(noticesOf(packages)) }
  return [...built, notices, ...(await Promise.all(plain))].toSorted((a, b) =>
    a.path < b.path ? -1 : 1,
  )
}
