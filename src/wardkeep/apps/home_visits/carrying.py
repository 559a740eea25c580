# SPDX-License-Identifier: Apache-2.0
"""The list of one's own car on the phone, for where there is no signal.

Done means, to whoever drives: one press before the shift, and for eight hours the list
opens with my passkey alone, whatever becomes of signal, page or phone. To whoever finds
the phone: bytes. What opens it is an output of the passkey that we never see
(https://www.w3.org/TR/webauthn-3/#prf-extension); we give the list for a signature,
name everybody on it in the ledger, and are asked by a voucher whether it stays.
"""

from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from starlette.responses import Response

from wardkeep.apps.home_visits.bringing_in import (
    LONGEST_WHY,
    WITHOUT_SIGNAL,
)
from wardkeep.apps.home_visits.one import LONGEST_NOTE
from wardkeep.apps.home_visits.opening import HOME, Line, Own, own_lines
from wardkeep.base.clock import microseconds_since_epoch
from wardkeep.care.colleagues import mine_of
from wardkeep.care.opening import opener_of
from wardkeep.care.people import who_is
from wardkeep.care.queue_case import STAFF
from wardkeep.care.writing import content_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.car_lists import (
    LONGEST_HOURS,
    LONGEST_NAME,
    MOST_PEOPLE,
    AskList,
    ListStanding,
    ReadSignedList,
    SignedListView,
    TakeList,
)
from wardkeep.fhir.store.carrying import CASE, FLAG, PERSON, Carrier
from wardkeep.fhir.store.outcomes import NotFound, Opened
from wardkeep.fhir.store.reading import texts_of
from wardkeep.fhir.urgent.flags import warned
from wardkeep.fhir.urgent.ringing import Ringing, ringing_in
from wardkeep.ui.format import show_date
from wardkeep.web.ceremony import answer_refusal, answer_too_many, answer_trouble
from wardkeep.web.confirming import written
from wardkeep.web.gates import Gate
from wardkeep.web.headers import starting_a_worker
from wardkeep.web.kept_pages import answer_worker, read_worker
from wardkeep.web.pace import WaitingPace
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import PublicVisit, Visit

MINE = f"{HOME}/mine"
MARGIN = timedelta(hours=1)
"""After the shift: the last visit takes longer than it should."""
WITHOUT_CAR = timedelta(hours=8)
_NOT_YET = "not-on-a-list"
"""The door's word for whom the visitor's work does not lead to just now."""
STARTS_A_WORKER = starting_a_worker("car-worker")
_WORKER = read_worker(Path(__file__).parent / "static" / "car_worker.js")


class Taking(msgspec.Struct, frozen=True):
    """What the page offers to take."""

    act: str
    """To be signed, as a page's field carries it."""
    people: int
    until: datetime


class CarriedWarning(msgspec.Struct, frozen=True):
    """A flag or special note, as whoever visits needs it."""

    kind: str
    words: str
    stops: bool


class CarriedVisit(msgspec.Struct, frozen=True, kw_only=True):
    """One visit, as the phone shows it; times are ISO 8601 in UTC."""

    entry: str
    patient: str
    number: str
    name: str
    born: str
    place: str
    telephone: str
    caller: str
    complaint: str
    words: str
    due: str
    planned: str
    state: str
    state_words: str
    warnings: tuple[CarriedWarning, ...]


class CarriedList(msgspec.Struct, frozen=True, kw_only=True):
    """What goes onto the phone.

    None of it lies there in the clear but whose it is, until when, the voucher, and the
    visits' ids.
    """

    account: str
    me: str
    car: str
    made_at: int
    until: int
    """Both milliseconds since 1970."""
    voucher: bytes
    visits: tuple[CarriedVisit, ...]
    left_out: int
    """Visits that no work of theirs leads to yet: whoever is in the second seat expects
    somebody from half an hour before the time on."""
    outcomes: tuple[tuple[str, str], ...]
    """What may come of a visit: codes and words."""
    longest_note: int = LONGEST_NOTE
    longest_why: int = LONGEST_WHY


class Asked(msgspec.Struct, frozen=True):
    """What a phone asks by."""

    voucher: bytes


def taking_of(visit: Visit, own: Own) -> Taking | None:
    """What may be taken along just now; None where there is nothing."""
    people = tuple(dict.fromkeys(one.patient for one in own.lines))[:MOST_PEOPLE]
    if not people:
        return None
    now = visit.clock.now()
    ends = [one.until + MARGIN for one in own.cars if one.until is not None]
    longest = now + timedelta(hours=LONGEST_HOURS)
    until = min(max(ends, default=now + WITHOUT_CAR), longest)
    act = TakeList(
        car=_car(own), patients=people, until=microseconds_since_epoch(until)
    )
    return Taking(written(act), len(people), until)


