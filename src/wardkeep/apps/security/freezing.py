# SPDX-License-Identifier: Apache-2.0
"""Freezing by hand, at once and alone; releasing, with a passkey and a reason."""

from starlette.responses import Response

from wardkeep.apps.security.overview import DECIDERS, LOOKERS, containment_of
from wardkeep.disclosure.answers import Done, Passkey, Passkeys, Refusal
from wardkeep.disclosure.containment import (
    FreezeNow,
    FreezeView,
    ListDevices,
    ListPrograms,
    Programs,
    ReleaseFreeze,
)
from wardkeep.disclosure.people import (
    ListPeople,
    ListTeams,
    People,
    Teams,
)
from wardkeep.ui.format import show_microseconds
from wardkeep.web.confirming import ask_to_confirm
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

WHAT = (
    ("account", "One person"),
    ("device", "One passkey of a person"),
    ("team", "A team"),
    ("program", "One program or app"),
    ("supplier", "All support, programs and apps"),
    ("organisation", "Everybody but administrators and privacy officers"),
)
_CALLED = {
    "account": "the person",
    "team": "the team",
    "device": "the passkey",
    "program": "the program",
}
_KINDS = {"account": "a program", "app": "an app"}
LONGEST_ID = 2048
"""Hexadecimal digits: ids of passkeys have 1,023 bytes at most (WebAuthn, 6.5.1)."""
FEWEST = 8


async def _show(visit: Visit, form: Form) -> Response:
    people = await visit.warden.ask(ListPeople(visit.token), People)
    if isinstance(people, Refusal):
        return visit.refuse(people)
    teams = await visit.warden.ask(ListTeams(visit.token), Teams)
    if isinstance(teams, Refusal):
        return visit.refuse(teams)
    devices = await _devices(visit, form.values.get("account", ""))
    programs = await _programs(visit)
    problems = tuple(form.problems.values())
    mine = visit.session.account
    return visit.render(
        "security/freeze.html",
        status=422 if problems else 200,
        problems=problems,
        typed=form.values,
        what=[one for one in WHAT if programs or one[0] != "program"],
        people=[
            ("", "Choose"),
            *[
                (one.account, f"{one.display_name}, {one.role_title}")
                for one in people.people
                if not one.ended_at and one.account != mine
            ],
        ],
        teams=[("", "Choose"), *[(one.id, one.name) for one in teams.teams]],
        devices=[("", "Choose"), *map(_device, devices)],
        programs=[("", "Choose"), *programs],
    )


async def _programs(visit: Visit) -> list[tuple[str, str]]:
    """As a form names them: which kind of freeze, and of which id."""
    found = await visit.warden.ask(ListPrograms(visit.token), Programs)
    if isinstance(found, Refusal):
        return []
    return [
        (f"{one.kind} {one.id}", f"{one.name}, {_KINDS.get(one.kind, one.kind)}")
        for one in found.programs
    ]


async def _devices(visit: Visit, account: str) -> tuple[Passkey, ...]:
    """The passkeys of who was chosen; none before that."""
    if not account:
        return ()
    found = await visit.warden.ask(ListDevices(visit.token, account), Passkeys)
    return () if isinstance(found, Refusal) else found.passkeys


def _device(one: Passkey) -> tuple[str, str]:
    made, used = (show_microseconds(at) for at in (one.created_at, one.last_used_at))
    last = f"used {used}" if one.last_used_at else "never used"
    return one.credential.hex(), f"{one.label}, made {made}, {last}"


@page("/security/freeze", gate=DECIDERS)
async def show_freezing(visit: Visit) -> Response:
    account = visit.query("account")
    known = {"kind": "account", "account": account} if account else {}
    return await _show(visit, Form(known))


@page("/security/freeze", gate=DECIDERS, methods=("POST",))
async def freeze(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    question = _question(visit, form)
    if form.problems:
        return await _show(visit, form)
    given = await visit.warden.ask(question, Done)
    if isinstance(given, Refusal):
        form.reject("because", wrong=given.why.rstrip("."), mend=given.mend)
        return await _show(visit, form)
    return visit.go_to("/security?said=frozen")


def _question(visit: Visit, form: Form) -> FreezeNow:
    kind = form.choice(
        "kind", called="what to freeze", among=tuple(one for one, _ in WHAT)
    )
    target = ""
    # Whose passkey comes first: only then is there a list to choose from.
    if kind == "device" and not form.text("account", called=_CALLED["account"]):
        kind = ""
    if kind in _CALLED:
        target = form.text(kind, called=_CALLED[kind], at_most=LONGEST_ID)
    if kind == "program":
        kind, _, target = target.partition(" ")
    because = form.text("because", called="why", at_most=200)
    if because and len(because) < FEWEST:
        mend = "Say in a few words what you know."
        form.reject("because", wrong="that is too short", mend=mend)
    return FreezeNow(visit.token, kind, target, because)


async def _named(visit: Visit) -> FreezeView | Response:
    found = await containment_of(visit)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    id_ = visit.path("id")
    named = next((one for one in found.freezes if one.id == id_), None)
    return named or visit.tell(NOT_FOUND)


@page("/security/freezes/{id}", gate=LOOKERS)
async def show_releasing(visit: Visit) -> Response:
    return await _show_release(visit, Form({}))


async def _show_release(visit: Visit, form: Form) -> Response:
    one = await _named(visit)
    if isinstance(one, Response):
        return one
    problems = tuple(form.problems.values())
    return visit.render(
        "security/release.html",
        status=422 if problems else 200,
        one=one,
        problems=problems,
        reason=form.values.get("reason", ""),
    )


@page("/security/freezes/{id}", gate=LOOKERS, methods=("POST",))
async def ask_to_release(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    reason = form.text("reason", called="the reason", at_most=200)
    if reason and len(reason) < FEWEST:
        mend = "Say in a few words what you know, and how."
        form.reject("reason", wrong="that is too short", mend=mend)
    if form.problems:
        return await _show_release(visit, form)
    return await ask_to_confirm(
        visit,
        ReleaseFreeze(visit.path("id"), reason),
        back=f"/security/freezes/{visit.path('id')}",
        after="/security?said=released",
        button="Release with my passkey",
    )
