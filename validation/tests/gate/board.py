"""A namespace in memory to publish verdicts in, and the key that signs them."""

from leanrag.core.errors import UnreachableError
from leanrag.evidence.keys import make_key, parse_key
from leanrag.gate import notice

KEY = parse_key(make_key()[0], "test")
WHERE = notice.Place("Job", "gate", "u1", "batch/v1")


class FakeBoard:
    """A namespace in memory. `faults` are raised by the next calls, one each; a callable acts instead."""

    namespace = "dev-gate"

    def __init__(self, *faults):
        self.maps, self.events, self.faults, self.count = {}, [], list(faults), 0

    def _next(self, body=None):
        if self.faults:
            fault = self.faults.pop(0)
            if callable(fault):
                fault(body)
            elif fault:
                raise fault

    def verdicts(self):
        self._next()
        return tuple(self.maps.values())

    def create(self, body):
        self._next(body)
        return self.add(body)

    def add(self, body):
        name = body["metadata"]["name"]
        if name in self.maps:
            return False
        self.count += 1
        stamp = f"2026-11-21T11:{self.count // 60:02}:{self.count % 60:02}Z"
        self.maps[name] = {**body, "metadata": {**body["metadata"], "creationTimestamp": stamp}}
        return True

    def delete(self, name):
        del self.maps[name]

    def event(self, body):
        self.events.append(body)


DOWN = UnreachableError("verdicts in dev-gate: the API server does not answer")
