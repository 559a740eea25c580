# SPDX-License-Identifier: Apache-2.0
"""What was typed into the form of a contact, and what is to be mended in it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from wardkeep.care.typed import moment_of, typed_moment
from wardkeep.fhir.contacts.appointments import USUAL_MINUTES, Next, Planned
from wardkeep.fhir.contacts.codes import (
    ACTIVITIES,
    ATTENDED,
    CANCELLED,
    FACE_TO_FACE,
    HOME,
    MECHANISM,
    NEXT_WAYS,
    PATIENT,
    PLACES,
    SUBJECT,
    TOOK_PLACE,
)
from wardkeep.web.forms import MAX_FIELD_CHARACTERS, Form

ACTIVITY = "activity-"
LONGEST_NOTE = MAX_FIELD_CHARACTERS - 1
LONGEST_FIELD_BYTES = 60_000
_LONGEST_LINE, _MOST_MINUTES = 300, 24 * 60
_AHEAD = timedelta(minutes=5)
"""A clock beside ours may be a little fast."""
_FURTHEST = timedelta(days=2 * 366)
_OLDEST = timedelta(days=366)


class Typed(msgspec.Struct, frozen=True, kw_only=True):
    """The form, read."""

    attended: str
    mechanism: str
    begins: datetime
    minutes: int
    place: str
    subject: str
    others: str
    colleague: str
    """As `Practitioner/x`; empty: none."""
    activities: tuple[str, ...]
    done: str
    why: str
    note: str
    planned: Planned | None
    next: Next | None

    @property
    def took_place(self) -> bool:
        return self.attended in TOOK_PLACE


def blank(planned: Planned | None, now: datetime) -> dict[str, str]:
    """What the form is filled with before anybody types."""
    values = {"subject": PATIENT, "next-minutes": str(USUAL_MINUTES)}
    if planned is None:
        return values | {"when": typed_moment(now), "mechanism": FACE_TO_FACE}
    home = {"where": HOME} if planned.is_home else {}
    return values | {
        "appointment": planned.id,
        "when": typed_moment(planned.starts),
        "minutes": str(planned.minutes),
        "mechanism": FACE_TO_FACE,
        **home,
    }


def read_typed(
    form: Form,
    appointments: Sequence[Planned],
    colleagues: Sequence[str],
    *,
    now: datetime,
) -> Typed | None:
    """What it says; None where something in it is wrong."""
    attended = form.choice("attended", called="what came of it", among=tuple(ATTENDED))
    planned = _planned(form, appointments)
    begins = _begins(form, attended, now)
    mechanism = form.choice("mechanism", called="how it was", among=tuple(MECHANISM))
    minutes = _minutes(form, attended)
    place = _place(form, attended, mechanism)
    subject = ""
    if attended in TOOK_PLACE:
        subject = form.choice(
            "subject", called="whom you spoke with", among=tuple(SUBJECT)
        )
    note = form.optional_text("note", called="the note", at_most=LONGEST_NOTE)
    if attended in TOOK_PLACE and not note:
        form.reject(
            "note",
            wrong="The note is missing",
            mend="Write what happened, what was found and what is agreed.",
        )
    lines = {
        name: form.optional_text(name, called=called, at_most=_LONGEST_LINE)
        for name, called in (
            ("others", "who else was there"),
            ("done", "what else was done"),
            ("why", "why it was cancelled"),
        )
    }
    colleague = form.values.get("colleague", "")
    if colleague and colleague not in colleagues:
        form.reject("colleague", wrong="They are not here", mend="Choose again.")
    following = _next(form, now)
    if form.problems or begins is None:
        return None
    is_cancelled = attended in CANCELLED
    took_place = attended in TOOK_PLACE
    return Typed(
        attended=attended,
        mechanism=mechanism,
        begins=begins,
        minutes=minutes if took_place else 0,
        place=place,
        subject=subject,
        others=lines["others"] if took_place else "",
        colleague=colleague,
        activities=_activities(form) if took_place else (),
        done=lines["done"] if took_place else "",
        why=lines["why"] if is_cancelled else "",
        note=note,
        planned=planned,
        next=following,
    )


def _planned(form: Form, appointments: Sequence[Planned]) -> Planned | None:
    chosen = form.values.get("appointment", "")
    found = next((one for one in appointments if one.id == chosen), None)
    if chosen and found is None:
        form.reject(
            "appointment",
            wrong="That appointment is not open any more",
            mend="Look what became of it under Visits and stays, or choose another.",
        )
    return found


def _begins(form: Form, attended: str, now: datetime) -> datetime | None:
    begins = moment_of(form.values.get("when", ""))
    if begins is None or begins < now - _OLDEST:
        form.reject(
            "when",
            wrong="Day and time cannot be read, or lie more than a year back",
            mend="Enter when it began, or was to begin.",
        )
        return None
    last = now + (_FURTHEST if attended in CANCELLED else _AHEAD)
    if begins > last:
        form.reject(
            "when",
            wrong="It lies ahead",
            mend="Enter when it began. What is cancelled may lie ahead.",
        )
    return begins


def _minutes(form: Form, attended: str) -> int:
    if attended not in TOOK_PLACE:
        return 0
    found = form.whole_number(
        "minutes", called="how many minutes it was", least=1, most=_MOST_MINUTES
    )
    return found or 0


def _place(form: Form, attended: str, mechanism: str) -> str:
    """Where it was; face to face it was somewhere."""
    place = form.values.get("where", "")
    is_needed = attended in TOOK_PLACE and mechanism == FACE_TO_FACE
    if (place and place not in PLACES) or (is_needed and not place):
        form.reject("where", wrong="Where it was is not chosen", mend="Choose a place.")
    return place


def _activities(form: Form) -> tuple[str, ...]:
    return tuple(one for one in ACTIVITIES if form.values.get(f"{ACTIVITY}{one}"))


def _next(form: Form, now: datetime) -> Next | None:
    """The next appointment, where a day is given."""
    when, way = form.values.get("next-when", ""), form.values.get("next-way", "")
    if not when and not way:
        return None
    starts = moment_of(when)
    if starts is None or not now < starts <= now + _FURTHEST:
        form.reject(
            "next-when",
            wrong="That is no time for a next appointment",
            mend="Enter a day and time ahead, or leave how it is to be empty too.",
        )
    if way not in NEXT_WAYS:
        form.reject(
            "next-way", wrong="How it is to be is not chosen", mend="Choose one."
        )
    minutes = form.whole_number(
        "next-minutes", called="how long it is to be", least=5, most=_MOST_MINUTES
    )
    if form.problems or starts is None or minutes is None:
        return None
    return Next(way=way, starts=starts, minutes=minutes)
