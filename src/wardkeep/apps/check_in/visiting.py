# SPDX-License-Identifier: Apache-2.0
"""The ticket's two screens: is this still right, and checked in.

A ticket is for one person and for minutes. It travels in the form, is kept nowhere on
the device, and ends with the last screen; whoever goes back finds that it is over.
"""

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus

import msgspec
from starlette.responses import Response

from wardkeep.apps.check_in.details import Detail, details_of, said_of
from wardkeep.apps.check_in.where import Where, where_of
from wardkeep.apps.check_in.words import Language, language
from wardkeep.base.clock import LONDON
from wardkeep.base.ids import OrganisationId, new_uuid
from wardkeep.base.outcome import Problem
from wardkeep.care import reading
from wardkeep.care.questions import (
    Field,
    fields_of,
    filled_in,
    is_way_in_kept_out,
)
from wardkeep.disclosure.answers import Done, Refusal
from wardkeep.disclosure.check_in import AskTicket, EndTicket, TicketView
from wardkeep.disclosure.purpose import Purpose
from wardkeep.fhir.arrivals.corrections import asks, correction
from wardkeep.fhir.clinics.changing import Arriving
from wardkeep.fhir.clinics.clinic import Clinic
from wardkeep.fhir.clinics.judging import NotNow, judge
from wardkeep.fhir.clinics.lateness import rounded
from wardkeep.fhir.clinics.outcomes import (
    AlreadyIn,
    Arrival,
    CheckedIn,
    Line,
    NoSuchAppointment,
    NotOn,
    TooEarly,
    TooLate,
    WrongDay,
    WrongSite,
)
from wardkeep.fhir.clinics.places import Place
from wardkeep.fhir.clinics.waits import waits_before
from wardkeep.fhir.clinics.words import Channel, Doer, ShownAs
from wardkeep.fhir.questionnaires.questionnaire import Questionnaire
from wardkeep.fhir.questionnaires.response import About, answered, response_of
from wardkeep.fhir.questionnaires.shelf import Kept, Shelf
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.draft import Draft, draft_of
from wardkeep.fhir.store.outcomes import Conflict, NotFound, Opener, Written
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.writing import Writer
from wardkeep.web.forms import Form
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import PublicVisit

LOOKS_AHEAD_DAYS = 14
_SHOWN_AS = {
    ShownAs.NUMBER: "by_number",
    ShownAs.INITIALS: "by_initials",
    ShownAs.FIRST_NAME: "by_first_name",
}


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds the ticket, as far as these pages know."""

    ticket: str
    view: TicketView
    words: Language
    at: str
    """`kiosk` or `phone`."""
    opener: Opener

    @property
    def doer(self) -> Doer:
        channel = Channel.KIOSK if self.at == "kiosk" else Channel.PHONE
        places = [one.removeprefix("Location/") for one in self.view.places]
        return Doer(self.view.account, channel, frozenset(places))


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the third screen asks."""

    line: Line
    lines: tuple[Line, ...]
    places: dict[str, Place]
    person: reading.Patient
    kept: Kept | None
    """The Questionnaire, where the clinic has one."""


async def holder_of(visit: PublicVisit, form: Form) -> Holder | None:
    """None where the ticket is over, or is none."""
    ticket = form.values.get("ticket", "")[:200]
    view = await visit.warden.ask(AskTicket(ticket), TicketView)
    if isinstance(view, Refusal):
        return None
    return Holder(
        ticket=ticket,
        view=view,
        words=language(form.values.get("in", "")),
        at="kiosk" if view.device else "phone",
        opener=Opener(
            session=ticket,
            organisation=OrganisationId(view.organisation),
            purpose=Purpose.PATIENT_REQUEST,
        ),
    )


def tell(
    visit: PublicVisit, words: Language, at: str, message: str, status: int = 200
) -> Response:
    """One sentence, and where to go; asked too often, it asks again by itself."""
    return visit.render(
        "check_in/told.html",
        status=status,
        words=words,
        at=at,
        message=message,
        looks_again=status == HTTPStatus.TOO_MANY_REQUESTS,
    )


