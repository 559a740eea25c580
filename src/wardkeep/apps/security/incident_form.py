# SPDX-License-Identifier: Apache-2.0
"""Declaring an incident: what is typed, read and shown again.

Done means: a privacy officer names a person, session, passkey, program or address and a
time on one page, and has a count within a minute that says how many were reached.
Rejected: choosing single openings from a list (a thief makes hundreds, and one that is
forgotten is a patient who is not told), and one form for each kind of selector.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from starlette.responses import Response

from wardkeep.apps.security.account import OFFICERS
from wardkeep.apps.security.incidents import incident_named
from wardkeep.base.clock import LONDON, from_microseconds, microseconds_since_epoch
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.incident_desk import (
    FEWEST_CHARACTERS,
    MOST_CHARACTERS,
    BeginCount,
    CountBegun,
    CountView,
    IncidentView,
    LookAtCount,
)
from wardkeep.disclosure.people import ListPeople, People
from wardkeep.ledger.beginnings import plain_address
from wardkeep.ledger.incidents import Told
from wardkeep.ledger.wanted import Wanted
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

LONGEST_TOLD = 500
NAMED = (
    ("session", "Session", "The id of one session, as an entry or a log has it."),
    ("device", "Passkey", "Its id, in figures and letters from a to f."),
    ("client", "Program or app", "The id under which it is registered."),
    ("address", "Network address", "Of the device. As in 203.0.113.7."),
)
"""What may be typed beside a person; several are told apart by spaces."""
_MOST_TYPED = 500
_EVERYBODY = "everybody"


async def _show(
    visit: Visit, form: Form, *, incident: IncidentView | None = None
) -> Response:
    people = await visit.warden.ask(ListPeople(visit.token), People)
    if isinstance(people, Refusal):
        return visit.refuse(people)
    problems = tuple(form.problems.values())
    return visit.render(
        "security/declare.html",
        status=422 if problems else 200,
        problems=problems,
        typed=form.values,
        named=NAMED,
        incident=incident,
        most=MOST_CHARACTERS,
        people=[
            ("", "Nobody in particular"),
            *[
                (one.account, f"{one.display_name}, {one.role_title}")
                for one in people.people
            ],
        ],
    )


@page("/security/incidents/new", gate=OFFICERS)
async def show_declaring(visit: Visit) -> Response:
    """The empty form, or what was typed for a count that is to be made anew."""
    typed = await _typed_before(visit)
    if typed is not None:
        return await _show(visit, Form(typed))
    now = _local(microseconds_since_epoch(visit.clock.now()))
    return await _show(visit, Form({"account": visit.query("account"), "found": now}))


@page("/security/incidents/new", gate=OFFICERS, methods=("POST",))
async def count_new(visit: Visit) -> Response:
    form = await visit.form(longest=2 * MOST_CHARACTERS)
    if isinstance(form, Trouble):
        return visit.tell(form)
    selectors = _selectors(form, must_name=True)
    found_at = _moment(form, "found", called="when it was found out", is_due=True)
    if found_at > microseconds_since_epoch(visit.clock.now()):
        form.reject(
            "found",
            wrong="That is still to come",
            mend="Enter when somebody first knew of it.",
        )
    asked = BeginCount(
        session=visit.token,
        selectors=selectors,
        found_at=found_at,
        what=_sentence(form, "what", called="what happened"),
        told=Told(
            doing=form.text("doing", called="what is done", at_most=LONGEST_TOLD),
            ask=form.text("ask", called="whom to ask", at_most=LONGEST_TOLD),
        ),
    )
    return await _begin(visit, form, asked)


async def _begin(
    visit: Visit,
    form: Form,
    asked: BeginCount,
    *,
    incident: IncidentView | None = None,
) -> Response:
    if not form.problems:
        begun = await visit.warden.ask(asked, CountBegun)
        if not isinstance(begun, Refusal):
            return visit.go_to(f"/security/incidents/counts/{begun.count}")
        form.reject("what", wrong=begun.why.rstrip("."), mend=begun.mend)
    return await _show(visit, form, incident=incident)


@page("/security/incidents/{incident}/revise", gate=OFFICERS)
async def show_revising(visit: Visit) -> Response:
    found = await _to_revise(visit)
    if isinstance(found, Response):
        return found
    typed = await _typed_before(visit)
    return await _show(visit, Form(typed or _told_of(found)), incident=found)


@page("/security/incidents/{incident}/revise", gate=OFFICERS, methods=("POST",))
async def count_again(visit: Visit) -> Response:
    form = await visit.form(longest=2 * MOST_CHARACTERS)
    if isinstance(form, Trouble):
        return visit.tell(form)
    found = await _to_revise(visit)
    if isinstance(found, Response):
        return found
    asked = BeginCount(
        session=visit.token,
        incident=found.id,
        selectors=_selectors(form, must_name=False),
        what=_sentence(form, "what", called="what is new"),
        told=Told(
            doing=form.text("doing", called="what is done", at_most=LONGEST_TOLD),
            ask=form.text("ask", called="whom to ask", at_most=LONGEST_TOLD),
        ),
    )
    return await _begin(visit, form, asked, incident=found)


async def _to_revise(visit: Visit) -> IncidentView | Response:
    found = await incident_named(visit)
    if isinstance(found, Response):
        return found
    if found.is_own and found.is_written and not found.withdrawn_at:
        return found
    return visit.go_to(f"/security/incidents/{found.id}")


def _told_of(found: IncidentView) -> dict[str, str]:
    told = found.told
    return {} if told is None else {"doing": told.doing, "ask": told.ask}


async def _typed_before(visit: Visit) -> Mapping[str, str] | None:
    """What was typed for the count that the address names."""
    if not visit.query("from"):
        return None
    asked = LookAtCount(visit.token, visit.query("from"))
    found = await visit.warden.ask(asked, CountView)
    return None if isinstance(found, Refusal) else _as_typed(found)


# What is typed


def _sentence(form: Form, name: str, *, called: str) -> str:
    text = form.text(name, called=called, at_most=MOST_CHARACTERS)
    if text and len(text) < FEWEST_CHARACTERS:
        mend = "Say it in a sentence: a regulator reads it."
        form.reject(name, wrong="that is too short", mend=mend)
    return text


def _moment(form: Form, name: str, *, called: str, is_due: bool = False) -> int:
    """UTC microseconds of a day and time typed as in London; 0 where none was."""
    read = form.text if is_due else form.optional_text
    typed = read(name, called=called, at_most=30)
    if not typed:
        return 0
    try:
        moment = datetime.fromisoformat(typed)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=LONDON)
        return max(0, microseconds_since_epoch(moment))
    except (ValueError, OverflowError):
        form.reject(
            name,
            wrong=f"{called} is no day and time",
            mend="Enter it as in 2026-11-23T09:30.",
        )
        return 0


def _selectors(form: Form, *, must_name: bool) -> tuple[Wanted, ...]:
    """One for each that is named; whatever any of them names is part of it."""
    since = _moment(form, "since", called="from when")
    until = _moment(form, "until", called="until when")
    if since and until and since >= until:
        form.reject(
            "until", wrong="It ends before it begins", mend="Enter a later time."
        )
        since = until = 0
    found = [
        Wanted(**{by: name}, since=since, until=until)  # type: ignore[arg-type]
        for by, name in _typed(form)
    ]
    if form.values.get(_EVERYBODY):
        if not (since and until):
            form.reject(
                "since",
                wrong="For everybody it needs from when, and until when",
                mend="Enter both times.",
            )
        found.append(Wanted(since=since, until=until))
    if must_name and not found:
        form.reject(
            "account",
            wrong="Nobody is named whose openings were not rightful",
            mend="Choose a person, or enter a session, passkey, program or address.",
        )
    return tuple(dict.fromkeys(found))


def _typed(form: Form) -> Iterator[tuple[str, str]]:
    account = form.optional_text("account", called="the person", at_most=200)
    if account:
        yield "account", account
    for name, words, _ in NAMED:
        typed = form.optional_text(name, called=words.lower(), at_most=_MOST_TYPED)
        for one in typed.split():
            if name == "address" and not plain_address(one):
                form.reject(
                    name,
                    wrong=f"{one[:40]} is no network address",
                    mend="Enter it as in 203.0.113.7.",
                )
                continue
            yield name, one


def _as_typed(found: CountView) -> Mapping[str, str]:
    """A count's words and selectors, back in their fields."""
    values: dict[str, list[str]] = {}
    for one in found.selectors:
        for name in ("account", "session", "device", "client", "address"):
            if getattr(one, name):
                values.setdefault(name, []).append(getattr(one, name))
        if one == Wanted(
            organisation=one.organisation, since=one.since, until=one.until
        ):
            values[_EVERYBODY] = ["yes"]
        for name, at in (("since", one.since), ("until", one.until)):
            if at:
                values[name] = [_local(at)]
    told = found.told or Told(doing="", ask="")
    return {
        **{name: " ".join(dict.fromkeys(many)) for name, many in values.items()},
        "what": found.what,
        "doing": told.doing,
        "ask": told.ask,
        "found": _local(found.found_at),
    }


def _local(at: int) -> str:
    """As a browser's field for a day and time has it, in London."""
    return f"{from_microseconds(at).astimezone(LONDON):%Y-%m-%dT%H:%M}"
