# SPDX-License-Identifier: Apache-2.0
"""Every question that the door takes, with odd values, from people and an import.

Found by their types, so that a question that is new tomorrow is asked tomorrow.
"""

import secrets
from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from msgspec import inspect

from support.plausible import FLAVOURS, Values, made
from support.warden import Installation, RunningWarden, running_warden
from wardkeep.disclosure.answers import Answer, Refusal, SessionView
from wardkeep.disclosure.confirming import Act, BeginConfirm, DescribeAct
from wardkeep.disclosure.questions import (
    CheckSession,
    DoorQuestion,
    Question,
)
from wardkeep.warden.service.said import FAILED

pytestmark = pytest.mark.asyncio(loop_scope="module")
IMPORTER = "importer"
ROLES = (
    *("ward_nurse", "receptionist", "administrator", "privacy_officer", "shift_lead"),
    IMPORTER,
)


def structs_of(union: object) -> Iterator[type[msgspec.Struct]]:
    found = inspect.type_info(union)
    assert isinstance(found, inspect.UnionType)
    for one in found.types:
        assert isinstance(one, inspect.StructType)
        yield one.cls


ACTS = list(structs_of(Act))
ASKED = [one for one in structs_of(DoorQuestion) if "session" in one.__struct_fields__]
OF_NOBODY = [one for one in structs_of(DoorQuestion) if one not in ASKED]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def warden(installation: Installation) -> AsyncIterator[RunningWarden]:
    async with running_warden(installation) as running:
        running.home = f"org-{secrets.token_hex(4)}"
        await running.organisation(running.home)
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def people(warden: RunningWarden) -> dict[str, str]:
    return {role: await session_of(warden, role) for role in ROLES}


async def session_of(warden: RunningWarden, role: str) -> str:
    if role == IMPORTER:
        return await warden.import_session(warden.home)
    return await warden.session(role)


async def ask(
    warden: RunningWarden, kind: type[msgspec.Struct], values: Values, session: str
) -> Answer:
    question: Any = made(inspect.type_info(kind), values)
    if kind in ASKED:
        question = msgspec.structs.replace(question, session=session)
    return await warden.door.ask_any(question)


@pytest.mark.parametrize("kind", OF_NOBODY, ids=lambda one: one.__name__)
async def test_what_needs_no_session_takes_odd_values_too(
    warden: RunningWarden, kind: type[msgspec.Struct]
) -> None:
    for values in FLAVOURS:
        assert await ask(warden, kind, values, "") != FAILED


@pytest.mark.parametrize("kind", ASKED, ids=lambda one: one.__name__)
async def test_whoever_is_signed_in_gets_an_answer_to_odd_values(
    warden: RunningWarden, people: dict[str, str], kind: type[msgspec.Struct]
) -> None:
    for values in FLAVOURS:
        for role in ROLES:
            people[role] = await signed_in(warden, people, role)
            assert await ask(warden, kind, values, people[role]) != FAILED, role


async def signed_in(warden: RunningWarden, people: dict[str, str], role: str) -> str:
    view = await warden.door.ask_any(CheckSession(people[role]))
    if isinstance(view, SessionView):
        return people[role]
    return await session_of(warden, role)


@pytest.mark.parametrize("kind", ACTS, ids=lambda one: one.__name__)
async def test_an_act_with_odd_values_is_put_into_words_or_refused(
    warden: RunningWarden, people: dict[str, str], kind: type[msgspec.Struct]
) -> None:
    for values in FLAVOURS:
        act = made(inspect.type_info(kind), values)
        for role in ROLES:
            people[role] = await signed_in(warden, people, role)
            for question in (DescribeAct, BeginConfirm):
                asked: Question = question(people[role], act)  # type: ignore[arg-type]
                assert await warden.door.ask_any(asked) != FAILED, role
        for question in (DescribeAct, BeginConfirm):
            asked = question("", act)  # type: ignore[arg-type]
            assert isinstance(await warden.door.ask_any(asked), Refusal)
