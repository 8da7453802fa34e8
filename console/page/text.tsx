import type { ComponentChildren } from 'preact'
import { visible } from './visible.ts'

/** A text of a stranger: what is hidden in it shows, and it turns nothing around it. */
export function Verbatim({ text, keep }: { text: string; keep?: string }) {
  return <bdi>{shown(text, keep)}</bdi>
}

/** An object's key: where it is too long for its line it breaks after a slash. */
export function KeyText({ text }: { text: string }) {
  const parts = text.split(/(?<=\/)/)
  return <bdi>{parts.flatMap((part, at) => [at > 0 && <wbr />, ...shown(part)])}</bdi>
}

function shown(text: string, keep?: string): ComponentChildren[] {
  return visible(text, keep).map((run) => {
    return run.isHidden ? <span class="hidden-character">{run.text}</span> : run.text
  })
}
