"""A desk in memory for what commands do with one: it keeps what it is given and ends it when a test says so."""

import time
from dataclasses import replace

from sendoff.errors import HostUnavailable, InvalidArgument, Refused, SourceMissing, UnknownOperation
from sendoff.model.event import Event
from sendoff.model.query import Applied, Created, Page

TERMINAL = {"completed", "canceled", "error"}


class SmallDesk:
    """The verbs over a dict. ``turns``: called one at a time while somebody follows; each may end operations."""

    def __init__(self):
        self.views, self.history, self.turns, self.calls = {}, [], [], []
        self.missing, self.left_out = set(), {}

    def add(self, id, *, batch="b-1", status="running", **more):
        self.views[id] = {
            "schema": 1, "id": id, "number": len(self.views) + 1, "batch": batch, "round": 1, "status": status, "reason": None, "reason_text": None,
            "needs": None, "retry_at": None, "method": "PUT", "url": f"https://h/{id}", "destination": None, "transport": "http", "protocol": None,
            "resumable": None, "source": {"kind": "file", "path": f"/x/{id}", "size": 10}, "group": None, "priority": "default", "cost_policy": "default",
            "label": None, "metadata": {}, "progress": {"bytes_sent": 0, "bytes_confirmed": 0, "total_bytes": 10, "bytes_received": 0, "attempt": 1,
            "has_restarted": False, "answers": 0, "total_bytes_to_receive": 0, "rate": None, "eta": None}, "response": None, "error": None, "receipt": None,
            "created_at": "2026-01-01T00:00:00.000000Z", "started_at": None, "finished_at": None, **more,
        }  # fmt: skip
        return self

    def become(self, id, status, **more):
        self.views[id] |= {"status": status, **more}
        kind = {"completed": "completed", "canceled": "canceled", "error": "failed"}.get(status, "waiting")
        self.history.append(Event(id=f"e{len(self.history)}", time=0, type=kind, operation=id, seq=len(self.history) + 1))

    def create(self, requests, *, start=True, dry_run=False, together=False, environment=None, batch=None):
        asked = list(requests)
        self.calls.append(("dry" if dry_run else "create", len(asked), together))
        bad = any(request.source in self.missing for request in asked)
        for number, request in enumerate(asked):
            if request.source in self.missing:
                yield SourceMissing(f"there is no file {request.source}")
            elif bad:
                yield Refused("another of the same put was refused")
            elif request.source in self.left_out:
                yield Created(id="", number=0, batch="b-new", url=request.destination + (request.name or ""), skipped=self.left_out[request.source])
            else:
                id = request.id or f"new-{number}"
                if not dry_run:
                    self.add(id)
                batch = 99 if len(asked) > 1 else None
                yield Created(id=id, number=number, batch="b-new", batch_number=batch, url=request.destination + (request.name or ""))

    def order(self, order, which):
        self.calls.append((order.verb, which))
        ids = which.ids or tuple(self.views)
        stuck = tuple((id, "it is completed") for id in ids if self.views[id]["status"] == "completed")
        done = tuple(id for id in ids if self.views[id]["status"] != "completed")
        return Applied(count=len(done), ids=done, skipped=stuck)

    def page(self, query, *, after=None, limit=100):
        query = query if query.name is None else replace(query, name=None, ids=(self._meant(query.name),))
        found = [view for view in self.views.values() if self._matches(query, view)]
        start = next((place + 1 for place, view in enumerate(found) if str(view["number"]) == after), 0)
        shown = found[start : start + limit]
        return Page(items=shown, next=str(shown[-1]["number"]) if start + limit < len(found) else None)

    def _meant(self, name):
        """The id, as a host finds it: of an operation or a batch, by id, by number, by the beginning of an id."""
        for view in self.views.values():
            if name in (view["id"], view["batch"]):
                return name
        beginning = [view for view in self.views.values() if view["id"].startswith(name) and len(name) >= 4]
        found = [view for view in self.views.values() if str(view["number"]) == name] or beginning
        if not found:
            raise UnknownOperation(f"there is no operation or batch {name}")
        if len(found) > 1:
            raise InvalidArgument(f"{name} is the beginning of several ids", candidates=[f"{view['id']}  {view['url']}" for view in found])
        return found[0]["id"]

    def _matches(self, query, view):
        return (
            (not query.ids or view["id"] in query.ids or view["batch"] in query.ids)
            and (not query.numbers or view["number"] in query.numbers)
            and (query.prefix is None or view["id"].startswith(query.prefix))
            and (query.batch is None or view["batch"] == query.batch)
            and (not query.statuses or view["status"] in query.statuses)
            and (query.open is None or (view["status"] not in TERMINAL) is query.open)
            and (query.listed is None or view["status"] != "completed")
            and all(view["metadata"].get(key) == value for key, value in query.metadata.items())
        )

    def follow(self, query, *, after, progress=False):
        return self.follow_always(query, after=after, progress=progress)

    def follow_always(self, query, *, after, progress=False, lost=None):
        position = len(self.history) if after is None else after
        yield None
        while True:
            while position < len(self.history):
                event = self.history[position]
                position = event.seq
                about = {event.operation, self.views[event.operation]["batch"]}
                if (not query.ids or about & set(query.ids)) and (not query.types or event.type in query.types):
                    yield event
            yield None
            if not self.turns:
                time.sleep(0.01)
            for turn in self.turns[:1]:
                self.turns.pop(0)
                turn()

    def ask(self, question):
        if question.what == "spool":
            return {"limit": 10**9, "used": 0}
        raise HostUnavailable("no host runs")