def _car(own: Own) -> str:
    return ", ".join(one.name for one in own.cars)[:LONGEST_NAME]


@page(f"{MINE}/pack", gate=STAFF, methods=("POST",))
async def take_list(visit: Visit) -> Response:
    """The list that the session's passkey signed for a moment ago."""
    await visit.leave_nothing_unread()
    signed = await visit.warden.ask(ReadSignedList(visit.token), SignedListView)
    if isinstance(signed, Refusal):
        return answer_refusal(visit, signed)
    me = (await mine_of(visit)).me
    own = await own_lines(visit, me)
    if isinstance(own, Refusal):
        return answer_refusal(visit, own)
    lines = [one for one in own.lines if one.patient in signed.act.patients]
    visits = []
    for line in lines:
        carried = await _carried(visit, line)
        if isinstance(carried, CarriedVisit):
            visits.append(carried)
        elif carried is not None and carried.code != _NOT_YET:
            return answer_refusal(visit, carried)
    told = CarriedList(
        account=visit.session.account,
        me=me.reference,
        car=_car(own),
        made_at=int(visit.clock.now().timestamp() * 1000),
        until=signed.act.until // 1000,
        voucher=signed.voucher,
        visits=tuple(visits),
        left_out=len(lines) - len(visits),
        outcomes=tuple((code, one.words) for code, one in WITHOUT_SIGNAL.items()),
    )
    return visit.answer_json(told)


async def _carried(visit: Visit, line: Line) -> CarriedVisit | Refusal | None:
    """One visit; None where there is no such person any more."""
    carrier = visit.services[Carrier]
    given = await carrier.take(line.patient, line.case, opener=opener_of(visit))
    if isinstance(given, Refusal):
        return given
    if isinstance(given, NotFound) or not texts_of(given.resources, PERSON):
        return None
    who = who_is(line.patient, texts_of(given.resources, PERSON)[0], visit.today)
    rung = _ringing(given)
    name = f"{who.name.family.upper()}, {who.name.given}".rstrip(", ")
    return CarriedVisit(
        entry=line.entry,
        patient=line.patient,
        number=line.number,
        name=name,
        born=f"{show_date(who.born)}{f' ({who.age})' if who.age else ''}",
        place=rung.place or who.address,
        telephone=rung.number or who.telephone,
        caller=rung.caller,
        complaint=rung.complaint,
        words=line.words,
        due=line.due.isoformat(),
        planned="" if line.planned is None else line.planned.isoformat(),
        state=str(line.state),
        state_words=line.state_words,
        warnings=_warnings(given, visit.clock.now()),
    )


def _ringing(given: Opened) -> Ringing:
    cases = texts_of(given.resources, CASE)
    return ringing_in(content_of(cases[0])) if cases else Ringing()


def _warnings(given: Opened, now: datetime) -> tuple[CarriedWarning, ...]:
    flags = [
        (one.version, content_of(one.text))
        for one in given.resources
        if one.type == FLAG
    ]
    return tuple(
        CarriedWarning(one.kind, one.words, one.stops)
        for one in warned(flags, now=now)
        if not one.is_over
    )


@page(f"{MINE}/still", gate=Gate.CAR_LIST, methods=("POST",))
async def still(visit: PublicVisit) -> Response:
    """Whether what lies on a phone is to stay; it names nobody."""
    if not visit.services[WaitingPace].admits(visit.address):
        return answer_too_many(visit)
    asked = await visit.json(Asked)
    if isinstance(asked, Trouble):
        return answer_trouble(visit, asked)
    given = await visit.warden.ask(AskList(asked.voucher[:2_000]), ListStanding)
    if isinstance(given, Refusal):
        return answer_refusal(visit, given)
    return visit.answer_json({"stays": given.stays})


@page(f"{MINE}/no-signal", gate=STAFF)
async def show_shell(visit: Visit) -> Response:
    """The page that the phone keeps for where we are not: it names nobody."""
    answer = visit.render("home_visits/no_signal.html")
    answer.headers.update(STARTS_A_WORKER)
    return answer


@page(f"{MINE}/worker.js", gate=STAFF)
async def worker(visit: Visit) -> Response:
    """The phone's own script between this page and us, for this address alone."""
    await visit.leave_nothing_unread()
    return answer_worker(_WORKER, scope=MINE)
