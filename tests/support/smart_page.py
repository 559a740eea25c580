# SPDX-License-Identifier: Apache-2.0
"""A small SMART app: npm `fhirclient` in pages on an origin of their own."""

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from support.house import free_port
from support.npm import installed

PACKAGE = "fhirclient@2.6.3"
_LAUNCH = """<!DOCTYPE html><html lang="en"><title>Launching</title>
<script src="/fhir-client.js"></script><script>
const asked = new URLSearchParams(location.search);
FHIR.oauth2.authorize({...SETTINGS, iss: asked.get("iss") || SETTINGS.iss,
  redirectUri: "/app.html", pkceMode: "required"});
</script></html>"""
_APP = """<!DOCTYPE html><html lang="en"><title>Growth charts</title>
<main id="told">Working</main>
<script src="/fhir-client.js"></script><script>
const told = document.getElementById("told");
(async () => {
  const client = await FHIR.oauth2.ready();
  window.client = client;
  const patient = await client.patient.read();
  const found = await client.request("Observation?patient=" + client.patient.id);
  const user = await client.user.read().catch(() => ({name: [{text: "nobody"}]}));
  told.textContent = [patient.name[0].family, found.total ?? found.entry.length,
    "observations for", user.name[0].text].join(" ");
})().catch((error) => { told.textContent = "Failed: " + error.message; });
</script></html>"""


class SmartPage:
    """Where the app lives, and what it is told when its pages are loaded."""

    def __init__(self, port: int) -> None:
        self.origin = f"http://localhost:{port}"
        self.settings: dict[str, str] = {}

    @property
    def launch_url(self) -> str:
        return f"{self.origin}/launch.html"

    @property
    def redirect_uri(self) -> str:
        return f"{self.origin}/app.html"

    def text_of(self, page: str) -> str:
        return page.replace("SETTINGS", json.dumps(self.settings))


@contextmanager
def smart_page() -> Iterator[SmartPage]:
    """The app on a server of its own while the block lasts."""
    script = installed(PACKAGE) / "node_modules/fhirclient/build/fhir-client.js"
    served = SmartPage(free_port())

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            pages = {
                "/launch.html": ("text/html", served.text_of(_LAUNCH).encode()),
                "/app.html": ("text/html", served.text_of(_APP).encode()),
                "/fhir-client.js": ("text/javascript", script.read_bytes()),
            }
            kind, body = pages.get(path, ("text/plain", b""))
            self.send_response(200 if path in pages else 404)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    port = int(served.origin.rpartition(":")[2])
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
