# SPDX-License-Identifier: Apache-2.0
"""A thousand open lists of clinics with names: from a press until the last has it.

A desk checks somebody in over HTTP, through the door; each list is a stream of a
session that the warden holds. Twenty clinics of fifty lists, as a hospital has them,
and all thousand on one clinic.
"""

import asyncio
import statistics
import time

from bench._stack import Stack, Visitor, stack
from bench.boards import BOARDS, Open, open_board, until_all
from bench.clinics import CLINICS, load, press, work_everywhere
from wardkeep.web.hub import MOST_OF_A_SESSION

SLUG = "bench"
PEOPLE, CHANGES, SETTLES_SECONDS = 400, 12, 4.0
"""Twenty on each list."""


def run() -> dict[str, float]:
    with stack() as made:
        made.await_ready()
        made.command("organisation", "create", "--slug", SLUG, "--name", "B")
        load(made, PEOPLE)
        many = BOARDS // MOST_OF_A_SESSION * 2
        tokens = [made.sign_in(SLUG, [], "receptionist") for _ in range(many)]
        asyncio.run(work_everywhere(made))
        desk = Visitor(made.port, tokens[0])
        figures: dict[str, float] = {}
        for clinics, first in ((CLINICS, 0), (1, CHANGES * CLINICS)):
            figures |= asyncio.run(_measure(made, tokens, desk, clinics, first))
        return figures


async def _measure(
    made: Stack, tokens: list[str], desk: Visitor, clinics: int, first: int
) -> dict[str, float]:
    """`first`: whom nobody has checked in yet, and every `CLINICS`th after them."""
    opened = [
        await open_board(made.port, tokens[n % len(tokens)], _address(n % clinics))
        for n in range(BOARDS)
    ]
    await until_all(opened, _has_part)
    await asyncio.sleep(SETTLES_SECONDS)
    mine = opened[::clinics]
    before = made.spent()
    took = [await _change(desk, mine, first + n * CLINICS) for n in range(CHANGES // 2)]
    what = f"{BOARDS:,} lists over {clinics} clinics"
    spent = made.spent_since(before, what=f"{what}, a change", times=len(took))
    await asyncio.gather(*[one.close() for one in opened])
    return {
        f"{what}: press until the last of {len(mine):,} has it, ms, p50": (
            statistics.median(took)
        ),
        f"{what}: the slowest of {len(took)}": max(took),
        **spent,
    }


def _address(clinic: int) -> str:
    return f"/clinics/clinic-{clinic}/now?room=&show="


async def _change(desk: Visitor, lists: list[Open], n: int) -> float:
    """Milliseconds from the press; the answer to whoever pressed is in them."""
    for one in lists:
        one.text = b""
    begun = time.perf_counter()
    await asyncio.to_thread(press, desk, ("clinic-0", f"a-{n}"), "check-in")
    await until_all(lists, _has_part)
    took = (max(one.came_at for one in lists) - begun) * 1e3
    await asyncio.sleep(1)
    return took


def _has_part(one: Open) -> bool:
    """By its end: where it began is further back than is kept."""
    return len(one.text) > _A_BEAT and b"}\n\n" in one.text[-_CHUNK_ENDS:]


_CHUNK_ENDS = 8
_A_BEAT = 400
"""Bytes: a beat is shorter, a list longer."""
