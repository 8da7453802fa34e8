interface BarProps {
  parts: { tone: 'good' | 'bad' | 'wait' | 'mend'; size: number }[]
  /** What a full bar would be. */
  of: number
}

/** Parts of a whole side by side; a small part still shows. It says nothing that no text says. */
export function Bar({ parts, of }: BarProps) {
  return (
    <span class="bar" aria-hidden="true">
      {parts
        .filter(({ size }) => size > 0)
        .map(({ tone, size }) => (
          <span
            key={tone}
            data-tone={tone}
            style={{ width: `${of > 0 ? (100 * size) / of : 0}%` }}
          />
        ))}
    </span>
  )
}
