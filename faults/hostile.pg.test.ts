import { hostile } from './hostile.ts'
import { testShort } from './short.fixture.ts'

testShort(hostile)