async def _came(visit: PublicVisit) -> tuple[Form, Holder] | Response:
    """What was sent, and who holds the ticket in it; or that it is over."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    holder = await holder_of(visit, form)
    if holder is not None:
        return form, holder
    words = language(form.values.get("in", ""))
    at = "phone" if form.values.get("at") == "phone" else "kiosk"
    return tell(visit, words, at, words.say("over"), 403)


@page("/check-in/visit", gate=Gate.CHECK_IN, methods=("POST",))
async def show_visit(visit: PublicVisit) -> Response:
    found = await _came(visit)
    if isinstance(found, Response):
        return found
    _, holder = found
    asked = await _ask(visit, holder)
    if isinstance(asked, str):
        await _end(visit, holder)
        return tell(visit, holder.words, holder.at, asked)
    typed = {} if asked.kept is None else filled_in(asked.kept.questionnaire)
    new = {"response": new_uuid(), "correction": new_uuid(), "shown_as": "number"}
    return _draw(visit, holder, asked, {**typed, **new}, ())


async def _ask(visit: PublicVisit, holder: Holder) -> Asked | str:
    """What to ask, or what to say in its place."""
    clinic, opener, view = visit.services[Clinic], holder.opener, holder.view
    person = await visit.services[Reader].one("Patient", view.patient, opener=opener)
    places = await clinic.places.all(opener=opener)
    if isinstance(person, Refusal | NotFound) or isinstance(places, Refusal):
        return holder.words.say("desk")
    read = reading.read("Patient", view.patient, person.resources[0].text)
    if not isinstance(read, reading.Patient) or _has_died(read):
        return holder.words.say("desk")
    line, lines = await _line(visit, holder)
    if line is None:
        return holder.words.say("desk")
    now = visit.clock.now()
    others = [judge(one, holder.doer, now) for one in lines]
    not_now = judge(line, holder.doer, now)
    if not_now is not None and not line.standing.is_open and None not in others:
        return in_words(not_now, holder.words, places)
    kept = await visit.services[Shelf].asked_on_arrival(
        [one.place for one in lines], opener=opener
    )
    if isinstance(kept, Refusal):
        return holder.words.say("desk")
    return Asked(
        line=line,
        lines=lines,
        places=places,
        person=read,
        kept=kept[0] if kept and not line.standing.is_open else None,
    )


def _has_died(person: reading.Patient) -> bool:
    return bool(person.deceased_boolean or person.deceased_date_time)


async def _line(
    visit: PublicVisit, holder: Holder
) -> tuple[Line | None, tuple[Line, ...]]:
    """Today's appointment that is next, or the link's own, or one of other days."""
    clinic, opener = visit.services[Clinic], holder.opener
    patient = holder.view.patient
    lines = await clinic.desk.today_of(patient, opener=opener)
    if holder.view.appointment:
        own = await clinic.rows.one(opener.organisation, holder.view.appointment)
        is_theirs = own is not None and own.patient == patient
        return (own, lines) if is_theirs else (None, lines)
    coming = [one for one in lines if not one.standing.is_over]
    if coming or lines:
        now = visit.clock.now()
        able = [one for one in coming if judge(one, holder.doer, now) is None]
        return (able or coming or list(lines))[0], lines
    today = clinic.desk.today()
    ahead = await clinic.rows.of_patient(
        opener.organisation,
        patient,
        since=today - timedelta(days=1),
        until=today + timedelta(days=LOOKS_AHEAD_DAYS),
    )
    return (ahead[-1] if ahead else None), ()


def _draw(
    visit: PublicVisit,
    holder: Holder,
    asked: Asked,
    typed: dict[str, str],
    problems: tuple[Problem, ...],
) -> Response:
    fields: tuple[Field, ...] = ()
    if asked.kept is not None:
        code = holder.words.code
        fields = fields_of(asked.kept.questionnaire, typed, language=code)
    details: tuple[Detail, ...] = details_of(asked.person, holder.words)
    return visit.render(
        "check_in/visit.html",
        status=422 if problems else 200,
        words=holder.words,
        at=holder.at,
        ticket=holder.ticket,
        stops=[
            (_clock(one), _name(asked.places, one.place))
            for one in asked.lines or (asked.line,)
            if not one.standing.is_over
        ],
        details=details,
        fields=fields,
        shown_as=[(one.value, holder.words.say(key)) for one, key in _SHOWN_AS.items()],
        typed=typed,
        asked_as="" if asked.kept is None else _version(asked.kept),
        problems=problems,
    )


@page("/check-in/finish", gate=Gate.CHECK_IN, methods=("POST",))
async def finish(visit: PublicVisit) -> Response:
    found = await _came(visit)
    if isinstance(found, Response):
        return found
    form, holder = found
    asked = await _ask(visit, holder)
    if isinstance(asked, str):
        await _end(visit, holder)
        return tell(visit, holder.words, holder.at, asked)
    if asked.kept is not None and form.values.get("asked") != _version(asked.kept):
        return _draw_anew(visit, holder, asked, asked.kept, form)
    said = said_of(form)
    problems = _problems(form, asked.kept)
    if problems:
        return _draw(visit, holder, asked, form.values, problems)
    if not await _write(visit, holder, asked, form, said):
        return tell(visit, holder.words, holder.at, holder.words.say("unreachable"))
    return await _arrive(visit, holder, asked, form)


def _version(kept: Kept) -> str:
    """What was asked: fields are named by place, and another version has others."""
    return f"{kept.id}/{kept.stored_version}"


def _draw_anew(
    visit: PublicVisit, holder: Holder, asked: Asked, kept: Kept, form: Form
) -> Response:
    """The clinic changed its questions meanwhile: no answer becomes another one's."""
    others = {
        name: text for name, text in form.values.items() if not name.startswith("q")
    }
    changed = Problem(place="questions", wrong=holder.words.say("questions"), mend="")
    typed = {**filled_in(kept.questionnaire), **others}
    return _draw(visit, holder, asked, typed, (changed,))


