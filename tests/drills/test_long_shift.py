# SPDX-License-Identifier: Apache-2.0
"""A drill on a call taker's long shift: what stops a thief stops nobody at work.

The real processes over HTTP, and a person with a passkey who answers call after call.
"""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from support.program import Program
from support.served import Served, served
from support.urgent_book import Book
from support.urgent_shift import Ring, Seat, Times, answer_call
from support.wards import Worker, patient, practitioner, work
from wardkeep.identity.roles import REACH

HOME = "longley"
IDA = Worker("health_advisor", "Ida Taker", "ida")
CALLS = 50
"""Of ten minutes each, in the longest shift there is; 25 to 35 are usual."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("long-shift")) as made:
        made.found(HOME)
        keys: Path = tmp_path_factory.mktemp("keys")
        with closing(Program(made, keys, organisation=HOME)) as program:
            program.put(practitioner(IDA))
            for nth in range(CALLS):
                program.put(patient(f"p-{nth}", f"Ringer{nth:03d}", "9990000042"))
        yield made


def _nothing_said() -> None:
    """The call goes on at once."""


def test_fifty_calls_are_answered_with_a_touch_of_the_passkey_now_and_then(
    stack: Served,
) -> None:
    token = stack.sign_in(HOME, [], role=IDA.role)
    asyncio.run(work(stack, HOME, [(token, IDA)]))
    book, times = Book(), Times()
    with closing(Seat(stack.port, token, book=book, times=times)) as ida:
        for nth in range(CALLS):
            number, family = f"0770090{nth:04d}", f"Ringer{nth:03d}"
            ring = Ring(number, f"p-{nth}", family, "self-care")
            # Raises where a page asks for a reason, or the account is frozen.
            call = answer_call(ida, ring, talk=_nothing_said)
            assert call.disposition == "self-care"
    touches = sum(n for why, n in times.again.items() if why.startswith("passkey"))
    assert 0 < touches <= CALLS // REACH, times.again
