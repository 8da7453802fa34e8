import { crash } from './crash.ts'
import { testShort } from './short.fixture.ts'

testShort(crash)
