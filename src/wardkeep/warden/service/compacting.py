# SPDX-License-Identifier: Apache-2.0
"""Sees that closed segments are checked, indexed and compacted, by a process beside.

That process is ours, of the lowest priority, without any secret, and ends with its
turn: no answer of the warden waits for it. What it finds wrong is told to everybody.
"""

import asyncio
import contextlib
import logging
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from wardkeep.ledger.compacting import Compacted
from wardkeep.ledger.log import Ledger

FIRST_SECONDS = 60.0
"""After a start: what is asked then comes first."""
LOOK_SECONDS = 30.0
CHECK_ALL_SECONDS = 24 * 3600.0

log = logging.getLogger(__name__)


class Compaction:
    """One turn after a start, one for each closed segment, and one of all each day."""

    def __init__(
        self,
        ledger: Ledger,
        *,
        origin: str,
        tell: Callable[[str], None],
    ) -> None:
        self._ledger = ledger
        self._origin = origin
        self._tell = tell
        self._told = ""
        self._checked_at = float("-inf")

    async def keep_compacted(self) -> None:
        """Until it is cancelled."""
        await asyncio.sleep(FIRST_SECONDS)
        loop = asyncio.get_running_loop()
        while True:
            # What has no memory or files left now may have them at the next look.
            try:
                await self._look(loop.time())
            except OSError as error:
                log.warning("the ledger cannot be checked: %s", error)
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self, now: float) -> None:
        is_due = now - self._checked_at >= CHECK_ALL_SECONDS
        if is_due or self._ledger.has_unindexed:
            await self.turn(check_all=is_due)
            if is_due:
                self._checked_at = now

    async def turn(self, *, check_all: bool) -> Compacted | None:
        """One run of the process; None where it could not be run to its end."""
        done = await self._run(self._ledger.folder, check_all=check_all)
        self._ledger.use_indexes()
        if done is None:
            log.warning("the ledger's closed segments cannot be compacted")
        elif done.fault and done.fault != self._told:
            self._told = done.fault
            log.error("the ledger is not as it was written: %s", done.fault)
            self._tell(f"A check of its files says: {done.fault}")
        return done

    async def _run(self, folder: Path, *, check_all: bool) -> Compacted | None:
        # The one in use now: it may be replaced while the warden runs.
        key = self._ledger.verify_key.public_bytes.hex()
        what = ("all",) if check_all else ()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "wardkeep.ledger.compacting",
            str(folder),
            self._origin,
            key,
            *what,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            said, _ = await process.communicate()
            return msgspec.json.decode(said, type=Compacted)
        except msgspec.DecodeError:
            return None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
