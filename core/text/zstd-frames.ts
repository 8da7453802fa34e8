/**
 * Cuts zstd into pieces that end where a frame ends: Node's decompressor goes on with a next frame
 * only at the beginning of what it is given, and drops, without a word, what follows in the same
 * piece (Node 24).
 * Format: https://datatracker.ietf.org/doc/html/rfc8878#section-3.1
 */
export async function* byFrame(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const frame = new Frame()
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const end = frame.endIn(chunk, at)
      yield chunk.subarray(at, end)
      at = end
    }
  }
}

const MAGIC = 0xfd2fb528
/** The lowest four bits of a skippable frame's magic number are its own. */
const SKIPPABLE = 0x184d2a50

class Frame {
  /** The bytes of a header that is being read, and how many it has, as far as that is known. */
  #header: number[] = []
  #wanted = 5
  #part: 'frame' | 'block' = 'frame'
  /** Bytes of content before the next header. */
  #left = 0
  /** Whether the frame ends behind them. */
  #isLast = false
  #checksum = 0

  /** Where the frame that is being read ends in `chunk`; or the end of the chunk. */
  endIn(chunk: Buffer, from: number): number {
    let at = from
    while (at < chunk.length) {
      if (this.#left > 0) {
        const passed = Math.min(this.#left, chunk.length - at)
        this.#left -= passed
        at += passed
      } else {
        this.#header.push(chunk[at++]!)
        if (this.#header.length >= this.#wanted) this.#read()
      }
      if (this.#left === 0 && this.#isLast) {
        this.#begin('frame', 5)
        this.#isLast = false
        return at
      }
    }
    return at
  }

  #begin(part: 'frame' | 'block', wanted: number): void {
    this.#part = part
    this.#wanted = wanted
    this.#header = []
  }

  #read(): void {
    if (this.#part === 'block') this.#readBlock()
    else if (this.#header.length === 5) this.#readStart()
    else this.#readRest()
  }

  /** The magic number, and the byte that says how long the header is. */
  #readStart(): void {
    const start = Buffer.from(this.#header)
    const magic = start.readUInt32LE(0)
    const descriptor = start[4]!
    if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE) {
      this.#wanted = 8
    } else if (magic !== MAGIC) {
      // No zstd: the decompressor will say so.
      this.#left = Number.POSITIVE_INFINITY
    } else {
      const single = (descriptor >> 5) & 1
      const size = [single, 2, 4, 8][descriptor >> 6]!
      const dictionary = [0, 1, 2, 4][descriptor & 3]!
      this.#checksum = (descriptor >> 2) & 1 ? 4 : 0
      this.#wanted = 5 + (1 - single) + dictionary + size
    }
  }

  #readRest(): void {
    const header = Buffer.from(this.#header)
    if (header.readUInt32LE(0) === MAGIC) this.#begin('block', 3)
    else {
      this.#left = header.readUInt32LE(4)
      this.#isLast = true
    }
  }

  #readBlock(): void {
    const [low = 0, middle = 0, high = 0] = this.#header
    const word = low | (middle << 8) | (high << 16)
    const isRepeated = ((word >> 1) & 3) === 1
    this.#left = isRepeated ? 1 : word >> 3
    this.#isLast = (word & 1) === 1
    if (this.#isLast) this.#left += this.#checksum
    this.#begin('block', 3)
  }
}
