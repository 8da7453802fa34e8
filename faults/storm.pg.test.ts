import { testShort } from './short.fixture.ts'
import { storm } from './storm.ts'

testShort(storm)
