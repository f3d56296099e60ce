"""What the sample of the Windows SDK does, as a program: found again at each start, uploaded, canceled, and every line of it said aloud."""

import argparse
import os
import sys

import sendoff

LARGEST = 100 * 2**20


def say(line):
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def told(operation):
    progress = operation.progress
    percent = 100 if not progress.total_bytes else progress.bytes_sent * 100 // progress.total_bytes
    say(f"Progress: {operation.id}, Status: {operation.status.name}, {progress.bytes_sent} of {progress.total_bytes}, {percent}%")


def ended(operation, handle):
    try:
        handle.result()
    except sendoff.UploadCanceled:
        say(f"Canceled: {operation.id}")
    except sendoff.SendoffError as error:
        say(f"Error: {operation.id} - Error: {sendoff.get_status(error).name}")
    else:
        said = operation.open_response().read().decode(errors="replace")
        say(f"Completed: {operation.id}, Status Code: {operation.response.status_code}, {len(operation.response.headers)} headers, {said}")


def discovered(uploader):
    """Attach to all of them before one is waited for."""
    found = uploader.current_uploads()
    say(f"Loading background uploads: {len(found)}")
    for operation in found:
        say(f"Discovered background upload: {operation.id}, Status: {operation.status.name}")
    return [(operation, operation.attach(progress=lambda _, one=operation: told(one))) for operation in found]


def chosen(url, files, *, multipart, client, uploader):
    """The operation, or why there is none."""
    if not files:
        return "No file selected."
    if sum(os.path.getsize(file) for file in files) > LARGEST:
        return f"Files larger than {LARGEST} bytes are not taken."
    try:
        if multipart:
            parts = [sendoff.ContentPart(f"File{number}", os.path.basename(file)) for number, file in enumerate(files)]
            for part, file in zip(parts, files, strict=True):
                part.set_file(file)
            return client.post(url, parts, start=False)
        uploader.set_request_header("Filename", os.path.basename(files[0]))
        return uploader.create_upload(url, files[0])
    except sendoff.InvalidArgument:
        return "Invalid URI."


def main(words):
    parser = argparse.ArgumentParser()
    parser.add_argument("--multipart", action="store_true")
    parser.add_argument("url", nargs="?")
    parser.add_argument("files", nargs="*")
    given = parser.parse_args(words)
    with sendoff.connect() as client:
        uploader = sendoff.BackgroundUploader(client)
        watched = discovered(uploader)
        if given.url is not None:
            operation = chosen(given.url, given.files, multipart=given.multipart, client=client, uploader=uploader)
            if isinstance(operation, str):
                say(operation)
            else:
                say(f"Uploading to {given.url}, {operation.id}")
                watched.append((operation, operation.start(progress=lambda _, one=operation: told(one))))
        for operation, handle in watched:
            ended(operation, handle)


if __name__ == "__main__":
    main(sys.argv[1:])
