"""A small API server that lists and watches ConfigMaps, and can be away."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import yaml


class Api:
    """An API server that knows ConfigMaps: list and watch, as Kubernetes answers them; `away` answers 503."""

    def __init__(self, folder):
        self.objects, self.version, self.away, self.lists = {}, 1, False, 0
        self.changed = threading.Condition()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.answer(self)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{self.server.server_port}"
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "x",
            "clusters": [{"name": "x", "cluster": {"server": url}}],
            "users": [{"name": "x", "user": {}}],
            "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        }
        self.kubeconfig = folder / "kubeconfig"
        self.kubeconfig.write_text(yaml.safe_dump(config))

    def add(self, body):
        with self.changed:
            self.version += 1
            meta = body["metadata"] | {"uid": f"u{self.version}", "resourceVersion": str(self.version)}
            meta["creationTimestamp"] = f"2026-11-20T00:00:{self.version:02d}Z"
            self.objects[(meta["namespace"], meta["name"])] = body | {"metadata": meta}
            self.changed.notify_all()

    def here(self, namespace):
        return [body for (place, _), body in self.objects.items() if place == namespace]

    def answer(self, request):
        path, _, query = request.path.partition("?")
        namespace = path.split("/")[4]
        if self.away:
            request.send_error(503)
        elif "watch=true" in query.lower():
            self.watch(request, namespace)
        else:
            self.lists += 1
            items = self.here(namespace)
            listed = {"kind": "ConfigMapList", "metadata": {"resourceVersion": str(self.version)}, "items": items}
            self.send(request, json.dumps(listed).encode())

    def watch(self, request, namespace):
        request.send_response(200)
        request.send_header("Content-Type", "application/json")
        request.end_headers()
        sent = set(self.objects)
        for _ in range(100):
            with self.changed:
                self.changed.wait(0.1)
                new = {name: body for name, body in self.objects.items() if name not in sent and name[0] == namespace}
            if self.away:
                return
            for name, body in new.items():
                sent.add(name)
                request.wfile.write(json.dumps({"type": "ADDED", "object": body}).encode() + b"\n")
                request.wfile.flush()

    @staticmethod
    def send(request, data):
        request.send_response(200)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)
