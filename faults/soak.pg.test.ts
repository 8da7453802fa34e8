import { testShort } from './short.fixture.ts'
import { soak } from './soak.ts'

testShort(soak)
