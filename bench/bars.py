# SPDX-License-Identifier: Apache-2.0
"""A referral by message, taken in and answered: one by one, and from eight at once.

The standard wants 90 in a hundred within 2.1 seconds, and every one within five.
"""

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import islice
from pathlib import Path

from bench._stack import Stack, stack
from bench.records import waits
from support.partners import (
    found_clinic,
    found_service,
    partner as partner_of,
    person,
    referral,
    send,
)
from support.program import Program
from wardkeep.base.nhs_number import numbers_of_test_range

ORGANISATION = "bench"
MESSAGES, AT_ONCE, EACH = 200, 8, 40
_OK = 200


class NotTakenError(Exception):
    """A message was refused: its figure would mean nothing."""


def run() -> dict[str, float]:
    numbers = map(str, numbers_of_test_range())
    with stack() as made, tempfile.TemporaryDirectory(prefix="wardkeep-bench-") as keys:
        made.await_ready()
        made.found(ORGANISATION)
        folder = Path(keys)
        with closing(Program(made, folder, organisation=ORGANISATION)) as own:
            found_service(own)
            found_clinic(own)
        partner = partner_of(
            made, folder, organisation=ORGANISATION, patients_per_hour=100_000
        )
        known = next(numbers)
        _send(partner, known)
        figures: dict[str, float] = {}
        figures |= waits(
            "referral of somebody new",
            lambda: _send(partner, next(numbers)),
            times=MESSAGES,
        )
        figures |= waits(
            "referral of somebody known", lambda: _send(partner, known), times=MESSAGES
        )
        figures |= waits("free slots", lambda: partner.get("Slot?status=free"))
        figures |= _at_once(made, partner, list(islice(numbers, AT_ONCE * EACH)))
        return figures


def _at_once(made: Stack, partner: Program, numbers: list[str]) -> dict[str, float]:
    """From as many connections as a busy partner has."""

    def sends(mine: list[str]) -> list[float]:
        found = []
        with closing(partner.twin(made)) as twin:
            for number in mine:
                began = time.perf_counter()
                _send(twin, number)
                found.append(time.perf_counter() - began)
        return found

    began = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        each = pool.map(sends, [numbers[n::AT_ONCE] for n in range(AT_ONCE)])
        took = sorted(one for some in each for one in some)
    lasted = time.perf_counter() - began
    what = f"referral, {AT_ONCE} at once"
    return {
        f"{what}, a second": len(took) / lasted,
        f"{what}, p90 ms": took[int(len(took) * 0.9)] * 1000,
        f"{what}, slowest ms": took[-1] * 1000,
    }


def _send(sender: Program, number: str) -> None:
    reply = send(sender, referral(person(number)))
    if reply.status != _OK:
        raise NotTakenError(reply)
