"""Many processes of one program: web-server workers before and after their fork, and processes that were spawned."""

import json
import subprocess
import sys
from contextlib import ExitStack

import pytest
import sendoff
from sendoff.testing.receiver import Receiver

EACH = 10
SOON = 120

# A pre-fork server: the parent has a client, a handle with callbacks, and threads; then it forks, and each worker submits and waits with what it inherited.
FORKED = """
import json, os, sys, threading, time
import sendoff

url, workers, each = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])

def worker(client, inherited, place):
    called, over = set(), threading.Event()
    operations = [client.put(f"{place}-{number}".encode(), f"{url}{place}-{number}") for number in range(each)]
    handles = [operation.attach() for operation in operations]
    handles[0].add_done_callback(lambda _: (called.add((os.getpid(), threading.current_thread().name)), over.set()))
    done = [handle.result(60).id for handle in handles]
    assert over.wait(60) and called == {(os.getpid(), "sendoff-callbacks")}, called
    assert inherited.result(60).receipt.size == 5
    assert sendoff.get(done[0]).id == done[0]
    return done

parents = set()
client = sendoff.connect()
first = sendoff.put(b"first", url + "first")
inherited = client.get(first.id).attach(lambda _: parents.add(os.getpid()))
inherited.result(60)
pipes = []
for place in range(workers):
    reading, writing = os.pipe()
    if os.fork() == 0:
        status = 1
        try:
            os.write(writing, json.dumps(worker(client, inherited, place)).encode())
            os.close(writing)
            status = 0
        except BaseException:
            sys.excepthook(*sys.exc_info())
        os._exit(status)
    os.close(writing)
    pipes.append(os.fdopen(reading))
for pipe in pipes:
    print(pipe.read())
assert [os.wait()[1] for _ in range(workers)] == [0] * workers
assert parents <= {os.getpid()}, parents
"""

SPAWNED = """
import multiprocessing, sys
import sendoff

def worker(url, place, each, parents):
    batch = sendoff.put_many([(f"{place}-{number}".encode(), f"{url}{place}-{number}") for number in range(each)])
    parents.wait(60)
    return [operation.id for operation in batch.wait(60)]

if __name__ == "__main__":
    import json
    url, workers, each = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    first = sendoff.put(b"first", url + "first")
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        for done in pool.starmap(worker, [(url, place, each, first) for place in range(workers)]):
            print(json.dumps(done))
"""


@pytest.mark.parity("F174")
@pytest.mark.parametrize(("program", "workers"), [(FORKED, 4), (SPAWNED, 2)], ids=["four that are forked", "two that are spawned"])
def test_worker_processes_that_submit_at_once_lose_nothing_and_all_attach(program, workers, stage, receiver):
    script = stage.folder / "server.py"
    script.write_text(program)

    done = subprocess.run(
        [sys.executable, "-W", "error", str(script), receiver.url, str(workers), str(EACH)],
        env=stage.environment, cwd=stage.folder, capture_output=True, text=True, timeout=SOON,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr + stage.log()
    ids = [id for line in done.stdout.splitlines() for id in json.loads(line)]
    listed = {view["id"]: view["status"] for view in stage.listed()}
    assert len(set(ids)) == workers * EACH
    assert listed == dict.fromkeys([*ids, *(set(listed) - set(ids))], "completed")
    assert len(listed) == workers * EACH + 1
    for place in range(workers):
        assert [receiver.stored(f"/{place}-{number}") for number in range(EACH)] == [f"{place}-{number}".encode() for number in range(EACH)]


def test_80_programs_wait_for_one_upload_and_a_command_beside_them(stage, tmp_path):
    """A host tells so many at once; the others ask it once a second."""
    source, _ = stage.file(1000)
    with Receiver(tmp_path / "in") as receiver, ExitStack() as stack:
        clients = [stack.enter_context(sendoff.connect(state_dir=stage.state, config=stage.config)) for _ in range(80)]
        id = clients[0].put(source, receiver.url, start=False).id
        handles = [client.get(id).attach() for client in clients]
        command = stage.begin("wait", id)
        clients[0].get(id).start()

        assert {handle.result(SOON).status.word for handle in handles} == {"completed"}
        command.communicate(timeout=SOON)
        assert command.returncode == 0
