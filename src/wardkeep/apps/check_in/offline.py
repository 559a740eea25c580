# SPDX-License-Identifier: Apache-2.0
"""A kiosk without us: what it takes along, its own page, and what it brings back.

The warden seals the pack and the web process carries it: what opens it goes past us,
sealed for a key that the device holds in memory. What comes back is done once, by ids
that the device made; when it happened is the device's claim, and time is the server's.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import msgspec
from starlette.responses import Response

from wardkeep.apps.check_in.asking import bearer_of
from wardkeep.apps.check_in.words import Language, languages
from wardkeep.base.ids import OrganisationId
from wardkeep.disclosure.answers import Done, Refusal
from wardkeep.disclosure.check_in import (
    AskKiosk,
    AskTicket,
    CheckInAnswer,
    EndTicket,
    TicketView,
)
from wardkeep.disclosure.kiosk_packs import AskKioskPack, KioskPack, MergeCapture
from wardkeep.disclosure.purpose import Purpose
from wardkeep.fhir.arrivals.captures import (
    AnotherCaptureError,
    Became,
    Captures,
    Claim,
    became_of,
    note,
)
from wardkeep.fhir.arrivals.heard_kiosks import SPEAKS_EVERY, HeardKiosks
from wardkeep.fhir.clinics.changing import Arriving
from wardkeep.fhir.clinics.clinic import Clinic
from wardkeep.fhir.clinics.directions import Texts
from wardkeep.fhir.clinics.outcomes import CheckedIn
from wardkeep.fhir.clinics.places import Place
from wardkeep.fhir.clinics.words import (
    EARLY_MINUTES,
    LATE_MINUTES,
    Channel,
    Doer,
    ShownAs,
)
from wardkeep.fhir.store.outcomes import Opener
from wardkeep.web.ceremony import answer_refusal, answer_trouble
from wardkeep.web.gates import Gate
from wardkeep.web.kept_pages import answer_worker, read_worker
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import PublicVisit

T = TypeVar("T")

MOST_CAPTURES = 20
LONGEST_VOUCHER = 1_000
_UNKNOWN = Place(id="", name="")
_REFUSED, _DESK = "refused", "go-to-the-desk"
_ERASED = "erased"
_PASSES = frozenset(
    {
        *("ledger-cannot-write", "database-unavailable", "failed", "busy", "frozen"),
        *("not-signed-in", "asleep", "contract-spent"),
    }
)
"""Refusals that are over some time, and meet whoever comes behind as well. Any other is
about this one alone and stays: a ticket for one person does not reach what is another's
too. Who comes behind would wait for it, so it is kept, and a desk is told."""
_WORKER = read_worker(Path(__file__).parent / "static" / "kiosk_worker.js")
WORDS = (
    *("choose", "title", "born", "day", "month", "year", "family", "given"),
    *("one_more", "next", "delete", "back", "larger", "listen", "more_time", "wiping"),
    *("urgent", "desk", "unreadable", "today", "at_time", "shown_as", "by_number"),
    *("by_initials", "by_first_name", "finish", "done", "go_to", "early", "late"),
    *("cancelled", "already", "leave", "begin_again", "today_only", "number_later"),
    *("asked_later", "not_found", "waiting_area", "step_free"),
)
"""The messages that the device's own page needs."""


class AskedPack(msgspec.Struct, frozen=True, kw_only=True):
    """A key that the device made just now, and its own key's word for it."""

    point: bytes
    assertion: str


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """The pack with the names of its places, and how time is judged."""

    id: str
    organisation: int
    made_at: int
    until: int
    """Both UTC microseconds since 1970."""
    salt: bytes
    rounds: int
    box: bytes
    entries: tuple[bytes, ...]
    left: int
    places: tuple[str, ...]
    directions: tuple[Mapping[str, Texts], ...]
    """How to find each of them: `area`, `way`, `step-free`, each by language."""
    early_minutes: int = EARLY_MINUTES
    late_minutes: int = LATE_MINUTES


