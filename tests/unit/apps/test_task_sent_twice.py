# SPDX-License-Identifier: Apache-2.0
"""A press of a task whose answer was lost is told as what it did, and no other is."""

from datetime import UTC, datetime

import msgspec
import pytest

from wardkeep.apps.tasks.doing import is_sent_twice
from wardkeep.care.colleagues import Mine
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.tasks.to_do import DONE, Said, ToDo
from wardkeep.web.forms import Form

NIA, DAN = Person("Practitioner/nia", "Nia"), Person("Practitioner/dan", "Dan")
AT = datetime(2026, 11, 29, 9, tzinfo=UTC)
TASK = ToDo(
    id="t",
    version=3,
    kind="other",
    words="Ring",
    due=AT,
    requester=DAN,
    asked=AT,
    changed=AT,
    owner=NIA,
)


def after(line: str, by: Person = NIA, **more: object) -> ToDo:
    said = Said(author_reference=by, time="2026-11-29T09:00:00Z", text=line)
    return msgspec.structs.replace(TASK, said=(said,), **more)


@pytest.mark.parametrize(
    ("stands", "act", "fields", "is_so"),
    [
        (after("Taken"), "claim", {}, True),
        (after("Taken", DAN, owner=DAN), "claim", {}, False),
        (after("Done: Rang", status=DONE), "done", {"done-word": " Rang "}, True),
        (after("Done: Rang", status=DONE), "done", {"done-word": "Went"}, False),
        (after("Called off: Rang"), "done", {"done-word": "Rang"}, False),
        (after("Handed on to Dan", owner=DAN), "hand-on", {"who": DAN.reference}, True),
        (after("Handed on to Dan", owner=DAN), "hand-on", {"who": "x"}, False),
        (TASK, "claim", {}, False),
    ],
)
def test_only_the_very_press_that_made_the_next_version_is_done_already(
    stands: ToDo,
    act: str,
    fields: dict[str, str],
    is_so: bool,  # noqa: FBT001 - a column of the table above
) -> None:
    mine = Mine(me=NIA, teams=(), places=())
    assert is_sent_twice(stands, mine, act, Form(dict(fields)), 2) is is_so
    assert not is_sent_twice(stands, mine, act, Form(dict(fields)), 1)
