// The reference server of the tus protocol on loopback: node tusd.mjs '{"directory": ..., "port": ..., "maxSize": ..., "expires": seconds, "tokens": seconds}'.
// With "tokens" it gives one at /token to recorder:pass-word, and takes none that is older than so many seconds.
// Ends when its input ends, so that it never outlives the test that started it.
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { FileStore } from '@tus/file-store'
import { Server } from '@tus/server'

const { directory, port, maxSize, expires, tokens } = JSON.parse(process.argv[2])
const LOGIN = `Basic ${Buffer.from('recorder:pass-word').toString('base64')}`
const ends = new Map()

async function onIncomingRequest(request) {
  const token = (request.headers.get('authorization') ?? '').replace('Bearer ', '')
  if (!(ends.get(token) > Date.now())) throw { status_code: 401, body: 'the token is unknown or too old\n' }
}

function give(request, response) {
  const token = randomUUID()
  const known = request.headers.authorization === LOGIN
  if (known) ends.set(token, Date.now() + tokens * 1000)
  response.writeHead(known ? 200 : 401).end(known ? `${token}\n` : 'who are you?\n')
}

const datastore = new FileStore({ directory, expirationPeriodInMilliseconds: (expires ?? 0) * 1000 })
const guard = tokens == null ? {} : { onIncomingRequest }
const tus = new Server({ path: '/files', datastore, ...guard, ...(maxSize == null ? {} : { maxSize }) })
const server = createServer((request, response) => (tokens != null && request.url === '/token' ? give : tus.handle.bind(tus))(request, response))
server.listen({ host: '127.0.0.1', port })
process.stdin.on('end', () => process.exit()).resume()
