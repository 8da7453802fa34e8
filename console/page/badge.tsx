import type { StageEnd } from '../shapes.ts'

type Status = StageEnd['status'] | 'waiting' | 'rejected' | 'mended' | 'running'

type Tone = 'good' | 'bad' | 'wait' | 'mend' | 'idle'

const tones: Record<Status, Tone> = {
  loaded: 'good',
  published: 'good',
  unchanged: 'good',
  refused: 'bad',
  rejected: 'bad',
  failed: 'bad',
  held: 'wait',
  waiting: 'wait',
  running: 'mend',
  mended: 'mend',
}

/** How something stands, as a word on its colour. */
export function Badge({ status, title }: { status: string; title?: string | null | undefined }) {
  const tone = Object.hasOwn(tones, status) ? tones[status as Status] : 'idle'
  return (
    <span class="badge" data-tone={tone} title={title ?? undefined}>
      {status}
    </span>
  )
}
