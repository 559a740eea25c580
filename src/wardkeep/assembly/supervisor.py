# SPDX-License-Identifier: Apache-2.0
"""Starts the processes of an installation, restarts the one that dies, and says so.

Children run in sessions of their own, so that Ctrl-C reaches the supervisor alone and
it can stop them in order: first those that take questions, last the database.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import IO

import msgspec

from wardkeep.db.errors import DatabaseUnavailableError
from wardkeep.db.server.errors import ServerStartError

Say = Callable[[str], None]

POLL_SECONDS = 0.1
STOP_SECONDS = 10.0
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0
STEADY_SECONDS = 30.0
"""A process that lived this long starts anew without a pause."""


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """A process to keep alive: `python -m wardkeep.cli NAME --supervised-by PID`."""

    name: str
    log: Path
    secrets: Mapping[str, str] = {}
    """What it asks for at each start, by the words; given on its standard input."""

    def command(self) -> list[str]:
        supervised = ["--supervised-by", str(os.getpid())]
        if self.secrets:
            supervised += ["--passphrase-fd", "0"]
        return [sys.executable, "-m", "wardkeep.cli", self.name, *supervised]

    def give_secrets(self, process: subprocess.Popen[bytes]) -> None:
        """A pipe holds far more than these few: nobody waits."""
        if process.stdin is not None:
            with contextlib.suppress(BrokenPipeError), process.stdin as pipe:
                pipe.write(msgspec.json.encode(self.secrets))


class _Child:
    """One program, running or about to."""

    def __init__(self, program: Program, environment: Mapping[str, str]) -> None:
        self.program = program
        self._environment = dict(environment)
        self.process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None
        self._started = 0.0
        self._pause = 0.0
        self.due = 0.0

    def start(self) -> None:
        self._close_log()
        self._log = self.program.log.open("ab")
        self.process = subprocess.Popen(  # noqa: S603 - our own interpreter and names
            self.program.command(),
            env=self._environment,
            stdin=subprocess.PIPE if self.program.secrets else subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.program.give_secrets(self.process)
        self._started = time.monotonic()

    def has_died(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def plan_restart(self) -> float:
        """Seconds until it is started again: longer each time it dies young."""
        now = time.monotonic()
        if now - self._started > STEADY_SECONDS:
            self._pause = 0.0
        else:
            longer = max(self._pause * 2, FIRST_PAUSE_SECONDS)
            self._pause = min(longer, LONGEST_PAUSE_SECONDS)
        self.process = None
        self.due = now + self._pause
        return self._pause

    def is_due(self) -> bool:
        return self.process is None and time.monotonic() >= self.due

    def stop(self) -> None:
        """SIGTERM, and SIGKILL to its whole group when that does not help."""
        process = self.process
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self._close_log()

    def _close_log(self) -> None:
        if self._log is not None:
            self._log.close()
            self._log = None


class DatabaseKeeper(msgspec.Struct, frozen=True, kw_only=True):
    """How the supervisor keeps an embedded database alive, told as two verbs."""

    is_running: Callable[[], bool]
    start: Callable[[], None]


class Supervisor:
    """Keeps programs alive until it is told to stop."""

    def __init__(
        self,
        programs: Sequence[Program],
        *,
        environment: Mapping[str, str],
        say: Say,
        database: DatabaseKeeper | None,
    ) -> None:
        self._children = [_Child(program, environment) for program in programs]
        self._say = say
        self._database = database

    def start(self) -> None:
        for child in self._children:
            child.start()

    def process_ids(self) -> dict[str, int]:
        """Process ids by program, for `doctor` and the drills."""
        return {
            child.program.name: child.process.pid
            for child in self._children
            if child.process is not None
        }

    def watch(self) -> None:
        """Restart what dies, for ever: a signal ends it (`until_told_to_stop`)."""
        while True:
            self.look()
            time.sleep(POLL_SECONDS)

    def look(self) -> None:
        """One round: notice deaths, restart what is due."""
        if self._database is not None and not self._database.is_running():
            self._start_database(self._database)
        for child in self._children:
            self._look_at(child)

    def _start_database(self, database: DatabaseKeeper) -> None:
        """Start it again; where that fails, say so, and the next round tries again."""
        self._say("The database stopped; starting it again.")
        try:
            database.start()
        except (ServerStartError, DatabaseUnavailableError) as error:
            words = str(error) or type(error).__name__
            self._say(f"The database did not start: {words}. Trying again.")
            time.sleep(FIRST_PAUSE_SECONDS)

    def _look_at(self, child: _Child) -> None:
        if child.process is not None and child.has_died():
            code = child.process.returncode
            pause = child.plan_restart()
            name = child.program.name
            self._say(
                f"The {name} process stopped ({_ending(code)});"
                f" starting it again in {pause:.1f} s. Its log: {child.program.log}"
            )
        if child.is_due():
            child.start()

    def stop(self) -> None:
        """End the children, the last started first."""
        for child in reversed(self._children):
            child.stop()


class _StopAskedError(BaseException):
    """Raised by the first signal, wherever the program is."""


@contextlib.contextmanager
def until_told_to_stop(say: Say) -> Iterator[None]:
    """Leave the block on SIGINT or SIGTERM, at any moment of it.

    What the block cleans up is not disturbed by further signals: somebody who presses
    Ctrl-C twice still leaves no process behind.
    """

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        for number in before:
            signal.signal(number, signal.SIG_IGN)
        say("Stopping.")
        raise _StopAskedError

    before = {
        number: signal.signal(number, ask_to_stop)
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        with contextlib.suppress(_StopAskedError):
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ending(code: int) -> str:
    """An exit code in words."""
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"
