import { Dialog } from './dialog.tsx'

const keys: [string[], string][] = [
  [['/'], 'Search in this view'],
  [['g', 'f'], 'Flow of objects'],
  [['g', 'r'], 'Rejects'],
  [['g', 'd'], 'Datasets'],
  [['g', 's'], 'Streams'],
  [['g', 'q'], 'SQL'],
  [['u'], 'Add files'],
  [['j', '↓'], 'Next in the list'],
  [['k', '↑'], 'The one before'],
  [['Enter'], 'Open it'],
  [['Esc'], 'Close, or leave a field'],
  [['?'], 'These keys'],
]

export function KeysDialog({ close }: { close: () => void }) {
  return (
    <Dialog title="Keys" close={close}>
      <dl class="keys">
        {keys.map(([names, what]) => (
          <>
            <dt key={what}>
              {names.map((name) => (
                <kbd key={name}>{name}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </>
        ))}
      </dl>
    </Dialog>
  )
}
