# SPDX-License-Identifier: Apache-2.0
"""Counts whom openings reached, in a process beside: one at a time, for one officer.

What is counted is in that organisation alone. A count is no declaration; it is an entry
of the ledger all the same, and few are made in a day: who may count without a passkey
must not find out, one narrow window after the other, which patient is a canary.
"""

import asyncio
import contextlib
import logging
import shutil
import sys
import threading
from pathlib import Path

import msgspec

from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.base.ids import new_uuid
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.incident_desk import BeginCount
from wardkeep.ledger.log import Ledger
from wardkeep.ledger.reaching import Job, Reach
from wardkeep.ledger.wanted import Wanted
from wardkeep.warden.canaries import Canaries
from wardkeep.warden.sessions import Session

MOST_A_DAY = 24
"""Counts of one account in 24 hours."""
MOST_WAITING = 3
"""Counts of one organisation that are not read yet."""
KEPT_SECONDS = 2 * 3600.0
"""For how long a count waits to be declared."""
_DAY_SECONDS = 24 * 3600.0
TOO_MANY = Refusal(
    code="too-many-counts",
    why=f"Three counts wait already, or you have made {MOST_A_DAY} in a day.",
    mend="Wait for them, or ask a colleague. The operator can declare at any time.",
)
log = logging.getLogger(__name__)


class Count(msgspec.Struct, kw_only=True):
    """One count, as it goes on."""

    id: str
    organisation: int
    account: str
    asked: BeginCount
    selectors: tuple[Wanted, ...]
    """All that are read: those of the version before, and the new ones."""
    version: int
    """How many versions the incident had when it was begun; 0: it is a new one."""
    at: int
    """When it was begun, in UTC microseconds since 1970."""
    began: float
    """The same by the monotonic clock."""
    total: int
    """Entries to read, for all selectors."""
    folder: Path
    read: int = 0
    is_waiting: bool = True
    has_failed: bool = False
    is_kept: bool = False
    """Whether what was found lies where it stays."""
    reach: Reach | None = None


class Counting:
    """The counts of this warden; they are not kept over a start."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        origin: str,
        canaries: Canaries,
        folder: Path,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._origin = origin
        self._canaries = canaries
        self._folder = folder
        self._clock = clock
        self._counts: dict[str, Count] = {}
        self._made: dict[str, list[float]] = {}
        self._turn = asyncio.Lock()
        self._keeping = threading.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        shutil.rmtree(folder, ignore_errors=True)

    def find(self, id_: str, session: Session) -> Count | None:
        """One's own, of the organisation at hand; None where there is none."""
        found = self._counts.get(id_)
        is_own = found is not None and (
            (found.account, found.organisation)
            == (session.account, session.organisation)
        )
        return found if is_own else None

    def begin(
        self,
        session: Session,
        asked: BeginCount,
        selectors: tuple[Wanted, ...],
        *,
        version: int,
    ) -> Count | Refusal:
        """Have it read when its turn comes."""
        now = self._clock.monotonic_seconds()
        self._forget(now)
        made = [
            at for at in self._made.get(session.account, ()) if at > now - _DAY_SECONDS
        ]
        waiting = [
            one
            for one in self._counts.values()
            if one.organisation == session.organisation
            and one.reach is None
            and not one.has_failed
        ]
        if len(made) >= MOST_A_DAY or len(waiting) >= MOST_WAITING:
            return TOO_MANY
        self._made[session.account] = [*made, now]
        id_ = new_uuid()
        count = Count(
            id=id_,
            organisation=session.organisation,
            account=session.account,
            asked=msgspec.structs.replace(asked, session=""),
            selectors=selectors,
            version=version,
            at=microseconds_since_epoch(self._clock.now()),
            began=now,
            total=self._ledger.committed_size * len(selectors),
            folder=self._folder / id_,
        )
        self._counts[id_] = count
        task = asyncio.get_running_loop().create_task(self._run(count))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return count

    def forget(self, count: Count) -> None:
        """It was declared: nobody declares it twice."""
        self._counts.pop(count.id, None)

    def take(self, count: Count, into: Path) -> None:
        """Keep what it found, once, whoever else looks at the same time; in a thread.

        Raises:
            OSError: the disk refused; it lies where it lay, for another time.
        """
        with self._keeping:
            if count.is_kept:
                return
            into.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.rmtree(into, ignore_errors=True)
            count.folder.rename(into)
            count.is_kept = True

    async def close(self) -> None:
        """End what is being read."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _forget(self, now: float) -> None:
        for one in list(self._counts.values()):
            is_over = one.reach is not None or one.has_failed
            if is_over and one.began < now - KEPT_SECONDS:
                del self._counts[one.id]
                # Where it was kept there is nothing left in it.
                shutil.rmtree(one.folder, ignore_errors=True)

    async def _run(self, count: Count) -> None:
        async with self._turn:
            count.is_waiting = False
            try:
                count.reach = await self._read(count)
            except OSError as error:
                log.warning("a count cannot be made: %s", error)
            count.has_failed = count.reach is None
            if count.has_failed:
                log.warning("a count of an incident ended without an answer")

    async def _read(self, count: Count) -> Reach | None:
        job = Job(
            ledger=str(self._ledger.folder),
            origin=self._origin,
            key=self._ledger.verify_key.public_bytes.hex(),
            organisation=count.organisation,
            selectors=count.selectors,
            at=count.at,
            canaries=tuple(self._canaries.every(count.organisation)),
            folder=str(count.folder),
        )
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "wardkeep.ledger.reaching",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=4 * 1024 * 1024,
        )
        try:
            return await self._hear(process, job, count)
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()

    async def _hear(
        self, process: asyncio.subprocess.Process, job: Job, count: Count
    ) -> Reach | None:
        assert process.stdin is not None  # noqa: S101 - a pipe, as asked for above
        assert process.stdout is not None  # noqa: S101 - as above
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            process.stdin.write(msgspec.json.encode(job))
            await process.stdin.drain()
        process.stdin.close()
        found, before = None, 0
        async for line in process.stdout:
            text = line.strip()
            if text.isdigit():
                done = int(text)
                # It begins anew with each selector.
                count.read += done - before if done > before else done
                before = done
                continue
            with contextlib.suppress(msgspec.DecodeError):
                found = msgspec.json.decode(text, type=Reach)
        await process.wait()
        return found
