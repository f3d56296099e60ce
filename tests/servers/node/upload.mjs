// The client of the tus protocol's own people: node upload.mjs '{"file": ..., "endpoint": ..., "protocol": ..., "chunkSize": ..., "metadata": ...}'. Prints the upload's address.
// protocol: tus-v1, ietf-draft-03 or ietf-draft-05. It tries once.
import { createReadStream } from 'node:fs'
import { Upload } from 'tus-js-client'

const { file, endpoint, protocol = 'tus-v1', chunkSize = Infinity, metadata = {} } = JSON.parse(process.argv[2])
const upload = new Upload(createReadStream(file), {
  endpoint, protocol, chunkSize, metadata, retryDelays: null, storeFingerprintForResuming: false,
  onError: (error) => { console.error(String(error)); process.exitCode = 1 },
  onSuccess: () => console.log(upload.url),
})
upload.start()
