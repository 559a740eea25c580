# SPDX-License-Identifier: Apache-2.0
"""A web process with the boards beside our apps, on a served installation."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.types import ASGIApp

from support.boards import FOUND, TABLE
from support.house import free_port
from support.served import PATIENCE_SECONDS, Served, eventually
from wardkeep import apps
from wardkeep.assembly.configuration import load_settings
from wardkeep.assembly.database import OWNER, address_for
from wardkeep.assembly.layout import Layout
from wardkeep.assembly.web_process import web_running
from wardkeep.assembly.web_server import serve_application
from wardkeep.db.connection import connect
from wardkeep.web.apps import find_apps
from wardkeep.web.lifespan import Lifespan

TESTS = Path(__file__).resolve().parents[1]


class LiveSite:
    """A web process whose pages have live boards."""

    def __init__(self, server: Served, **settings: str) -> None:
        self.server = server
        self.port = free_port()
        self.origin = f"http://localhost:{self.port}"
        self.log = server.log.with_name("live-site.log")
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("WARDKEEP_")},
            "PYTHONPATH": str(TESTS),
            "WARDKEEP_DATA": str(server.settings.data),
            "WARDKEEP_PORT": str(self.port),
            "WARDKEEP_WEB_WORKERS": "2",
            **settings,
        }
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "support.live_site"],
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        eventually(self._answers, self.log)
        return self.process

    def _answers(self) -> bool:
        import socket  # noqa: PLC0415

        with socket.socket() as probe:
            return probe.connect_ex(("localhost", self.port)) == 0

    def kill(self) -> None:
        """End every process of it at once, as a crash would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE_SECONDS)


def make_application() -> ASGIApp:
    settings = load_settings()
    found = (*find_apps(apps), FOUND)
    return Lifespan(lambda: web_running(settings, Layout.of(settings), found))


async def make_table(server: Served) -> None:
    connection = await connect(address_for(server.settings, server.layout, OWNER))
    try:
        await connection.execute(TABLE)
    finally:
        await connection.close()


@contextmanager
def live_site(server: Served, **settings: str) -> Iterator[LiveSite]:
    """The site, ready, ended afterwards."""
    asyncio.run(make_table(server))
    made = LiveSite(server, **settings)
    try:
        yield made
    finally:
        made.kill()


if __name__ == "__main__":
    serve_application("support.live_site:make_application", load_settings())
