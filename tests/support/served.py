# SPDX-License-Identifier: Apache-2.0
"""`wardkeep serve` in processes of its own, and ways to use it from outside."""

import asyncio
import http.client
import os
import signal
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from support.authenticator import KEYS, SoftwareAuthenticator
from support.house import free_port
from support.line import Line
from support.template import lay_database, settings_for
from support.warden import RunningWarden
from wardkeep.assembly.layout import Layout
from wardkeep.disclosure.answers import CeremonyOptions, SignedIn
from wardkeep.disclosure.questions import BeginEnrolment, FinishEnrolment, Invite

PATIENCE_SECONDS = 90
LOST = (OSError, http.client.HTTPException)
"""What asking a process raises that is killed meanwhile, also in mid-answer."""
_OK = 200


class Served:
    """`wardkeep serve` and its children."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.port = free_port()
        self.origin = f"http://localhost:{self.port}"
        self.settings = settings_for(folder / "data")
        self.layout = Layout.of(self.settings)
        self.log = folder / "serve.log"
        # What tests and benchmarks are told by, as WARDKEEP_BENCH_RECORDS, is no
        # setting: a server refuses what it does not know.
        others = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("WARDKEEP_")
        }
        self._environment = {
            **others,
            "WARDKEEP_DATA": str(folder / "data"),
            "WARDKEEP_PORT": str(self.port),
            **settings,
        }
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "wardkeep.cli", "serve"],
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE_SECONDS)

    def kill(self) -> None:
        """Have the supervisor die as in a power cut, and begin again."""
        self.process.kill()
        self.process.wait(PATIENCE_SECONDS)
        self.process = self._start()

    def kill_process(self, process_id: int) -> None:
        """Kill one of its processes, as a crash would; it must be there."""
        assert process_id
        with suppress(ProcessLookupError):
            os.kill(process_id, signal.SIGKILL)

    def restart(self) -> None:
        self.stop()
        self.process = self._start()

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A `wardkeep` command of this installation, to its end."""
        return subprocess.run(
            [sys.executable, "-m", "wardkeep.cli", *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def command(self, *arguments: str) -> str:
        """What a command prints that must succeed."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr + done.stdout[-2000:]
        return done.stdout

    def found(self, slug: str) -> None:
        """Make an organisation."""
        name = slug.title()
        self.command("organisation", "create", "--slug", slug, "--name", name)

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.origin}/health/ready") as answer:
                return bool(answer.status == _OK)
        except LOST:
            return False

    def await_ready(self) -> None:
        eventually(self.is_ready, self.log)

    def child(self, name: str) -> int:
        """The process id of a supervised program; 0 while there is none."""
        for process_id, command in children_of(self.process.pid):
            if name in command.split("\0"):
                return process_id
        return 0

    def postmaster(self) -> int:
        """The database's own process; 0 while there is none."""
        for path in (self.settings.data / "database").rglob("postmaster.pid"):
            with suppress(OSError, ValueError, IndexError):
                return int(path.read_text().splitlines()[0])
        return 0

    def sign_in(
        self, organisation: str, patients: list[str], role: str = "doctor"
    ) -> str:
        """The session's token of somebody new who has these patients."""
        return asyncio.run(self._sign_in(organisation, patients, role))

    async def _sign_in(self, organisation: str, patients: list[str], role: str) -> str:
        # The helper's sockets are all that is used of it: the warden runs elsewhere.
        warden = RunningWarden(self, None)  # type: ignore[arg-type]
        account = await warden.account(role, organisation=organisation)
        for patient in patients:
            await warden.relate(account, patient, organisation=organisation)
        secret = await warden.tell(Invite(account=account, valid_hours=1))
        options = await warden.door.ask(BeginEnrolment(secret), CeremonyOptions)
        assert isinstance(options, CeremonyOptions), options
        mine = SoftwareAuthenticator(origin=self.origin)
        enrolled = await warden.door.ask(
            FinishEnrolment(secret, mine.register(options.options), "key", "test"),
            SignedIn,
        )
        assert isinstance(enrolled, SignedIn), enrolled
        KEYS[enrolled.token] = mine
        await warden.door.close()
        await warden.operator.close()
        return enrolled.token


class Visitor:
    """One HTTP connection that is kept, with a session's cookie."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = Line("localhost", port)
        self._headers = {
            "Cookie": f"wardkeep={token}",
            "Origin": f"http://localhost:{port}",
        }

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> bytes:
        """A page that must be there."""
        return self._expected("GET", path, b"", headers or {})

    def post(self, path: str, fields: Mapping[str, str]) -> bytes:
        """The page that answers a form that must be accepted."""
        return self._expected("POST", path, urllib.parse.urlencode(fields).encode())

    def close(self) -> None:
        self._connection.close()

    def ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes]:
        """Status and body of any answer.

        Raises:
            ConnectionError: twice no whole answer came, as from a process that was
                killed; whether it was done nobody knows.
        """
        sent = {**self._headers, **(headers or {})}
        if body:
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        for _ in range(2):
            # A server may have closed the connection after a question it refused.
            with suppress(*LOST):
                self._connection.request(method, path, body, sent)
                answer = self._connection.getresponse()
                return answer.status, answer.read()
            self._connection.close()
        raise ConnectionError(method, path)

    def send(self, path: str, body: bytes) -> tuple[int, bytes, str]:
        """A form: the answer's status, its page, and where it leads, if it does."""
        sent = {**self._headers, "Content-Type": "application/x-www-form-urlencoded"}
        self._connection.request("POST", path, body, sent)
        answer = self._connection.getresponse()
        return answer.status, answer.read(), answer.headers.get("Location", "")

    def look(self, path: str) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers by their names in small letters, and body of any page."""
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        sent = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, sent, answer.read()

    def _expected(
        self,
        method: str,
        path: str,
        body: bytes,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        status, page = self.ask(method, path, body, headers)
        assert status == _OK, (method, path, status, page[:2000])
        return page


@contextmanager
def served(folder: Path, **settings: str) -> Iterator[Served]:
    """A stack that is ready, stopped afterwards.

    Its database is a copy of one that was made before; `Served` itself makes one.
    """
    lay_database(Layout.of(settings_for(folder / "data")))
    made = Served(folder, **settings)
    try:
        made.await_ready()
        yield made
    finally:
        made.stop()


def children_of(parent: int) -> Iterator[tuple[int, str]]:
    """Id and command line of each child that lives."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            command = (stat.parent / "cmdline").read_bytes().decode()
            if int(fields[1]) == parent and fields[0] != "Z":
                yield int(stat.parent.name), command


def eventually(holds: Callable[[], bool], log: Path) -> None:
    """Return once it holds; a test that waits in vain fails with the log."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, log.read_text(encoding="utf-8")
        time.sleep(0.01)
