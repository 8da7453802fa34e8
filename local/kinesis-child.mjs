/**
 * Runs the npm program `kinesis-local` as a child of local/kinesis.ts, which it would otherwise
 * outlive. It has no setting for the address it listens on (it takes all of them) and none for "any
 * free port", so `listen` is told both here; the ports it was given are only names.
 */
import { createRequire } from 'node:module'
import { Server } from 'node:net'
import { dirname } from 'node:path'

const [plainPort, tlsPort] = [1, 2]
const main = createRequire(import.meta.url).resolve('kinesis-local')

const { listen } = Server.prototype
Server.prototype.listen = function (port, told) {
  const listening = () => {
    told()
    if (port === plainPort) process.send({ port: this.address().port })
  }
  const { LISTEN_HOST, LISTEN_PORT } = process.env
  if (port === plainPort) return listen.call(this, Number(LISTEN_PORT), LISTEN_HOST, listening)
  return listen.call(this, 0, '127.0.0.1', listening)
}

// The channel breaks when the parent ends, by `kill -9` too. The program replaces `process.exit` by
// one that waits for requests to end, and may wait for ever.
const exit = process.exit.bind(process)
process.on('disconnect', () => exit())

process.env.KINESIS_MOCK_PLAIN_PORT = String(plainPort)
process.env.KINESIS_MOCK_TLS_PORT = String(tlsPort)
// It reads its certificate, server.json, from the working directory.
process.chdir(dirname(main))
createRequire(import.meta.url)(main)
