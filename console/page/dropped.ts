import { useEffect, useState } from 'preact/hooks'

/** Files that were dropped or chosen, until the dialog that asks where they go is closed. */

let offered: File[] = []
const listeners = new Set<(files: File[]) => void>()

export function offer(files: File[]): void {
  if (files.length > 0) set(files)
}

/** Opens the browser's own dialog to choose files with. */
export function chooseFiles(): void {
  document.getElementById(FILES)?.click()
}

/** The field that files are chosen with, wherever in the page that is asked for. */
export const FILES = 'files-to-add'

export function withdraw(): void {
  set([])
}

export function useOffered(): File[] {
  const [files, setFiles] = useState(offered)
  useEffect(() => {
    listeners.add(setFiles)
    return () => {
      listeners.delete(setFiles)
    }
  }, [])
  return files
}

/** The files of a drop; folders among them are left out. */
export function filesOf(transfer: DataTransfer): File[] {
  return [...transfer.items].flatMap((item) => {
    if (item.kind !== 'file' || item.webkitGetAsEntry?.()?.isDirectory) return []
    return item.getAsFile() ?? []
  })
}

function set(files: File[]): void {
  offered = files
  for (const listener of listeners) listener(files)
}