@page("/check-in/leave", gate=Gate.CHECK_IN, methods=("POST",))
async def leave(visit: PublicVisit) -> Response:
    """The screen was cleared: whoever goes back finds that the ticket is over."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    ticket = form.values.get("ticket", "")[:200]
    await visit.warden.ask(EndTicket(ticket), Done)
    return Response(status_code=204)


def _problems(form: Form, kept: Kept | None) -> tuple[Problem, ...]:
    found: tuple[Problem, ...] = tuple(form.problems.values())
    if kept is not None:
        read = answered(kept.questionnaire, form.values)
        found = is_way_in_kept_out(form, read.problems)
    return found


async def _write(
    visit: PublicVisit, holder: Holder, asked: Asked, form: Form, said: dict[str, str]
) -> bool:
    """Answers and corrections, each once however often they are sent."""
    now, patient = visit.clock.now(), holder.view.patient
    drafts: list[Draft] = []
    if asked.kept is not None:
        id_ = form.values.get("response", "")
        drafts.append(_response(asked.kept.questionnaire, holder, form, id_, now_=now))
    change = Change(drafts=drafts, expected=[0] * len(drafts))
    if said:
        id_ = form.values.get("correction", "")
        made = correction(said, patient=patient, id_=id_, at=now)
        beside = asks(holder.opener.organisation, id_=id_, patient=patient, at=now)
        change = Change(
            drafts=[*drafts, draft_of(made, id_)],
            expected=[0] * (len(drafts) + 1),
            beside=(beside,),
        )
    if not change.drafts:
        return True
    done = await visit.services[Writer].write(change, opener=holder.opener)
    # What is there already came from this very form, sent twice.
    return isinstance(done, Written | Conflict)


def _response(
    questionnaire: Questionnaire, holder: Holder, form: Form, id_: str, *, now_: object
) -> Draft:
    whom = f"Patient/{holder.view.patient}"
    about = About(
        subject=whom,
        source=whom,
        authored=now_,  # type: ignore[arg-type]
        language=holder.words.code,
    )
    read = answered(questionnaire, form.values)
    return draft_of(response_of(questionnaire, read, about, id_=id_), id_)


async def _arrive(
    visit: PublicVisit, holder: Holder, asked: Asked, form: Form
) -> Response:
    chosen = form.values.get("shown_as", "")
    shown_as = ShownAs(chosen) if chosen in set(ShownAs) else ShownAs.NUMBER
    came = await visit.services[Clinic].desk.arrive(
        asked.line.appointment,
        by=holder.doer,
        opener=holder.opener,
        arriving=Arriving(shown_as=shown_as),
    )
    await _end(visit, holder)
    if isinstance(came, Refusal | NoSuchAppointment):
        return tell(visit, holder.words, holder.at, holder.words.say("desk"))
    if not isinstance(came, CheckedIn | AlreadyIn):
        message = in_words(came, holder.words, asked.places)
        return tell(visit, holder.words, holder.at, message)
    return await _done(visit, holder, asked, came)


async def _done(
    visit: PublicVisit, holder: Holder, asked: Asked, came: CheckedIn | AlreadyIn
) -> Response:
    """Where to go now, and after that; a phone goes on to a page to wait on."""
    organisation, words, places = (
        holder.opener.organisation,
        holder.words,
        asked.places,
    )
    first = came.route[0] if came.route else None
    wait = (
        None if first is None else await waiting(visit, organisation, first.appointment)
    )
    already = ""
    if isinstance(came, AlreadyIn):
        already = words.say("already", time=_time(came.at))
    mine = asked.line.appointment if first is None else first.appointment
    return visit.render(
        "check_in/done.html",
        words=words,
        at=holder.at,
        already=already,
        stops=[
            (_time(one.starts_at), _name(places, one.place), one.ticket)
            for one in came.route
        ],
        where=Where() if first is None else where_of(places.get(first.place), words),
        number=0 if first is None else first.ticket,
        wait=wait,
        onward=f"/waiting/{organisation}/{mine}?in={words.code}",
    )


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """How it stands with somebody who waits: numbers and a room, no name."""

    line: Line
    before: int
    minutes: int
    late: int
    """By how much the clinic runs late."""


async def waiting(
    visit: PublicVisit, organisation: OrganisationId, appointment: str
) -> Wait | None:
    """How many are before them, and about how long it takes."""
    clinic = visit.services[Clinic]
    line = await clinic.rows.one(organisation, appointment)
    if line is None:
        return None
    lines = await clinic.rows.of_places(organisation, [line.place], line.day)
    opener = Opener(session="", organisation=organisation)
    goes = (await clinic.desk.estimate([line.place], opener=opener))[line.place]
    to_start = (line.starts_at - visit.clock.now()).total_seconds() / 60
    minutes = max(0, round(to_start)) + goes.late_minutes
    return Wait(
        line=line,
        before=waits_before(lines, line),
        minutes=rounded(minutes),
        late=rounded(goes.late_minutes),
    )


def in_words(
    not_now: NotNow | Arrival, words: Language, places: Mapping[str, Place]
) -> str:
    """Why somebody cannot be checked in now, and what to do."""
    match not_now:
        case TooEarly():
            return words.say("early", time=_time(not_now.come_back_at))
        case TooLate():
            return words.say("late", time=_time(not_now.starts_at))
        case WrongSite():
            return words.say("wrong_place", place=_name(places, not_now.place))
        case WrongDay():
            day = not_now.starts_at.astimezone(LONDON)
            return words.say("wrong_day", day=f"{day:%d.%m.%Y}")
        case NotOn() if not_now.standing == "cancelled":
            return words.say("cancelled")
        case _:
            return words.say("desk")


async def _end(visit: PublicVisit, holder: Holder) -> None:
    await visit.warden.ask(EndTicket(holder.ticket), Done)


def _name(places: Mapping[str, Place], id_: str) -> str:
    place = places.get(id_)
    return "" if place is None else place.name


def _clock(line: Line) -> str:
    return _time(line.starts_at)


def _time(moment: object) -> str:
    return f"{moment.astimezone(LONDON):%H:%M}"  # type: ignore[attr-defined]
