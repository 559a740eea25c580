# SPDX-License-Identifier: Apache-2.0
"""A whole installation for the benchmarks: `wardkeep serve` over an empty folder."""

import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.authenticator import SoftwareAuthenticator
from support.house import free_port
from support.warden import RunningWarden, settings_for
from wardkeep.assembly.layout import Layout
from wardkeep.base.settings import Settings
from wardkeep.disclosure.answers import CeremonyOptions, SignedIn
from wardkeep.disclosure.questions import BeginEnrolment, FinishEnrolment, Invite

RECORDS = Path(
    os.environ.get("WARDKEEP_BENCH_RECORDS", "../shared/data/synthea")
).resolve()
"""Real FHIR bundles to load; see docs/performance.md."""
_PATIENCE_SECONDS = 60.0
_LOADED = re.compile(r"([\d,]+) resources of .* \(([\d,]+) resources/s\)")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Stack:
    """`wardkeep serve` and its children, and ways to use it."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.origin = f"http://localhost:{self.port}"
        self.settings: Settings = settings_for(folder)
        self.layout = Layout.of(self.settings)
        self._environment = {
            **os.environ,
            "WARDKEEP_DATA": str(folder),
            "WARDKEEP_PORT": str(self.port),
        }
        self._log = folder / "bench.log"
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "wardkeep.cli", "serve"],
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def restart(self) -> None:
        self.stop()
        self.process = self._start()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()

    def command(self, *arguments: str) -> str:
        """What a `wardkeep` command prints."""
        done = subprocess.run(
            [sys.executable, "-m", "wardkeep.cli", *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def await_ready(self) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not self._is_ready():
            if time.monotonic() > deadline:
                raise TimeoutError(self._log.read_text(encoding="utf-8"))
            time.sleep(0.01)

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.origin}/health/ready") as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def load(self, organisation: str) -> float:
        """Make an organisation and load the records; resources a second."""
        self.command("organisation", "create", "--slug", organisation, "--name", "B")
        said = self.command("import", str(RECORDS), "--organisation", organisation)
        found = _LOADED.search(said)
        if found is None:
            raise RuntimeError(said)
        return float(found[2].replace(",", ""))

    def sign_in(self, organisation: str, patients: list[str]) -> str:
        """The session's token of a doctor who has these patients."""
        return asyncio.run(self._sign_in(organisation, patients))

    async def _sign_in(self, organisation: str, patients: list[str]) -> str:
        warden = RunningWarden(self, None)  # type: ignore[arg-type] # in its own process
        account = await warden.account("doctor", organisation=organisation)
        for patient in patients:
            await warden.relate(account, patient, organisation=organisation)
        secret = await warden.tell(Invite(account=account, valid_hours=1))
        options = await warden.door.ask(BeginEnrolment(secret), CeremonyOptions)
        mine = SoftwareAuthenticator(origin=self.origin)
        if not isinstance(options, CeremonyOptions):
            raise TypeError(options)
        enrolled = await warden.door.ask(
            FinishEnrolment(secret, mine.register(options.options), "key", "bench"),
            SignedIn,
        )
        if not isinstance(enrolled, SignedIn):
            raise TypeError(enrolled)
        await warden.door.close()
        await warden.operator.close()
        return enrolled.token

    def memory(self) -> dict[str, float]:
        """MB of each process of ours, the largest of those with one name."""
        found: dict[str, float] = {}
        for process, name in processes_of(self.process.pid):
            found[name] = max(found.get(name, 0.0), _megabytes(process))
        return found


def processes_of(root: int) -> Iterator[tuple[int, str]]:
    """Id and name of a process and all below it."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z":
            parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    waiting = [root]
    while waiting:
        one = waiting.pop()
        waiting += parents.get(one, [])
        with suppress(OSError):
            yield one, _name_of(one)


def _name_of(process: int) -> str:
    words = Path(f"/proc/{process}/cmdline").read_bytes().decode().split("\0")
    if "wardkeep.cli" in words:
        return words[words.index("wardkeep.cli") + 1]
    return "database" if any("postgres" in word for word in words[:1]) else "other"


def _megabytes(process: int) -> float:
    rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
    [kilobytes] = re.findall(r"^Pss:\s+(\d+)", rollup, re.MULTILINE)
    return int(kilobytes) / 1024


@contextmanager
def stack() -> Iterator[Stack]:
    """A stack in a folder of its own, stopped and removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="wardkeep-bench-") as folder:
        made = Stack(Path(folder))
        try:
            yield made
        finally:
            made.stop()
