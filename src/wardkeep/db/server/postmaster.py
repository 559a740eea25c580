# SPDX-License-Identifier: Apache-2.0
"""The server's first process: started, waited for, stopped, found again."""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from wardkeep.db.server import launch
from wardkeep.db.server.configuration import PORT
from wardkeep.db.server.errors import ServerStartError
from wardkeep.db.server.folder import ServerFolder
from wardkeep.db.server.identity import ServerUser
from wardkeep.db.server.log import ServerLog

LEFTOVER_SECONDS = 60.0
"""How long the last processes of a server that was killed may take to end."""
RECOVERY_SECONDS = 900.0
"""How long a server may replay its log after a crash before it is ready."""
STOP_SECONDS = {signal.SIGINT: 30.0, signal.SIGQUIT: 10.0, signal.SIGKILL: 5.0}
"""Fast shutdown, immediate shutdown, and the end; how long each may take."""
_LOOK_AGAIN_SECONDS = 0.01
_TRY_AGAIN_SECONDS = 0.1
PID_FILE = "postmaster.pid"
_PID_LINE, _STATUS_LINE = 0, 7

_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin"}
"""All that the server learns of our environment: settings and secrets stay with us."""

Process = subprocess.Popen[bytes]


class Launcher(msgspec.Struct, frozen=True, kw_only=True):
    """Starts programs as the server's user, to end when we end."""

    user: ServerUser
    capability: int | None
    log: ServerLog

    def command(self, *program: str | Path) -> list[str]:
        """The program, run through `launch.py`."""
        changes = not self.user.is_ourselves
        numbers = (
            os.getpid(),
            self.user.uid if changes else -1,
            self.user.gid if changes else -1,
            -1 if self.capability is None else self.capability,
        )
        return [
            *(sys.executable, "-I", "-S", launch.__file__),
            *(str(number) for number in numbers),
            *(str(part) for part in program),
        ]

    def start(self, *program: str | Path, keep_open: tuple[int, ...] = ()) -> Process:
        """Start it in a session of its own, where a terminal's Ctrl-C does not go."""
        if threading.current_thread() is not threading.main_thread():
            # prctl(2): the signal comes when the *thread* that made the child ends.
            message = "start PostgreSQL from the main thread: it ends with its thread"
            raise RuntimeError(message)
        with self.log.open() as output:
            return subprocess.Popen(  # noqa: S603 - PostgreSQL, by its full path
                self.command(*program),
                env=_ENVIRONMENT,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=keep_open,
            )

    def run(self, *program: str | Path) -> None:
        """Run a program to its end.

        Raises:
            ServerStartError: it failed; with the last line that it said.
        """
        if self.start(*program).wait() != 0:
            raise self.failure(Path(program[0]).name)

    def failure(self, program: str) -> ServerStartError:
        words = f"{program} ended: {self.log.last_words()} (log: {self.log.path})"
        return ServerStartError(words)


def start_postmaster(
    launcher: Launcher, folder: ServerFolder, *command: str | Path
) -> Process:
    """Start the server and return when it takes connections.

    Raises:
        ServerStartError: it ended; with the last line of its log.
    """
    with _server_lock(folder) as descriptor:
        # No process of a server before is alive, so whatever number its lock files
        # hold is a zombie's or has been given to somebody else since.
        (folder.cluster / PID_FILE).unlink(missing_ok=True)
        (folder.socket / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)
        process = launcher.start(*command, keep_open=(descriptor,))
    try:
        is_ready = _is_ready_in_time(process, folder.cluster)
    except BaseException:
        stop_process(process)
        raise
    if not is_ready:
        raise launcher.failure("PostgreSQL")
    return process


@contextlib.contextmanager
def _server_lock(folder: ServerFolder) -> Iterator[int]:
    """A lock that the server and all its children inherit, so that it tells of them.

    It is free when the last of them is gone, which their numbers alone do not tell: a
    first process that was killed leaves children behind for a moment.

    Raises:
        ServerStartError: somebody still holds it after a minute.
    """
    deadline = time.monotonic() + LEFTOVER_SECONDS
    with folder.server_lock.open("w", encoding="ascii") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    message = f"processes of a server before still run in {folder.root}"
                    raise ServerStartError(message) from None
            time.sleep(_TRY_AGAIN_SECONDS)
        yield file.fileno()


def _is_ready_in_time(process: Process, cluster: Path) -> bool:
    """True when it takes connections, False when it has ended.

    Raises:
        ServerStartError: it is still not ready after a quarter of an hour.
    """
    deadline = time.monotonic() + RECOVERY_SECONDS
    while process.poll() is None:
        lines = _lock_file(cluster)
        if lines[:1] == [str(process.pid)] and lines[_STATUS_LINE:] == ["ready"]:
            return True
        if time.monotonic() > deadline:
            message = f"PostgreSQL replays its log for {RECOVERY_SECONDS:.0f} s already"
            raise ServerStartError(message)
        time.sleep(_LOOK_AGAIN_SECONDS)
    return False


def stop_process(process: Process) -> None:
    """End our own server, in order if it can be."""
    for number, seconds in STOP_SECONDS.items():
        if process.poll() is not None:
            return
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)


def find_postmaster(cluster: Path) -> int | None:
    """The id of a running server of this cluster, whoever started it."""
    lines = _lock_file(cluster)
    if not lines or not lines[_PID_LINE].isdigit():
        return None
    pid = int(lines[_PID_LINE])
    return pid if _works_in(pid, cluster) else None


def stop_found(cluster: Path) -> None:
    """End a server that outlived the process that started it.

    Raises:
        ServerStartError: it does not end.
    """
    for number, seconds in STOP_SECONDS.items():
        pid = find_postmaster(cluster)
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + seconds
        while _works_in(pid, cluster) and time.monotonic() < deadline:
            time.sleep(_LOOK_AGAIN_SECONDS)
    if find_postmaster(cluster) is not None:
        message = f"another PostgreSQL runs in {cluster} and does not end"
        raise ServerStartError(message)


def _lock_file(cluster: Path) -> list[str]:
    try:
        text = (cluster / PID_FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    return [line.strip() for line in text.splitlines()]


def _works_in(pid: int, cluster: Path) -> bool:
    """Whether the process lives and is the cluster's: a server works in its folder.

    Another program may have been given a dead server's number since.
    """
    if not sys.platform.startswith("linux"):
        return _is_named_by_ps(pid, cluster)
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == cluster
    except OSError:  # gone, or dead and not yet read by its parent
        return False


def _is_named_by_ps(pid: int, cluster: Path) -> bool:
    found = subprocess.run(  # noqa: S603 - a number is all that varies
        ["/bin/ps", "-p", str(pid), "-ww", "-o", "command="],
        capture_output=True,
        text=True,
        check=False,
    )
    return str(cluster) in found.stdout
