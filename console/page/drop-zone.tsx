import { useEffect, useState } from 'preact/hooks'
import { DropDialog } from './drop-dialog.tsx'
import { FILES, filesOf, offer, useOffered, withdraw } from './dropped.ts'

/** Takes files that are dropped anywhere on the page, or chosen. */
export function DropZone() {
  const [isOver, setOver] = useState(false)
  const files = useOffered()
  const isAsking = files.length > 0
  useEffect(() => {
    if (isAsking) return
    const over = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes('Files')) return
      event.preventDefault()
      setOver(true)
    }
    const leave = ({ relatedTarget }: DragEvent) => {
      if (relatedTarget === null) setOver(false)
    }
    const drop = (event: DragEvent) => {
      setOver(false)
      if (!event.dataTransfer?.types.includes('Files')) return
      event.preventDefault()
      offer(filesOf(event.dataTransfer))
    }
    addEventListener('dragover', over)
    addEventListener('dragleave', leave)
    addEventListener('drop', drop)
    return () => {
      removeEventListener('dragover', over)
      removeEventListener('dragleave', leave)
      removeEventListener('drop', drop)
    }
  }, [isAsking])
  return (
    <>
      {isOver && <div class="drop-here">Drop the files here</div>}
      <input
        id={FILES}
        type="file"
        multiple
        hidden
        aria-label="Files to add"
        onChange={({ currentTarget }) => {
          offer([...(currentTarget.files ?? [])])
          // So that the same file may be chosen again.
          currentTarget.value = ''
        }}
      />
      {isAsking && <DropDialog files={files} close={withdraw} />}
    </>
  )
}
