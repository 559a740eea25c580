# SPDX-License-Identifier: Apache-2.0
"""The web process: granian, and the workers that it starts.

It serves nothing itself, so it imports none of what its workers serve.
"""

import contextlib
import os
import resource
import signal
from pathlib import Path
from typing import Any

from granian.constants import Interfaces, Loops
from granian.http import HTTP1Settings, HTTP2Settings
from granian.server.mp import MPServer

from wardkeep.assembly.layout import Layout
from wardkeep.base.settings import Settings
from wardkeep.web.connection import UNSENT_BYTES
from wardkeep.web.logs import set_up_logs
from wardkeep.web.site import MOST_STREAMS

END_STREAMS = signal.SIGUSR1
"""What the server tells its workers when it is told to stop."""
PARENT = "_WARDKEEP_WEB_PARENT"
"""Tells a worker whose child it is; no setting."""


def run_web(settings: Settings, _layout: Layout) -> None:
    """Serve until SIGTERM or SIGINT, with as many workers as the settings say."""
    set_up_logs(settings.log_level, process="web")
    os.umask(0o077)
    os.environ[PARENT] = str(os.getpid())
    serve_application("wardkeep.assembly.web_process:make_application", settings)


def serve_application(target: str, settings: Settings) -> None:
    """Have granian serve what the factory `target` makes, in each worker."""
    _raise_file_limit()
    server = _Server(
        target,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=settings.web_workers,
        loop=Loops.uvloop,
        factory=True,
        websockets=False,
        backpressure=MOST_STREAMS,
        http1_settings=HTTP1Settings(max_buffer_size=UNSENT_BYTES),
        http2_settings=HTTP2Settings(max_send_buffer_size=UNSENT_BYTES),
        log_enabled=False,
        log_access=False,
        respawn_failed_workers=True,
        ssl_cert=Path(settings.tls_certificate) if settings.is_tls else None,
        ssl_key=Path(settings.tls_key) if settings.tls_key else None,
    )
    server.serve()


class _Server(MPServer):
    """Granian, whose workers end their streams before they are stopped.

    A worker waits for answers under way, and a stream of events never ends by itself.
    """

    def signal_handler_interrupt(self, *args: Any, **more: Any) -> None:
        for worker in self.wrks:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker.inner.pid, END_STREAMS)
        super().signal_handler_interrupt(*args, **more)  # type: ignore[no-untyped-call]


def _raise_file_limit() -> None:
    """Each open board is a connection, and 1,024 of them are the usual limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
