import { useRef, useState } from 'preact/hooks'
import type { Mended } from '../shapes.ts'
import { ApiError, post } from './api.ts'
import { Dialog } from './dialog.tsx'
import { MendResult } from './mend-result.tsx'
import { Busy, Problem } from './notice.tsx'

interface Replay {
  name: string
  result?: Mended
  error?: ApiError
}

/** Takes the CSV of rejects back, mended, and tells what went and what stays. */
export function ReplayFile({ done }: { done: () => void }) {
  const input = useRef<HTMLInputElement>(null)
  const [replay, setReplay] = useState<Replay>()
  const send = async (file: File) => {
    const { name } = file
    setReplay({ name })
    try {
      const result = await post<Mended>('/api/replay/file', file, 'text/csv')
      setReplay({ name, result })
      done()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      setReplay({ name, error })
    }
  }
  return (
    <>
      <button type="button" onClick={() => input.current?.click()}>
        Replay a mended CSV…
      </button>
      <input
        ref={input}
        type="file"
        accept=".csv,text/csv"
        hidden
        aria-label="Mended CSV to replay"
        onChange={({ currentTarget }) => {
          const [file] = currentTarget.files ?? []
          if (file) void send(file)
          currentTarget.value = ''
        }}
      />
      {replay && (
        <Dialog title={`Replay of ${replay.name}`} close={() => setReplay(undefined)}>
          {!replay.result && !replay.error && <Busy what="Replaying" />}
          {replay.error && <Problem error={replay.error} />}
          {replay.result && <MendResult result={replay.result} />}
        </Dialog>
      )}
    </>
  )
}
