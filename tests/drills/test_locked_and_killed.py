# SPDX-License-Identifier: Apache-2.0
"""A screen that was locked stays locked, though the warden dies in the next moment."""

import asyncio
import os
import signal
from pathlib import Path

from support.served import Served, eventually, served
from support.warden import RunningWarden
from wardkeep.disclosure.answers import Done, Refusal, SessionView
from wardkeep.disclosure.questions import CheckSession
from wardkeep.disclosure.waking import FallAsleep

HOME = "fernhill"


async def _lock(warden: RunningWarden, token: str) -> None:
    assert await warden.door.ask(FallAsleep(token), Done) == Done()
    # What is told beside the answer takes a blink; a turn of its own takes 15 s
    await asyncio.sleep(1)


async def _state(stack: Served, token: str) -> str:
    warden = RunningWarden(stack, None)  # type: ignore[arg-type]
    try:
        seen = await warden.door.ask(CheckSession(token), SessionView)
    finally:
        await warden.door.close()
        await warden.operator.close()
    return seen.code if isinstance(seen, Refusal) else "awake"


async def _locks(stack: Served, token: str) -> None:
    warden = RunningWarden(stack, None)  # type: ignore[arg-type]
    await _lock(warden, token)
    await warden.door.close()
    await warden.operator.close()


def test_a_session_that_was_locked_is_asleep_after_the_warden_was_killed(
    tmp_path: Path,
) -> None:
    with served(tmp_path, WARDKEEP_WEB_WORKERS="1") as stack:
        stack.found(HOME)
        locked, open_ = (stack.sign_in(HOME, [], role="doctor") for _ in range(2))
        assert asyncio.run(_state(stack, open_)) == "awake"
        asyncio.run(_locks(stack, locked))
        before = stack.child("warden")
        os.kill(before, signal.SIGKILL)
        eventually(lambda: stack.child("warden") not in (0, before), stack.log)
        eventually(stack.is_ready, stack.log)
        assert asyncio.run(_state(stack, locked)) == "asleep"
        assert asyncio.run(_state(stack, open_)) == "awake"
