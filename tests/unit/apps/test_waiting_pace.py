# SPDX-License-Identifier: Apache-2.0
"""Whoever goes through appointments by the page of who waits has to wait as well."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.asgi import Answer, call
from support.pages import Stage, stage_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.questions import LookAtInvitation

SOMEBODY, ELSEWHERE = "192.0.2.9", "192.0.2.10"


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage_of(tmp_path) as made:
        yield made


async def look(stage: Stage, n: int, *, client: str = SOMEBODY) -> Answer:
    return await call(stage.app, "GET", f"/waiting/nowhere/a-{n}?in=cy", client=client)


async def test_one_address_cannot_go_through_ids_without_end(stage: Stage) -> None:
    answers = [await look(stage, n) for n in range(90)]
    assert {one.status for one in answers[:60]} == {404}
    assert answers[-1].status == 429
    # A phone in a full waiting room comes back by itself, in its own language.
    assert 'data-look-again="60"' in answers[-1].text
    assert 'lang="cy"' in answers[-1].text
    assert (await look(stage, 1, client=ELSEWHERE)).status == 404


async def test_a_full_waiting_room_keeps_nobody_from_signing_in(stage: Stage) -> None:
    assert [await look(stage, n) for n in range(90)][-1].status == 429
    used = Refusal(code="invitation-over", why="It was used.", mend="Ask for another.")
    stage.warden.when(LookAtInvitation, used)
    answer = await call(stage.app, "GET", f"/enrol/{'a' * 43}", client=SOMEBODY)
    assert (answer.status, "It was used." in answer.text) == (404, True)


async def test_an_organisation_of_thousands_of_digits_is_none(stage: Stage) -> None:
    for number in ("9" * 5_000, "9" * 11, "٣"):
        answer = await call(stage.app, "GET", f"/waiting/{number}/a", client=SOMEBODY)
        assert answer.status == 404, number[:20]
