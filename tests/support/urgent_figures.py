# SPDX-License-Identifier: Apache-2.0
"""Calls with what was done with them, as figures of urgent care count them."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

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
