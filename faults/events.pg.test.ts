import { events } from './events.ts'
import { testShort } from './short.fixture.ts'

testShort(events)
