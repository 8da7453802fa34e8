import { clock } from './clock.ts'
import { testShort } from './short.fixture.ts'

testShort(clock)
