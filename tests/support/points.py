# SPDX-License-Identifier: Apache-2.0
"""A process is killed at a point of what is pressed: before it is stored, or after.

Not by chance: a lock of the database's owner holds what was pressed where the point is.
"""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

from support.clinic_site import comes_back
from support.owner import owner_of, until_waited_for
from support.served import LOST, PATIENCE_SECONDS, Served
from wardkeep.db.errors import DatabaseUnavailableError

Press = Callable[[], object]
Holds = Callable[[], bool]
_RESOURCES = "lock table record.resource in share mode"
"""Nobody writes: what is pressed waits within its transaction."""
_DRAFTS = "lock table record.note_draft in share mode"
"""What is stored is stored; the draft of its form has not ended yet."""


class Point(StrEnum):
    """Where something dies."""

    ASKED = "while the door is asked"
    BEFORE = "before the commit"
    AFTER = "after the commit"


def kill_at(
    stack: Served,
    victim: str,
    point: Point,
    presses: Sequence[Press],
    *,
    is_stored: Holds,
) -> None:
    """Press all of it at once, kill the victim there, and wait until it is back.

    What is answered is lost: nobody who pressed knows what became of it.
    """
    before = stack.postmaster() if victim == "database" else stack.child(victim)
    people = [threading.Thread(target=_loses, args=(one,)) for one in presses]
    if point is Point.ASKED:
        _while_asked(before, people)
    else:
        asyncio.run(_held(stack, before, point, people, is_stored))
    for one in people:
        one.join(PATIENCE_SECONDS)
    comes_back(stack, before, victim)


def _loses(press: Press) -> None:
    with suppress(*LOST):
        press()


def _begin(people: Sequence[threading.Thread]) -> None:
    for one in people:
        one.start()


def _while_asked(victim: int, people: Sequence[threading.Thread]) -> None:
    """It is asked, and dies before it answers."""
    os.kill(victim, signal.SIGSTOP)
    _begin(people)
    threading.Event().wait(1.0)
    os.kill(victim, signal.SIGKILL)


async def _held(
    stack: Served,
    victim: int,
    point: Point,
    people: Sequence[threading.Thread],
    is_stored: Holds,
) -> None:
    with suppress(DatabaseUnavailableError):  # it may be the database that dies
        async with owner_of(stack) as owner, owner.transaction():
            await owner.execute(_DRAFTS if point is Point.AFTER else _RESOURCES)
            _begin(people)
            if point is Point.BEFORE:
                await until_waited_for(owner, many=len(people))
            else:
                await asyncio.to_thread(_until, is_stored)
            stack.kill_process(victim)
            await asyncio.to_thread(_until, lambda: _is_dead(victim))


def _is_dead(victim: int) -> bool:
    """Gone, or waiting to be counted: it does nothing more."""
    try:
        stat = Path(f"/proc/{victim}/stat").read_text()
    except OSError:
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"


def _until(holds: Holds) -> None:
    pause = threading.Event()
    for _ in range(2000):
        if holds():
            return
        pause.wait(0.01)
    raise AssertionError
