// Uploads a file with tus-js-client: node upload.js PROTOCOL ENDPOINT FILE MEMORY [CHUNK]
// MEMORY is a file that remembers unfinished uploads, so that a second run goes on where the first was killed.
import { readFileSync } from "node:fs";
import { FileUrlStorage, Upload } from "tus-js-client";

const [protocol, endpoint, file, memory, chunk] = process.argv.slice(2);
// A buffer, not a stream of the file: from a stream, only a request with the whole file says that it completes the upload.
const upload = new Upload(readFileSync(file), {
  protocol,
  endpoint,
  chunkSize: chunk ? Number(chunk) : Infinity,
  retryDelays: null,
  urlStorage: new FileUrlStorage(memory),
  onError: (error) => {
    console.error(String(error));
    process.exit(1);
  },
  onSuccess: () => console.log(upload.url),
});
const [previous] = await upload.findPreviousUploads();
if (previous) upload.resumeFromPreviousUpload(previous);
upload.start();
