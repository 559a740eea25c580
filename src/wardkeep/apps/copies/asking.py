# SPDX-License-Identifier: Apache-2.0
"""Asking for a copy of a record: who asked, why, which parts and times; then a passkey.

Done means: who handles a request under Articles 15 and 20 of the UK GDPR, or sends
somebody's record on, fills in one page, signs, and has the files a minute later.
Rejected: a list of requests with states (the organisation has one, and its own clock of
a month), and a second person's yes beforehand: each copy is looked at by another
afterwards, and a role makes few a day.
"""

from datetime import date

from starlette.responses import Response

from wardkeep.care.opening import opener_of
from wardkeep.care.people import who_is
from wardkeep.care.whose import said_for
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.copies import (
    GROUNDS,
    LONGEST_ASKER,
    PARTS,
    PURPOSES,
    MakeCopy,
)
from wardkeep.disclosure.message import MAX_REASON_CHARACTERS
from wardkeep.fhir.store.outcomes import NotFound
from wardkeep.fhir.store.reading import Reader
from wardkeep.ui.banner import Banner
from wardkeep.web.confirming import ask_to_confirm
from wardkeep.web.forms import Form
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

MAKERS = Gate.SIGNED_IN.only("privacy_officer", "doctor", "care_coordinator")
"""Roles that make copies; held equal to the warden's by a test."""
_NO_TRANSFER = "privacy_officer"
_DAY_PARTS = ("day", "month", "year")


def grounds_of(role: str) -> tuple[tuple[str, str], ...]:
    """Whose work is no care sends nobody's record on for care."""
    usual = PURPOSES["access"]
    return tuple(
        (name, words)
        for name, words in GROUNDS.items()
        if role != _NO_TRANSFER or PURPOSES[name] is usual
    )


@page("/patients/{id}/copy", gate=MAKERS)
async def show_asking(visit: Visit) -> Response:
    return await _show(visit, None)


async def _show(visit: Visit, form: Form | None) -> Response:
    banner = await _banner(visit)
    if isinstance(banner, Response):
        return banner
    values = {} if form is None else form.values
    problems = () if form is None else tuple(form.problems.values())
    return visit.render(
        "copies/ask.html",
        status=422 if problems else 200,
        id=visit.path("id"),
        banner=banner,
        grounds=grounds_of(visit.session.role),
        parts=PARTS,
        chosen=() if form is None else _chosen(form),
        values={name: values.get(name, "") for name in _FIELDS},
        problems=problems,
    )


_FIELDS = (
    *("ground", "asked_by", "reason"),
    *(f"{name}-{part}" for name in ("since", "until") for part in _DAY_PARTS),
)


async def _banner(visit: Visit) -> Banner | Response | None:
    """Whose record it is; None where that would need a reason of its own."""
    patient = visit.path("id")
    person = await visit.services[Reader].one(
        "Patient", patient, opener=opener_of(visit)
    )
    if isinstance(person, NotFound):
        return visit.tell(NOT_FOUND)
    if isinstance(person, Refusal):
        return None if person.needs_reason else visit.refuse(person)
    return who_is(patient, person.resources[0].text, visit.today)


@page("/patients/{id}/copy", gate=MAKERS, methods=("POST",))
async def ask_for_copy(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    act = _act(visit, form)
    if form.problems:
        return await _show(visit, form)
    asking = f"/patients/{act.patient}/copy"
    return await ask_to_confirm(
        visit,
        act,
        back=asking,
        after=f"{asking}/made",
        button="Sign for the copy with my passkey",
        said_for=await said_for(visit, act.patient),
    )


def _chosen(form: Form) -> tuple[str, ...]:
    return tuple(name for name in PARTS if form.values.get(f"part-{name}"))


def _act(visit: Visit, form: Form) -> MakeCopy:
    known = tuple(name for name, _ in grounds_of(visit.session.role))
    since, until = _day(form, "since"), _day(form, "until")
    if since and until and since > until:
        form.reject(
            "until-day",
            wrong="The period ends before it begins",
            mend="Enter a later day, or none.",
        )
    if not _chosen(form):
        form.reject(
            "parts", wrong="Nothing is chosen", mend="Choose what was asked for."
        )
    return MakeCopy(
        patient=visit.path("id"),
        ground=form.choice("ground", called="why", among=known),
        asked_by=form.text("asked_by", called="who asked", at_most=LONGEST_ASKER),
        reason=form.text("reason", called="the reason", at_most=MAX_REASON_CHARACTERS),
        parts=_chosen(form),
        since=since,
        until=until,
    )


def _day(form: Form, name: str) -> str:
    """As in 2026-11-28; empty where nothing was typed, or it is wrong."""
    typed = [
        form.optional_text(f"{name}-{part}", called=f"the {part}", at_most=4)
        for part in reversed(_DAY_PARTS)
    ]
    if not any(typed):
        return ""
    try:
        return date(*[int(one) for one in typed]).isoformat()
    except ValueError:
        form.reject(
            f"{name}-day",
            wrong="That day does not exist",
            mend="Give day, month and year, as in 17 4 2026.",
        )
        return ""
