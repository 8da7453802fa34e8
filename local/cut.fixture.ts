import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** A way to a server that can be cut, as a network or a restart cuts it, and mended. */
export class Cut {
  readonly #target: URL
  readonly #sockets = new Set<Socket>()
  #server: Server
  #port = 0

  private constructor(target: URL) {
    this.#target = target
    this.#server = this.#make()
  }

  /** @param url of the server, as Postgres has it */
  static async open(url: string): Promise<Cut> {
    const cut = new Cut(new URL(url))
    await cut.mend()
    return cut
  }

  /** The url by this way. */
  get url(): string {
    const url = new URL(this.#target)
    url.hostname = '127.0.0.1'
    url.port = String(this.#port)
    return url.href
  }

  /** Ends every connection, and refuses new ones. */
  async cut(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  /** Takes connections again, on the port that it had. */
  async mend(): Promise<void> {
    this.#server = this.#make()
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#port = (this.#server.address() as AddressInfo).port
  }

  #make(): Server {
    return createServer((client) => {
      const server = connect(Number(this.#target.port), this.#target.hostname)
      for (const [one, other] of [
        [client, server],
        [server, client],
      ] as const) {
        this.#sockets.add(one)
        one.on('error', () => {})
        one.on('close', () => {
          this.#sockets.delete(one)
          other.destroy()
        })
        one.pipe(other)
      }
    })
  }
}
