import { resources } from './resources.ts'
import { testShort } from './short.fixture.ts'

testShort(resources)
