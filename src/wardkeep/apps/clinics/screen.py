# SPDX-License-Identifier: Apache-2.0
"""The waiting room's screen: who is called to which room, and nothing else.

Done means, to whoever waits: large, at once, as I chose to be called; and when it is
not live it says so, loudly. Rejected: a person's session on a public device.
"""

import base64
from binascii import Error

import msgspec
from starlette.responses import Response

from wardkeep.apps.clinics.gates import CLINIC
from wardkeep.apps.clinics.showing import clock
from wardkeep.base.ids import OrganisationId
from wardkeep.care.opening import opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.clinics.clinic import Clinic
from wardkeep.fhir.clinics.screens import Proven
from wardkeep.web.ceremony import answer_too_many, answer_trouble
from wardkeep.web.gates import Gate
from wardkeep.web.hub import Hub
from wardkeep.web.pace import Pace
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import PublicVisit, Visit
from wardkeep.web.watching import DeviceStream, Line

_LONGEST = 80
"""Of a secret."""


class Pairing(msgspec.Struct, frozen=True):
    """What a device sends to be let in."""

    code: str
    key: str
    """A P-256 point, uncompressed, in base64."""


class LetIn(msgspec.Struct, frozen=True):
    """Its secret; empty: the code is none, or ran out."""

    secret: str


class Shown(msgspec.Struct, frozen=True):
    """One who is called."""

    entry: int
    ticket: int
    room: str
    at: str
    """To the microsecond: who is called again within a minute is called again."""
    box: str


class Now(msgspec.Struct, frozen=True):
    """What the screen shows now."""

    is_let_in: bool
    called: tuple[Shown, ...]
    at: str
    late: int = 0
    """By how many minutes the clinic runs late."""


@page("/screen", gate=Gate.SCREEN)
async def show_screen(visit: PublicVisit) -> Response:
    return visit.render("clinics/screen.html")


@page("/screen/pair", gate=Gate.SCREEN, methods=("POST",))
async def pair_screen(visit: PublicVisit) -> Response:
    if not visit.services[Pace].admits(visit.address):
        return answer_too_many(visit)
    sent = await visit.json(Pairing)
    if isinstance(sent, Trouble):
        return answer_trouble(visit, sent)
    try:
        key = base64.b64decode(sent.key[:200], validate=True)
    except Error:
        key = b""
    secret = await visit.services[Clinic].screens.pair(sent.code[:40], key)
    return visit.answer_json(LetIn(secret or ""))


@page("/screen/now", gate=Gate.SCREEN, methods=("POST",))
async def show_called(visit: PublicVisit) -> Response:
    """Once: for a screen whose stream does not come through."""
    sent = await visit.json(LetIn)
    if isinstance(sent, Trouble):
        return answer_trouble(visit, sent)
    secret = sent.secret[:_LONGEST]
    proven = await visit.services[Clinic].screens.proven(secret)
    return visit.answer_json(await _now(visit, secret, proven))


@page("/live/screen", gate=Gate.SCREEN, methods=("POST",))
async def stream_called(visit: PublicVisit) -> Response:
    """The same as a line each second, and as soon as anything changes."""
    sent = await visit.json(LetIn)
    if isinstance(sent, Trouble):
        return answer_trouble(visit, sent)
    secret = sent.secret[:_LONGEST]
    proven = await visit.services[Clinic].screens.proven(secret)
    if proven is None:
        return visit.answer_json(await _now(visit, secret, None))

    async def look() -> Line:
        now = await _now(visit, secret, proven)
        return Line(msgspec.json.encode(now), is_last=not now.is_let_in)

    keys = [(proven.organisation, topic) for topic in proven.topics]
    watches = visit.services[Hub].watches
    return DeviceStream(watches, whose=proven.id, keys=keys, look=look)


async def _now(visit: PublicVisit, secret: str, screen: Proven | None) -> Now:
    """Whom a screen calls; its secret is asked for anew, whatever was known of it."""
    clinic, at = visit.services[Clinic], clock(visit.clock.now())
    called = None if screen is None else await clinic.screens.called(secret)
    if screen is None or called is None:
        return Now(is_let_in=False, called=(), at=at)
    shown = tuple(
        Shown(
            one.entry,
            one.ticket,
            one.room,
            one.at.isoformat(),
            base64.b64encode(one.box).decode(),
        )
        for one in called
    )
    late = await clinic.lateness.of(screen.organisation, screen.place)
    return Now(is_let_in=True, called=shown, at=at, late=late)


@page("/clinics/{place}/screens", gate=CLINIC)
async def show_screens(visit: Visit) -> Response:
    return await _show(visit, code="")


@page("/clinics/{place}/screens", gate=CLINIC, methods=("POST",))
async def add_screen(visit: Visit) -> Response:
    await visit.leave_nothing_unread()
    names = await visit.services[Clinic].places.names(opener=opener_of(visit))
    if isinstance(names, Refusal):
        return visit.refuse(names)
    if visit.path("place") not in names:
        return visit.tell(NOT_FOUND)
    code = await visit.services[Clinic].screens.begin(
        OrganisationId(visit.session.organisation),
        visit.path("place"),
        visit.session.account,
    )
    return await _show(visit, code=code)


@page("/clinics/{place}/screens/end", gate=CLINIC, methods=("POST",))
async def end_screen(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    place, asked = visit.path("place"), form.values.get("screen", "")
    screens = visit.services[Clinic].screens
    organisation = OrganisationId(visit.session.organisation)
    mine = await screens.of_place(organisation, place)
    if asked in {one.id for one in mine}:
        await screens.end(organisation, asked)
    return visit.go_to(f"/clinics/{place}/screens")


async def _show(visit: Visit, *, code: str) -> Response:
    clinic, opener = visit.services[Clinic], opener_of(visit)
    names = await clinic.places.names(opener=opener)
    if isinstance(names, Refusal):
        return visit.refuse(names)
    place = visit.path("place")
    if place not in names:
        return visit.tell(NOT_FOUND)
    screens = await clinic.screens.of_place(opener.organisation, place)
    return visit.render(
        "clinics/screens.html",
        place=place,
        name=names[place],
        screens=screens,
        code=code,
    )
