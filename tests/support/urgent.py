# SPDX-License-Identifier: Apache-2.0
"""Calls that wait in urgent care's queues, as drills and stories make them."""

import http.client
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import msgspec

from support.served import Served, Visitor
from support.warden import RunningWarden
from wardkeep.disclosure.answers import Done, SessionView
from wardkeep.disclosure.questions import CheckSession, SetWork
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.urgent.case import CALL_BACK
from wardkeep.fhir.urgent.disposition import DISPOSITIONS, SKILLS
from wardkeep.fhir.urgent.outcome import outcome_content, outcome_in
from wardkeep.fhir.urgent.queueing import (
    entry_content,
    entry_in,
    place_of,
    queued,
)

TAKER = Person("Practitioner/tess", "Tess Taker")
Json = dict[str, Any]


def queue_places() -> list[Json]:
    """The places of all queues."""
    return [
        {
            "resourceType": "Location",
            "id": place_of(one).partition("/")[2],
            "name": f"Queue: {one}",
        }
        for one in SKILLS
    ]


def caller(id_: str, family: str) -> Json:
    return {
        "resourceType": "Patient",
        "id": id_,
        "name": [{"family": family, "given": ["Test"]}],
        "birthDate": "1980-02-03",
    }


def call(id_: str, *, at: datetime, complaint: str = "Feels unwell") -> Json:
    """The case of somebody who rang."""
    return {
        "resourceType": "Encounter",
        "id": f"{id_}-case",
        "status": "in-progress",
        "class": {
            "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
            "code": "VR",
        },
        "type": [{"coding": [{"system": "urn:wardkeep:case", "code": "call"}]}],
        "subject": {"reference": f"Patient/{id_}"},
        "participant": [{"individual": {"reference": TAKER.reference}}],
        "period": {"start": at.isoformat(timespec="seconds")},
        "identifier": [{"system": CALL_BACK, "value": "01632960123"}],
        "reasonCode": [{"text": complaint}],
    }


def waiting(id_: str, code: str, *, given: datetime) -> list[Json]:
    """What the call of somebody came to, and its place in a queue."""
    made = queued(f"{id_}-case", id_, DISPOSITIONS[code], given=given, author=TAKER)
    came_to, entry = outcome_in(made[0]), entry_in(made[1])
    assert came_to is not None
    assert entry is not None
    came_to = msgspec.structs.replace(came_to, id=f"{id_}-outcome")
    entry = msgspec.structs.replace(entry, id=f"{id_}-entry", outcome=came_to.id)
    return [outcome_content(came_to), entry_content(entry)]


def whole_call(
    id_: str, code: str = "clinician-1h", *, given: datetime, family: str = ""
) -> list[Json]:
    """Somebody who rang, and waits."""
    return [
        caller(id_, family or f"Caller{id_}"),
        call(id_, at=given),
        *waiting(id_, code, given=given),
    ]


async def put_in_a_queue(
    stack: Served, token: str, organisation: str, practitioner: str, *skills: str
) -> None:
    """Whoever has this session is a practitioner of the record, and works there."""
    warden = RunningWarden(stack, None)  # type: ignore[arg-type]
    seen = await warden.door.ask(CheckSession(token), SessionView)
    assert isinstance(seen, SessionView)
    who = ((seen.account, (f"Practitioner/{practitioner}",)),)
    teams = tuple((one, (place_of(one),), (seen.account,)) for one in skills)
    done = await warden.operator.ask(SetWork(organisation, who, teams), Done)
    assert done == Done()
    await warden.door.close()
    await warden.operator.close()


class Desk(Visitor):
    """Somebody who works in a queue, and follows where a press leads."""

    def __init__(self, port: int, token: str) -> None:
        super().__init__(port, token)
        self.token = token

    def press(self, path: str, fields: Mapping[str, str]) -> tuple[int, str, bytes]:
        """Status, where it leads, and the page.

        Raises:
            ConnectionError: twice no whole answer came.
        """
        sent = {
            **self._headers,
            "Content-Type": "application/x-www-form-urlencoded",
        }
        for _ in range(2):
            with suppress(http.client.HTTPException, OSError):
                self._connection.request("POST", path, urlencode(fields), sent)
                answer = self._connection.getresponse()
                to = answer.getheader("Location") or ""
                return answer.status, to, answer.read()
            self._connection.close()
        raise ConnectionError(path)
