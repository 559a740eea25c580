# SPDX-License-Identifier: Apache-2.0
"""What was typed into the four steps: words, and who agreed to do what until when."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta

from wardkeep.base.clock import LONDON
from wardkeep.fhir.assessments.talks import (
    MOST_ACTIONS,
    STEPS,
    TYPE,
    Action,
    Talk,
    task_id,
)
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.model.team import is_place
from wardkeep.fhir.tasks.to_do import ToDo
from wardkeep.web.forms import Form

LONGEST_STEP, LONGEST_WORDS = 4000, 400
PERSON, OTHER = "person", "other"
_AHEAD = timedelta(days=2 * 366)
_DAY_ENDS = time(17)
_KIND = "other"


def who_may(people: Sequence[Person]) -> list[tuple[str, str]]:
    """Whom an action's field offers."""
    return [
        ("", "Choose who"),
        (PERSON, "The person"),
        (OTHER, "Somebody else, named beside it"),
        *((one.reference, one.display) for one in people),
    ]


_ROWS = range(1, MOST_ACTIONS + 1)


def rows_of(fixed: Sequence[Action], typed: Mapping[str, str]) -> list[int]:
    """Numbers of the lines that are shown: what may be added, and what was typed."""
    free = MOST_ACTIONS - len(fixed)
    return [one for one in _ROWS if one <= free or typed.get(f"what-{one}")]


def typed_of(talk: Talk | None) -> dict[str, str]:
    """The form filled with what is stored; actions on a list are no fields."""
    if talk is None:
        return {}
    values = dict(talk.steps)
    free = [one for one in talk.actions if not one.task]
    for number, one in enumerate(free, start=1):
        values[f"what-{number}"] = one.words
        values[f"who-{number}"] = _field_of(one.who)
        values[f"by-{number}"] = one.by.isoformat() if one.by else ""
    return values


def _field_of(who: Person) -> str:
    if who.reference.startswith("Patient/"):
        return PERSON
    return who.reference or OTHER


def read_steps(form: Form) -> dict[str, str]:
    said = {
        code: form.optional_text(code, called=title, at_most=LONGEST_STEP)
        for code, title in STEPS.items()
    }
    return {code: words for code, words in said.items() if words}


def read_actions(
    form: Form, *, talk: str, patient: str, people: Sequence[Person]
) -> list[Action]:
    """Those with words; each with who does it, a colleague's with a day as well."""
    found = []
    for number in _ROWS:
        what, who, by = (f"{name}-{number}" for name in ("what", "who", "by"))
        words = form.optional_text(what, called="what is agreed", at_most=LONGEST_WORDS)
        chosen = form.values.get(who, "")
        day = form.values.get(by, "").strip()
        if not words:
            if (chosen or day) and what not in form.problems:
                mend = "Say what is to be done, or leave the whole line empty."
                form.reject(what, wrong="what is agreed is missing", mend=mend)
            continue
        doer = _doer(chosen, patient, people)
        if doer is None:
            form.reject(who, wrong="nobody is chosen", mend="Choose who does it.")
            continue
        is_task = chosen not in (PERSON, OTHER)
        found.append(
            Action(
                words=words,
                who=doer,
                by=_day(form, by, day, is_needed=is_task),
                task=task_id(talk, words, chosen) if is_task else "",
            )
        )
    return found


def _doer(chosen: str, patient: str, people: Sequence[Person]) -> Person | None:
    if chosen == PERSON:
        return Person(f"Patient/{patient}", "The person")
    if chosen == OTHER:
        return Person("", "Somebody else")
    return next((one for one in people if chosen and one.reference == chosen), None)


def _day(form: Form, name: str, typed: str, *, is_needed: bool) -> date | None:
    if not typed and not is_needed:
        return None
    try:
        return date.fromisoformat(typed)
    except ValueError:
        mend = "Give the day until which it is done, as in 2027-04-17."
        form.reject(name, wrong="there is no day that can be read", mend=mend)
        return None


def reject_days_gone(form: Form, *, today: date) -> None:
    """A day must be to come, and near enough to be meant."""
    for number in _ROWS:
        name = f"by-{number}"
        try:
            day = date.fromisoformat(form.values.get(name, "").strip())
        except ValueError:
            continue
        if not today <= day <= today + _AHEAD:
            mend = "Give today, or a day within the next two years."
            form.reject(name, wrong="that day cannot be meant", mend=mend)


def tasks_of(talk: Talk, *, me: Person, now: datetime, known: set[str]) -> list[ToDo]:
    """What colleagues and teams get on their lists; `known` are there already."""
    return [
        ToDo(
            id=one.task,
            kind=_KIND,
            words=f"{talk.subject}: {one.words}",
            due=datetime.combine(one.by, _DAY_ENDS, LONDON),
            patient=talk.patient,
            about=f"{TYPE}/{talk.id}",
            requester=me,
            asked=now,
            changed=now,
            team=one.who if is_place(one.who.reference) else Person(),
            owner=Person() if is_place(one.who.reference) else one.who,
        )
        for one in talk.actions
        if one.task and one.task not in known and one.by is not None
    ]
