import { database } from './database.ts'
import { testShort } from './short.fixture.ts'

testShort(database)
