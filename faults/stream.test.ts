import { testShort } from './short.fixture.ts'
import { stream } from './stream.ts'

testShort(stream)
