import { Announcer } from './announcer.tsx'
import { chooseFiles } from './dropped.ts'
import { FlowNow } from './flow-now.tsx'
import { History } from './history.tsx'
import type { Params } from './router.ts'

/** What happens now, and what has become of every object. */
export function FlowView({ params }: { params: Params }) {
  return (
    <>
      <div class="view-head">
        <div>
          <h1 tabIndex={-1}>Flow</h1>
          <p>Drop a file anywhere on this page: it goes the way of any file.</p>
        </div>
        <button type="button" class="primary" onClick={chooseFiles}>
          Add files…
        </button>
      </div>
      <FlowNow />
      <History params={params} />
      <Announcer />
    </>
  )
}
