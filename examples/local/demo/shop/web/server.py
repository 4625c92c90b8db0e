"""The page of the demo shop, which reads its data from the API through the gateway."""

import http.server
import random

PAGE = b"""<!doctype html>
<meta charset="utf-8">
<title>Demo shop</title>
<h1>Demo shop</h1>
<p>This page is the service <code>web</code>. The service <code>api</code> says:</p>
<pre id="tea">asking</pre>
<script>
fetch("/_proxy/api/tea").then((r) => r.text()).then((t) => (document.getElementById("tea").textContent = t));
</script>
"""


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_):
        pass


while True:
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", random.randint(20000, 29999)), Handler)
        break
    except OSError:
        continue  # the port is taken
server.serve_forever()
