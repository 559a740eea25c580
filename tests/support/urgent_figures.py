# SPDX-License-Identifier: Apache-2.0
"""Calls with what was done with them, as figures of urgent care count them."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import msgspec

from support.acts import Colleague, colleague, confirm
from support.served import Served
from support.warden import RunningWarden
from wardkeep.base.ids import new_uuid
from wardkeep.disclosure.answers import Answer, Created, Done
from wardkeep.disclosure.data_sets import AgreeDataSet, AskDataSet
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.urgent.case import OVER, Case, Outcome as CallEnd, case_content
from wardkeep.fhir.urgent.disposition import DISPOSITIONS
from wardkeep.fhir.urgent.moving import advance
from wardkeep.fhir.urgent.queueing import (
    Did,
    Entry,
    entry_content,
    entry_in,
    queued,
)
from wardkeep.fhir.urgent.steps import Step

TAKER, ANN = Person("Practitioner/tess", "Tess"), Person("Practitioner/ann", "Ann")
MINUTE = timedelta(minutes=1)
Json = dict[str, Any]


def call(
    code: str,
    began: datetime,
    *steps: tuple[Step, int],
    id_: str = "c",
    patient: str = "p",
    to: str = "",
) -> list[Json]:
    """A call of nine minutes, what was done with it, and what a clinician came to."""
    ended = began + 9 * MINUTE
    waits = DISPOSITIONS[code].waits and not to
    closed = None if waits else ended + 60 * MINUTE
    case = Case(
        id=id_,
        patient=patient,
        began=began,
        taker=TAKER,
        number="01632960123",
        complaint="Secret words",
        status="in-progress" if waits else OVER,
        ended=closed,
        outcome=CallEnd(code=code, at=ended, said="Secret words", by=TAKER),
    )
    made = queued(id_, patient, DISPOSITIONS[code], given=ended, author=TAKER)
    made[0]["id"] = f"{id_}-request"
    if len(made) > 1:
        entry = entry_in({**made[1], "id": f"{id_}-place"})
        assert entry is not None
        entry = msgspec.structs.replace(entry, outcome=f"{id_}-request")
        for step, minutes in steps:
            did = Did(step=step, at=ended + minutes * MINUTE, by=ANN, to=ANN)
            after = advance(entry, did, leads=True)
            assert isinstance(after, Entry), (step, after)
            entry = after
        made[1] = entry_content(entry)
    if to:
        again = queued(
            id_,
            patient,
            DISPOSITIONS[to],
            given=ended + 50 * MINUTE,
            author=ANN,
            replaces=f"{id_}-request",
        )[0]
        made.append({**again, "id": f"{id_}-again"})
    return [case_content(case), *made]


async def two_who_agree(
    stack: Served, organisation: str
) -> tuple[Colleague, Colleague]:
    """Who may sign for a national return of an organisation, together."""
    warden = RunningWarden(stack, None)  # type: ignore[arg-type]
    warden.home = organisation
    first = await colleague(warden, "administrator", origin=stack.origin)
    second = await colleague(warden, "privacy_officer", origin=stack.origin)
    await warden.door.close()
    await warden.operator.close()
    return first, second


def agreed_by(
    stack: Served, organisation: str, first: Colleague, second: Colleague, period: str
) -> None:
    """Both sign that a month's figures are held against the records."""
    id_ = new_uuid()
    act = AskDataSet(id=id_, data_set="iuc", period=period, reason="Figures proven")
    asyncio.run(_signed(stack, organisation, first, act, Created))
    asyncio.run(_signed(stack, organisation, second, AgreeDataSet(id_), Done))


async def _signed(
    stack: Served, organisation: str, who: Colleague, act: Any, kind: type[Answer]
) -> None:
    warden = RunningWarden(stack, None)  # type: ignore[arg-type]
    warden.home = organisation
    answer = await confirm(warden, who, act, kind)
    assert isinstance(answer, kind), answer
    await warden.door.close()
    await warden.operator.close()
