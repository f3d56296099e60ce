// The reference server of the tus protocol on loopback: node tusd.mjs '{"directory": ..., "port": ..., "maxSize": ..., "expires": seconds}'.
// Ends when its input ends, so that it never outlives the test that started it.
import { FileStore } from '@tus/file-store'
import { Server } from '@tus/server'

const { directory, port, maxSize, expires } = JSON.parse(process.argv[2])
const datastore = new FileStore({ directory, expirationPeriodInMilliseconds: (expires ?? 0) * 1000 })
const tus = new Server({ path: '/files', datastore, ...(maxSize == null ? {} : { maxSize }) })
tus.listen({ host: '127.0.0.1', port })
process.stdin.on('end', () => process.exit()).resume()
