# SPDX-License-Identifier: Apache-2.0
"""`wardkeep serve`: the database, the schema, and every process, supervised."""

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from wardkeep.assembly.configuration import environment_for_children
from wardkeep.assembly.database import is_embedded
from wardkeep.assembly.layout import Layout
from wardkeep.assembly.schema import migrate_now
from wardkeep.assembly.supervisor import (
    DatabaseKeeper,
    Program,
    Supervisor,
    until_told_to_stop,
)
from wardkeep.base.settings import Settings
from wardkeep.db.embedded import EmbeddedPostgres

Say = Callable[[str], None]
PROGRAMS = ("warden", "worker", "web")
_READY_SECONDS = 30.0
_LOOK_AGAIN_SECONDS = 0.05


class NotReadyError(Exception):
    """A process did not come up; the message names its log."""


def serve_everything(settings: Settings, layout: Layout, *, say: Say) -> None:
    """Run until Ctrl-C; every process that was started is stopped."""
    with (
        until_told_to_stop(say),
        everything_running(settings, layout, say=say) as supervisor,
    ):
        say(f"Wardkeep serves {settings.public_origin}  (Ctrl-C stops it)")
        supervisor.watch()


@contextlib.contextmanager
def everything_running(
    settings: Settings, layout: Layout, *, say: Say
) -> Iterator[Supervisor]:
    """The database up to date and every process started, while the block lasts."""
    layout.make()
    with embedded_database(settings, layout) as keeper:
        migrate_now(settings, layout)
        supervisor = Supervisor(
            [Program(name=name, log=layout.log / f"{name}.log") for name in PROGRAMS],
            environment=environment_for_children(settings),
            say=say,
            database=keeper,
        )
        supervisor.start()
        try:
            for path in (layout.door_socket, layout.operator_socket):
                wait_for_socket(path, log=layout.log / "warden.log")
            yield supervisor
        finally:
            supervisor.stop()


@contextlib.contextmanager
def embedded_database(
    settings: Settings, layout: Layout
) -> Iterator[DatabaseKeeper | None]:
    """The embedded PostgreSQL while the block lasts; None where it is not used."""
    if not is_embedded(settings):
        yield None
        return
    server = EmbeddedPostgres(layout.database)
    server.start()
    try:
        yield DatabaseKeeper(is_running=server.is_running, start=server.start)
    finally:
        server.stop()


def wait_for_socket(path: Path, *, log: Path) -> None:
    """Return once the warden listens.

    Raises:
        NotReadyError: it did not in 30 seconds.
    """
    deadline = time.monotonic() + _READY_SECONDS
    while not _is_listening(path):
        if time.monotonic() > deadline:
            message = f"the warden did not come up; its log is {log}"
            raise NotReadyError(message)
        time.sleep(_LOOK_AGAIN_SECONDS)


def _is_listening(path: Path) -> bool:
    """Whether somebody answers: a killed process may leave its file behind."""
    with socket.socket(socket.AF_UNIX) as attempt:
        try:
            attempt.connect(str(path))
        except OSError:
            return False
    return True
