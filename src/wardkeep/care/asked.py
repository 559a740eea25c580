# SPDX-License-Identifier: Apache-2.0
"""Whom something is for, as forms offer it: oneself, teams, and people."""

from collections.abc import Sequence
from datetime import datetime

from wardkeep.base.clock import LONDON
from wardkeep.care.colleagues import Mine, colleagues, teams
from wardkeep.db.changes import Topic
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.model.team import topic_key
from wardkeep.web.forms import Form
from wardkeep.web.visit import Visit

_MOST_TOPICS = 20
_BETWEEN = "~"


async def whom_to_ask(
    visit: Visit, mine: Mine, *, with_me: bool = False
) -> list[Person]:
    """Everybody who may be chosen, the nearest first."""
    places, people = await teams(visit), await colleagues(visit)
    near = [one for one in places if one.reference in mine.teams]
    others = [one for one in places if one.reference not in mine.teams]
    me = mine.me.reference
    own = [one for one in people if with_me and one.reference == me]
    return [*own, *near, *others, *(one for one in people if one.reference != me)]


def chosen(form: Form, name: str, among: Sequence[Person]) -> Person | None:
    """Whom the form names; a problem where it is nobody who may be chosen."""
    reference = form.values.get(name, "")
    found = next((one for one in among if one.reference == reference), None)
    if found is None:
        form.reject(name, wrong="nobody is chosen", mend="Choose who it is for.")
    return found


def options(people: Sequence[Person]) -> list[tuple[str, str]]:
    return [(one.reference, one.display) for one in people]


def typed_moment(form: Form, name: str, *, called: str) -> datetime | None:
    """A day and time as `datetime-local` sends it, in London; None where it is none."""
    try:
        typed = datetime.fromisoformat(form.values.get(name, ""))
    except ValueError:
        form.reject(
            name,
            wrong=f"{called} cannot be read",
            mend="Give a day and a time, as in 2026-11-29T14:30.",
        )
        return None
    return typed if typed.tzinfo else typed.replace(tzinfo=LONDON)


def topics_for(kind: str, who: Sequence[str]) -> tuple[Topic, ...]:
    """What live pages of these people and places hear of."""
    keys = dict.fromkeys(topic_key(one) for one in who if one)
    return tuple(Topic(kind, one) for one in keys)


def listens(mine: Mine) -> str:
    """Whose lists a live part shows, for its address: ids of ours alone."""
    return _BETWEEN.join(
        topic_key(one) for one in (mine.me.reference, *mine.teams) if one
    )


def heard(visit: Visit, *kinds: str) -> tuple[Topic, ...]:
    """The topics that the address of a live part names; others tell nothing more."""
    found = []
    for key in visit.query("who").split(_BETWEEN)[:_MOST_TOPICS]:
        for kind in kinds:
            try:
                found.append(Topic(kind, key))
            except ValueError:
                continue
    return tuple(found)
