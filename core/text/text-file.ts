import { type FileHandle, open } from 'node:fs/promises'

/** So many bytes are gathered before they are written. */
const FLUSH = 1 << 20

/**
 * A local file that is written from its beginning to its end. A full disk is a fault of the call
 * that meets it, as it is not with a stream, whose error may come when nobody listens.
 */
export class TextFile {
  readonly #file: FileHandle
  #parts: Buffer[] = []
  #bytes = 0

  private constructor(file: FileHandle) {
    this.#file = file
  }

  static async create(path: string): Promise<TextFile> {
    return new TextFile(await open(path, 'w'))
  }

  /** @param text which is not to be changed any more */
  async write(text: string | Buffer): Promise<void> {
    const part = typeof text === 'string' ? Buffer.from(text) : text
    this.#parts.push(part)
    this.#bytes += part.length
    if (this.#bytes >= FLUSH) await this.#flush()
  }

  async close(): Promise<void> {
    try {
      await this.#flush()
    } finally {
      await this.#file.close()
    }
  }

  async #flush(): Promise<void> {
    const parts = this.#parts
    this.#parts = []
    this.#bytes = 0
    // A single write may take a part, and says so to nobody who does not count: this one goes on.
    if (parts.length > 0) await this.#file.writeFile(Buffer.concat(parts))
  }
}