class Capture(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody checked in while we were not there."""

    id: UUID
    voucher: bytes
    claimed_at: float
    """Seconds since 1970."""
    shown_as: ShownAs = ShownAs.NUMBER


class Brought(msgspec.Struct, frozen=True, kw_only=True):
    """What a kiosk brings back; nothing: it only says that it is there."""

    captures: tuple[Capture, ...] = ()


class Outcomes(msgspec.Struct, frozen=True, kw_only=True):
    """What became of each capture, by its id."""

    became: Mapping[str, str]
    speak_again_seconds: float = SPEAKS_EVERY.total_seconds()


@page("/kiosk/offline", gate=Gate.KIOSK)
async def show_offline(visit: PublicVisit) -> Response:
    """The page that the device keeps for when we are gone."""
    told = [_told(one) for one in languages().values()]
    return visit.render(
        "check_in/offline.html",
        words=languages()["en"],
        at="kiosk",
        languages=tuple(languages().values()),
        told=msgspec.json.encode(told).decode(),
    )


def _told(one: Language) -> dict[str, object]:
    return {
        "code": one.code,
        "name": one.name,
        "direction": one.direction,
        "words": {key: one.messages[key] for key in WORDS},
    }


@page("/kiosk/worker.js", gate=Gate.KIOSK)
async def worker(visit: PublicVisit) -> Response:
    """The device's own script between its pages and us, for this whole address."""
    await visit.leave_nothing_unread()
    return answer_worker(_WORKER, scope="/")


@page("/kiosk/pack", gate=Gate.KIOSK, methods=("POST",))
async def ask_pack(visit: PublicVisit) -> Response:
    came = await _came(visit, AskedPack)
    if isinstance(came, Response):
        return came
    sent, session, kiosk = came
    asked = AskKioskPack(session, sent.point[:100], sent.assertion[:2000])
    pack = await visit.warden.ask(asked, KioskPack)
    if isinstance(pack, Refusal):
        return answer_refusal(visit, pack)
    opener = Opener(session=session, organisation=OrganisationId(kiosk.organisation))
    known = await visit.services[Clinic].places.all(opener=opener)
    if isinstance(known, Refusal):
        return answer_refusal(visit, known)
    return visit.answer_json(_given(pack, kiosk.organisation, known))


def _given(pack: KioskPack, organisation: int, known: Mapping[str, Place]) -> Given:
    places = [known.get(one, _UNKNOWN) for one in pack.places]
    return Given(
        id=pack.id,
        organisation=organisation,
        made_at=pack.made_at,
        until=pack.until,
        salt=pack.salt,
        rounds=pack.rounds,
        box=pack.box,
        entries=pack.entries,
        left=pack.left,
        places=tuple(one.name for one in places),
        directions=tuple(one.directions.texts for one in places),
    )


async def _came(
    visit: PublicVisit, kind: type[T]
) -> tuple[T, str, TicketView] | Response:
    """What was sent, by which token and kiosk; that it spoke is noted."""
    sent = await visit.json(kind)
    if isinstance(sent, Trouble):
        return answer_trouble(visit, sent)
    session = bearer_of(visit)
    view = await visit.warden.ask(AskKiosk(session), TicketView)
    if isinstance(view, Refusal):
        return answer_refusal(visit, view)
    await visit.services[HeardKiosks].hear(
        OrganisationId(view.organisation),
        kiosk=view.account,
        name=view.device,
        at=visit.clock.now(),
    )
    return sent, session, view


@page("/kiosk/merge", gate=Gate.KIOSK, methods=("POST",))
async def merge(visit: PublicVisit) -> Response:
    came = await _came(visit, Brought)
    if isinstance(came, Response):
        return came
    sent, session, _ = came
    became: dict[str, str] = {}
    for one in sent.captures[:MOST_CAPTURES]:
        outcome = await _merge_one(visit, session, one)
        if isinstance(outcome, Refusal):
            # It stays on the device, with those after it, and comes again.
            break
        became[str(one.id)] = outcome
    return visit.answer_json(Outcomes(became=became))


async def _merge_one(visit: PublicVisit, session: str, one: Capture) -> str | Refusal:
    """What became of it; a refusal: it cannot be said yet."""
    asked = MergeCapture(session, one.voucher[:LONGEST_VOUCHER])
    given = await visit.warden.ask(asked, CheckInAnswer)
    if isinstance(given, Refusal):
        return given
    if given.outcome == _DESK:
        return _REFUSED
    view = await visit.warden.ask(AskTicket(given.ticket), TicketView)
    if isinstance(view, Refusal):
        return view
    try:
        return await _arrive(visit, given.ticket, view, one)
    finally:
        await visit.warden.ask(EndTicket(given.ticket), Done)


async def _arrive(
    visit: PublicVisit, ticket: str, view: TicketView, one: Capture
) -> str | Refusal:
    """Into the queue, with the line of it, or the line alone; once."""
    organisation = OrganisationId(view.organisation)
    captures, now = visit.services[Captures], visit.clock.now()
    claim = Claim(
        id=one.id,
        kiosk=UUID(view.account),
        kiosk_name=view.device,
        appointment=view.appointment,
        patient=view.patient,
        claimed_at=believed(one.claimed_at, now),
    )
    try:
        known = await captures.known(organisation, one.id, view.appointment)
    except AnotherCaptureError:
        return _REFUSED
    if known is not None:
        return known.value
    places = frozenset(place.removeprefix("Location/") for place in view.places)
    came = await visit.services[Clinic].desk.arrive(
        view.appointment,
        by=Doer(view.account, Channel.OFFLINE, places),
        opener=Opener(
            session=ticket, organisation=organisation, purpose=Purpose.PATIENT_REQUEST
        ),
        arriving=Arriving(shown_as=one.shown_as),
        also=(note(organisation, claim, Became.CHECKED_IN, at=now),),
    )
    if isinstance(came, Refusal):
        if came.code in _PASSES:
            return came
        if came.code == _ERASED:
            return _REFUSED
    became = Became.NOT_ON if isinstance(came, Refusal) else became_of(came)
    if not isinstance(came, CheckedIn) and not await captures.keep(
        organisation, claim, became, at=now
    ):
        return _REFUSED
    first = await captures.known(organisation, one.id, view.appointment)
    return (first or became).value


def believed(claimed: float, now: datetime) -> datetime:
    """The device's time; ours where it says something that cannot be."""
    try:
        said = datetime.fromtimestamp(claimed, UTC)
    except (OverflowError, ValueError, OSError):
        return now
    return said if now - timedelta(days=3) < said <= now else now
