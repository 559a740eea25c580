# SPDX-License-Identifier: Apache-2.0
"""Asking a colleague to approve a letter: a Task with the letter's own id.

So one letter has one such question, however often it is sent, and a list of what waits
opens nothing. Its owner may expect the patient while it waits (decision 21).
"""

from datetime import timedelta

import msgspec

from wardkeep.care.asked import chosen
from wardkeep.care.colleagues import colleagues
from wardkeep.care.opening import me, opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.store.outcomes import NotFound
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.tasks.to_do import (
    APPROVE,
    CANCELLED,
    REQUESTED,
    TYPE,
    ToDo,
    read_to_do,
)
from wardkeep.web.forms import Form
from wardkeep.web.visit import Visit

USUAL_WAIT = timedelta(days=2)
"""Letters leave within a week of the contact in NHS contracts; typing takes a part."""


async def question(visit: Visit, letter: str) -> ToDo | None:
    """Who was asked to approve a letter; None where nobody was."""
    found = await visit.services[Reader].one(TYPE, letter, opener=opener_of(visit))
    if isinstance(found, NotFound | Refusal):
        return None
    one = read_to_do(found.resources[0])
    is_it = one is not None and (one.kind, one.patient) == (APPROVE, visit.path("id"))
    return one if is_it else None


async def asked_anew(visit: Visit, form: Form, letter: str) -> ToDo | None:
    """What becomes of the question by a form; None where nobody is or was asked."""
    before = await question(visit, letter)
    if not form.values.get("approver"):
        return await closed(visit, letter, as_=CANCELLED)
    who = chosen(form, "approver", await colleagues(visit))
    if who is None or (before and before.is_open and before.owner == who):
        return None
    return _asked(visit, letter, who, before, await me(visit))


def _asked(
    visit: Visit, letter: str, who: Person, before: ToDo | None, asker: Person
) -> ToDo:
    now = visit.clock.now()
    return ToDo(
        id=letter,
        kind=APPROVE,
        words="A letter waits for your approval",
        due=now + USUAL_WAIT,
        patient=visit.path("id"),
        about=f"DocumentReference/{letter}",
        status=REQUESTED,
        requester=asker,
        asked=before.asked if before else now,
        changed=now,
        owner=who,
    )


async def closed(visit: Visit, letter: str, *, as_: str) -> ToDo | None:
    """The question, answered or called off; None where none is open."""
    one = await question(visit, letter)
    if one is None or not one.is_open:
        return None
    return msgspec.structs.replace(one, status=as_, changed=visit.clock.now())
