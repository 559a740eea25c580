# SPDX-License-Identifier: Apache-2.0
"""Referring a patient to a team: one form, from the patient's page or from a letter.

Sent twice it is there once: the page gave the referral its id.
"""

from collections.abc import Sequence
from datetime import date

import msgspec
from starlette.responses import Response

from wardkeep.apps.referrals.opening import (
    REFERRERS,
    Me,
    address_of,
    all_teams,
    banner_and_teams,
    save,
    who_am_i,
)
from wardkeep.apps.referrals.showing import known_to
from wardkeep.base.ids import is_fhir_id, new_uuid
from wardkeep.care import reading
from wardkeep.care.of_patient import refused
from wardkeep.care.opening import instant, opener_of
from wardkeep.care.sent_twice import USED_BEFORE
from wardkeep.care.writing import content_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.referrals.teams import Team
from wardkeep.fhir.store.outcomes import Conflict, NotFound, Written
from wardkeep.fhir.store.parts import Part, PartReader
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.work.expects import Content
from wardkeep.fhir.work.referral import (
    TYPE,
    Done,
    Priority,
    Referral,
    referral_content,
)
from wardkeep.fhir.work.referral_steps import Step
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

LONGEST_ASKED, LONGEST_REASON = 300, 4000
DOCUMENTS = 20
_DOCUMENT = "document-"
_SAME = (
    *("subject", "priority", "code", "requester", "performer"),
    *("reasonCode", "extension", "supportingInfo"),
)
"""What a referral says besides its steps."""


class Document(msgspec.Struct, frozen=True):
    """One that may go along, by reference."""

    reference: str
    words: str
    when: str


@page("/patients/{id}/referrals/new", gate=REFERRERS)
async def show_new_referral(visit: Visit) -> Response:
    return await _show(visit, Form({"which": new_uuid()}))


@page("/patients/{id}/referrals/new", gate=REFERRERS, methods=("POST",))
async def write_referral(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    which = form.values.get("which", "")
    if not is_fhir_id(which):
        return visit.tell(NOT_FOUND)
    me = await who_am_i(visit)
    referral = await _typed(visit, form, me)
    if isinstance(referral, Response):
        return referral
    content = sent_content(visit, referral, me, which, patient=visit.path("id"))
    written = await save(visit, (content, 0))
    if isinstance(written, Refusal):
        return refused(visit, written, form)
    if isinstance(written, Trouble):
        return visit.tell(written)
    return await told(visit, written, content)


async def told(visit: Visit, written: Written | Conflict, content: Content) -> Response:
    """Where it is; a conflict: the form was sent before, and the first one stands."""
    patient = str(content["subject"]["reference"]).partition("/")[2]
    address = address_of(patient, str(content["id"]))
    if isinstance(written, Written):
        return visit.go_to(f"{address}?said=sent")
    wrong = await unless_first(visit, content)
    return wrong or visit.go_to(f"{address}?said=already")


async def unless_first(visit: Visit, content: Content) -> Response | None:
    """None where what was sent first asks the same; later steps are in it as well."""
    opened = await visit.services[Reader].one(
        TYPE, str(content["id"]), opener=opener_of(visit)
    )
    if isinstance(opened, Refusal):
        return visit.refuse(opened)
    first = {} if isinstance(opened, NotFound) else content_of(opened.resources[0].text)
    is_same = all(first.get(name) == content.get(name) for name in _SAME)
    return None if is_same else visit.tell(USED_BEFORE)


async def _typed(visit: Visit, form: Form, me: Me) -> Referral | Response:
    """The referral; else the form again, or why not."""
    teams = await all_teams(visit)
    if isinstance(teams, Response):
        return teams
    documents = await _documents(visit)
    if isinstance(documents, Response):
        return documents
    referral = read_form(visit, form, teams, requester=me.person)
    if referral is None:
        return await _show(visit, form)
    chosen = [one for one in documents if form.values.get(_DOCUMENT + one.reference)]
    along = tuple(Person(one.reference, one.words) for one in chosen)
    return msgspec.structs.replace(referral, documents=along)


def read_form(
    visit: Visit,
    form: Form,
    teams: dict[str, Team],
    *,
    requester: Person,
    received: date | None = None,
) -> Referral | None:
    """What was typed; None where something is wrong with it."""
    active = tuple(one.id for one in teams.values() if one.is_active)
    team = form.choice("team", called="the team", among=active)
    priority = form.choice("priority", called="how urgent", among=tuple(Priority))
    asked = form.text("asked", called="what is asked for", at_most=LONGEST_ASKED)
    reason = form.text("reason", called="the reason", at_most=LONGEST_REASON)
    if form.problems:
        return None
    return Referral(
        team=teams[team].person,
        requester=requester,
        priority=Priority(priority),
        asked=asked,
        reason=reason,
        received=received or visit.today,
    )


def sent_content(
    visit: Visit, referral: Referral, me: Me, which: str, *, patient: str
) -> Content:
    """It as a new resource's content."""
    sent = Done(step=Step.SEND, at=instant(visit), by=me.person)
    return referral_content(referral, id_=which, patient=patient, sent=sent)


async def _documents(visit: Visit) -> Sequence[Document] | Response:
    """The newest documents of the record."""
    part = Part(types=("DocumentReference",), at_most=DOCUMENTS)
    given = await visit.services[PartReader].of_patient(
        visit.path("id"), (part,), opener=opener_of(visit)
    )
    if isinstance(given, Refusal):
        return refused(visit, given)
    if isinstance(given, NotFound):
        return visit.tell(NOT_FOUND)
    found = []
    for one in given.parts[0]:
        read = reading.read(one.type, one.id, one.text)
        if isinstance(read, reading.DocumentReference):
            words = read.description or read.type.words or "Document"
            found.append(Document(f"DocumentReference/{one.id}", words, read.date))
    return found


async def _show(visit: Visit, form: Form) -> Response:
    both = await banner_and_teams(visit)
    if isinstance(both, Response):
        return both
    banner, teams = both
    documents = await _documents(visit)
    if isinstance(documents, Response):
        return documents
    problems = tuple(form.problems.values())
    return visit.render(
        "referrals/write.html",
        status=422 if problems else 200,
        id=visit.path("id"),
        banner=banner,
        teams=[one for one in teams.values() if one.is_active],
        known=await known_to(visit, visit.path("id"), teams),
        documents=documents,
        typed=form.values,
        problems=problems,
    )
