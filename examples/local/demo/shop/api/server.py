"""The API of the demo shop: a free port, JSON, nothing else."""

import http.server
import json
import random


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"service": "api", "path": self.path, "tea": ["oolong", "sencha"]}) + "\n"
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


while True:
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", random.randint(20000, 29999)), Handler)
        break
    except OSError:
        continue  # the port is taken
server.serve_forever()
