import { MemoryStore } from './memory-store.ts'
import { conformance } from './object-store.conformance.ts'

conformance('memory', async () => new MemoryStore())
