# SPDX-License-Identifier: Apache-2.0
"""Word of a call, and whether somebody rang before: by the published rules."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import msgspec
import pytest
from starlette.applications import Starlette

from support.asgi import Answer, call
from support.journeys import case, patient
from wardkeep.assembly.synthetic_neighbours import (
    REPEAT_CALLERS,
    RepeatCallerDesk,
    neighbours,
)
from wardkeep.base.clock import FrozenClock
from wardkeep.fhir.bars.outgoing import (
    REPEAT_CALL,
    REPEAT_CALL_BACK,
    SYSTEMS,
    identity_of,
)
from wardkeep.fhir.model.resource import Resource, from_content
from wardkeep.fhir.post.repeat_calls import (
    NO,
    PARTIAL,
    YES,
    Heard,
    answer,
    is_enough,
    question,
    read_answer,
    submission,
    withdrawal,
    withdrawn_in,
    words_of,
)
from wardkeep.fhir.post.repeat_service import NOT_ASKED, NOT_REACHED, RepeatCalling
from wardkeep.fhir.urgent.caller import facts_of
from wardkeep.fhir.urgent.case import RangBefore, case_content, case_in
from wardkeep.fhir.urgent.repeat import WINDOW, Facts
from wardkeep.fhir.validation import check

NOW = datetime(2026, 11, 29, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
WHO = Facts(
    number="9990000042",
    is_verified=True,
    given="Test",
    family="Quillfeather",
    born="1950-02-03",
    gender="female",
    postcode="XX1 1XX",
)
UNVERIFIED = Facts(given="Test", family="Quillfeather", born="1950-02-03")


def told(case: str, facts: Facts, began: datetime) -> dict[str, object]:
    return submission(case, facts, began=began, ended=began + HOUR, provider="F")


async def report(app: Starlette, case: str, facts: Facts, began: datetime) -> Answer:
    name = f"{SYSTEMS[REPEAT_CALL]}|{identity_of(REPEAT_CALL, case)}"
    return await call(
        app,
        "POST",
        f"{REPEAT_CALLERS}/Bundle",
        headers={"if-none-exist": f"identifier={quote(name, safe='')}"},
        body=json.dumps(told(case, facts, began)).encode(),
    )


async def ask(app: Starlette, case: str, facts: Facts) -> Heard | None:
    found = await call(
        app,
        "POST",
        f"{REPEAT_CALLERS}/Patient/$repeat-caller",
        body=json.dumps(question(case, facts, began=NOW)).encode(),
    )
    return read_answer(found.body)


async def test_two_calls_in_four_days_wherever_they_were_make_the_third() -> None:
    app = Starlette(routes=neighbours(RepeatCallerDesk(FrozenClock(NOW))))
    assert await ask(app, "now", WHO) == Heard(status=NO)
    assert (await report(app, "one", WHO, NOW - 2 * HOUR)).status == 201
    # Told twice it is one call; and the call itself is not counted
    assert (await report(app, "one", WHO, NOW - 2 * HOUR)).status == 200
    await report(app, "now", WHO, NOW)
    assert await ask(app, "now", WHO) == Heard(status=NO)
    await report(app, "old", WHO, NOW - WINDOW - HOUR)
    assert await ask(app, "now", WHO) == Heard(status=NO)
    await report(app, "two", WHO, NOW - 50 * HOUR)
    found = await ask(app, "now", WHO)
    assert found == Heard(status=YES, earlier=(NOW - 2 * HOUR, NOW - 50 * HOUR))
    # By three facts alone the caller is asked, and nothing is told of whoever it was
    assert await ask(app, "now", UNVERIFIED) == Heard(status=PARTIAL)
    assert await ask(app, "now", Facts(family="Quillfeather")) == Heard(status=NO)


async def forget(app: Starlette, case: str) -> Answer:
    name = f"{SYSTEMS[REPEAT_CALL_BACK]}|{identity_of(REPEAT_CALL_BACK, case)}"
    made = withdrawal(case, began=NOW - 2 * HOUR, now=NOW)
    return await call(
        app,
        "POST",
        f"{REPEAT_CALLERS}/Bundle",
        headers={"if-none-exist": f"identifier={quote(name, safe='')}"},
        body=json.dumps(made).encode(),
    )


async def test_a_call_that_was_somebody_elses_counts_no_more() -> None:
    app = Starlette(routes=neighbours(RepeatCallerDesk(FrozenClock(NOW))))
    for name in ("one", "two"):
        await report(app, name, WHO, NOW - 2 * HOUR)
    found = await ask(app, "now", WHO)
    assert found is not None
    assert found.status == YES
    assert (await forget(app, "one")).status == 201
    assert (await forget(app, "one")).status == 200
    assert await ask(app, "now", WHO) == Heard(status=NO)
    # Also where its first word comes behind the second
    await report(app, "one", WHO, NOW - 2 * HOUR)
    assert await ask(app, "now", WHO) == Heard(status=NO)


def test_what_takes_a_call_back_names_it_and_nobody() -> None:
    made = withdrawal("one", began=NOW - HOUR, now=NOW)
    resource = from_content(made)
    assert isinstance(resource, Resource)
    assert check(resource) == ()
    assert withdrawn_in(made) == identity_of(REPEAT_CALL, "one")
    assert withdrawn_in(told("one", WHO, NOW)) == ""
    types = [one["resource"]["resourceType"] for one in made["entry"]]
    assert types == ["Encounter"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"<html>",
        json.dumps(answer("maybe")).encode(),
        json.dumps(answer(YES)).encode(),
        json.dumps(answer(YES, [NOW])).encode(),
    ],
)
def test_what_is_no_answer_is_as_if_nobody_answered(body: bytes) -> None:
    assert read_answer(body) is None


def test_what_is_told_has_who_and_when_and_no_more() -> None:
    made = told("case", facts_of(patient()), NOW)
    resource = from_content(made)
    assert isinstance(resource, Resource)
    assert check(resource) == ()
    text = json.dumps(made)
    assert "Secret Lane" not in text
    assert "07700900123" not in text
    assert "9990000042" not in text, "nobody has verified it"
    assert "9990000042" in json.dumps(told("case", WHO, NOW))


def test_who_it_is_about_is_another_where_any_fact_differs() -> None:
    assert is_enough(UNVERIFIED)
    assert not is_enough(Facts(given="Test", family="Quillfeather"))
    assert not is_enough(Facts(number="9990000042"))
    assert words_of(WHO) != words_of(UNVERIFIED)


def test_what_it_said_stays_with_the_case() -> None:
    said = case_in(case())
    assert said is not None
    rang = RangBefore(status=YES, at=NOW, who=words_of(WHO))
    kept = case_in(case_content(msgspec.structs.replace(said, rang=rang), case()))
    assert kept is not None
    assert kept.rang == rang
    assert case_in(case_content(said, case_content(kept))) == said


class _Slow:
    async def ask(self, case: str, facts: Facts, *, began: datetime) -> Heard:
        del case, facts, began
        await asyncio.sleep(5)
        return Heard(status=NO)


async def test_nobody_waits_for_it() -> None:
    calling = RepeatCalling(_Slow(), seconds=0.01)
    heard = await calling.ask("case", WHO, began=NOW)
    assert (heard.status, calling.is_on) == (NOT_REACHED, True)
    nobody = RepeatCalling()
    assert (await nobody.ask("case", WHO, began=NOW)).status == NOT_ASKED
    assert not nobody.is_on
