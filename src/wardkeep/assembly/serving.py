# SPDX-License-Identifier: Apache-2.0
"""`wardkeep serve`: the database, the schema, and every process, supervised."""

import contextlib
import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from wardkeep.assembly.asking import ask_nobody, secrets_of
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
from wardkeep.warden.root_key import Ask

Say = Callable[[str], None]
PROGRAMS = ("warden", "worker", "web")
_PEOPLE = "synthetic-pds"
"""Of a demonstration: what stands for the national index."""
_TELEPHONE = "synthetic-telephone"
_READY_SECONDS = 30.0
_LOOK_AGAIN_SECONDS = 0.05


class NotReadyError(Exception):
    """A process did not come up; the message names its log."""


class PortInUseError(Exception):
    """Another program listens where ours is to; the message has the mend."""


def serve_everything(
    settings: Settings, layout: Layout, *, say: Say, ask: Ask = ask_nobody
) -> None:
    """Run until Ctrl-C; every process that was started is stopped."""
    with (
        until_told_to_stop(say),
        everything_running(settings, layout, say=say, ask=ask) as supervisor,
    ):
        say(f"Wardkeep serves {settings.public_origin}  (Ctrl-C stops it)")
        supervisor.watch()


@contextlib.contextmanager
def everything_running(
    settings: Settings, layout: Layout, *, say: Say, ask: Ask = ask_nobody
) -> Iterator[Supervisor]:
    """The database up to date and every process started, while the block lasts."""
    layout.make()
    _check_port(settings)
    secrets = secrets_of(settings, layout, ask)
    with embedded_database(settings, layout) as keeper:
        migrate_now(settings, layout)
        supervisor = Supervisor(
            [
                Program(
                    name=name,
                    log=layout.log / f"{name}.log",
                    secrets=secrets if name == "warden" else {},
                )
                for name in programs_of(settings)
            ],
            environment=environment_for_children(settings),
            say=say,
            database=keeper,
        )
        supervisor.start()
        try:
            for path in (layout.door_socket, layout.operator_socket):
                wait_for_socket(
                    path, log=layout.log / "warden.log", meanwhile=supervisor.look
                )
            _wait_for_port(
                settings, log=layout.log / "web.log", meanwhile=supervisor.look
            )
            yield supervisor
        finally:
            supervisor.stop()


def programs_of(settings: Settings) -> tuple[str, ...]:
    """What is started: a demonstration has its own national index and telephone."""
    people = (_PEOPLE,) if is_synthetic(settings) else ()
    telephone = (_TELEPHONE,) if settings.demo else ()
    return (*PROGRAMS, *people, *telephone)


def is_synthetic(settings: Settings) -> bool:
    """Whether a synthetic national index listens here, and its neighbours with it."""
    return settings.demo and settings.pds.startswith("http://127.0.0.1:")


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


def _check_port(settings: Settings) -> None:
    """Find out before anything is started, not from a log afterwards."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            message = (
                f"cannot listen on {settings.host}, port {settings.port}"
                f" ({os.strerror(error.errno or 0).lower()}). Stop the program that"
                " does, or set WARDKEEP_PORT to another port."
            )
            raise PortInUseError(message) from None


def _wait_for_port(
    settings: Settings, *, log: Path, meanwhile: Callable[[], None]
) -> None:
    """Return once the web process takes connections; one that dies is started again.

    Raises:
        NotReadyError: it did not in 30 seconds.
    """
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        with contextlib.suppress(OSError):
            socket.create_connection((settings.host, settings.port), timeout=1).close()
            return
        if time.monotonic() > deadline:
            message = f"the web process did not come up; its log is {log}"
            raise NotReadyError(message)
        meanwhile()
        time.sleep(_LOOK_AGAIN_SECONDS)


def wait_for_socket(
    path: Path, *, log: Path, meanwhile: Callable[[], None] = lambda: None
) -> None:
    """Return once the warden listens; `meanwhile` looks after what was started.

    Raises:
        NotReadyError: it did not in 30 seconds.
    """
    deadline = time.monotonic() + _READY_SECONDS
    while not _is_listening(path):
        if time.monotonic() > deadline:
            message = f"the warden did not come up; its log is {log}"
            raise NotReadyError(message)
        meanwhile()
        time.sleep(_LOOK_AGAIN_SECONDS)


def _is_listening(path: Path) -> bool:
    """Whether somebody answers: a killed process may leave its file behind."""
    with socket.socket(socket.AF_UNIX) as attempt:
        try:
            attempt.connect(str(path))
        except OSError:
            return False
    return True
