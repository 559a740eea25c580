# SPDX-License-Identifier: Apache-2.0
"""What pages of prescriptions share: who may, one patient's, and how each is saved."""

from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from wardkeep.base.ids import is_fhir_id
from wardkeep.care.chart import Chart, build_chart
from wardkeep.care.formulary import formulary
from wardkeep.care.of_patient import (
    OF_BANNER,
    WRITERS,
    banner_on,
    refused,
    whole_number,
)
from wardkeep.care.opening import me, opener_of
from wardkeep.care.stored import Json
from wardkeep.care.telling import told_at_end
from wardkeep.care.writing import NOT_SAVED, content_of, drafted
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.post.telling import Told
from wardkeep.fhir.prescriptions.formulary import SNOMED, Item
from wardkeep.fhir.prescriptions.handed_out import (
    TYPE as PACKET,
    Packet,
    packet_in,
)
from wardkeep.fhir.prescriptions.moving import after, cannot
from wardkeep.fhir.prescriptions.prescription import (
    CHECKED,
    SIGNED,
    TYPE,
    Prescription,
    Step,
    prescription_content,
    prescription_in,
)
from wardkeep.fhir.store.change import Beside, Change
from wardkeep.fhir.store.outcomes import AlreadyThere, Conflict, NotFound, Written
from wardkeep.fhir.store.parts import Part, PartReader
from wardkeep.fhir.store.writing import Writer
from wardkeep.fhir.urgent.case import TYPE as CASE
from wardkeep.fhir.work.expects import listed
from wardkeep.ui.banner import Banner, name_for_banner
from wardkeep.ui.format import show_date
from wardkeep.web.forms import Form
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

PRESCRIBERS = WRITERS.only("urgent_care_clinician", "doctor")
CHECKERS = WRITERS.only("urgent_care_clinician", "doctor", "shift_lead")
"""Who checks, prints, gives and cancels; door and warden decide all the same."""
_MEDICINES = Part(types=("MedicationRequest", "MedicationStatement"), at_most=400)
_PACKETS = Part(types=(PACKET,), at_most=200)


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A prescription as it is stored."""

    version: int
    prescription: Prescription
    content: Json


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """Who it is, what they take, and what was prescribed here, the newest first."""

    banner: Banner
    chart: Chart
    patient: Json
    kept: tuple[Kept, ...]
    packets: dict[str, Packet]
    """By their ids."""
    packet_contents: dict[str, tuple[int, Json]]
    allergy_codes: dict[str, frozenset[str]]
    """SNOMED CT's, by the AllergyIntolerance."""

    @property
    def taken(self) -> list[str]:
        """What the record says that they take now."""
        return [one.words for one in self.chart.medicines if one.is_current]


class Pressed(msgspec.Struct, frozen=True, kw_only=True):
    """A button of a page, at the version that the page showed."""

    kind: str
    opened: Opened
    kept: Kept
    form: Form
    me: Person


async def open_here(visit: Visit) -> Opened | Response:
    """All of it, of the patient in the address, in one opening."""
    given = await visit.services[PartReader].of_patient(
        visit.path("id"),
        (OF_BANNER, _MEDICINES, _PACKETS),
        opener=opener_of(visit),
    )
    if isinstance(given, NotFound):
        return visit.tell(NOT_FOUND)
    if isinstance(given, Refusal):
        return refused(visit, given)
    of_banner, medicines, packets = given.parts
    patient = next((one for one in of_banner if one.type == "Patient"), None)
    if patient is None:
        return visit.tell(NOT_FOUND)
    chart = build_chart(
        (one.type, one.id, one.text) for one in (*of_banner, *medicines)
    )
    kept = []
    for one in medicines:
        content = content_of(one.text) if one.type == TYPE else {}
        found = prescription_in(content) if content else None
        if found is not None:
            kept.append(Kept(version=one.version, prescription=found, content=content))
    stored = {one.id: (one.version, content_of(one.text)) for one in packets}
    read = [packet_in(content) for _, content in stored.values()]
    return Opened(
        banner=banner_on(chart, visit.clock.now()),
        chart=chart,
        patient=content_of(patient.text),
        kept=tuple(
            sorted(kept, key=lambda one: one.prescription.written.at, reverse=True)
        ),
        packets={one.id: one for one in read if one is not None},
        packet_contents=stored,
        allergy_codes={
            one.id: _codes(content_of(one.text))
            for one in of_banner
            if one.type == "AllergyIntolerance"
        },
    )


def _codes(content: Json) -> frozenset[str]:
    said = content.get("code")
    codings = listed(said, "coding") if isinstance(said, dict) else []
    return frozenset(
        str(one.get("code")) for one in codings if one.get("system") == SNOMED
    )


async def find(visit: Visit) -> tuple[Opened, Kept] | Response:
    """The one that the address names, of the patient there."""
    wanted = visit.path("rx")
    opened = await open_here(visit) if is_fhir_id(wanted) else visit.tell(NOT_FOUND)
    if isinstance(opened, Response):
        return opened
    for one in opened.kept:
        if one.prescription.id == wanted:
            return opened, one
    return visit.tell(NOT_FOUND)


def signature_of(one: Prescription, who: Person) -> str:
    """Which of both signatures is theirs: their own prescription's is the first."""
    is_own = who.reference == one.written.by.reference
    return SIGNED if is_own and not one.signs(SIGNED) else CHECKED


async def pressed(visit: Visit, kind: str = "") -> Pressed | Response:
    """Where it may be done now; else the page that says why not. Empty: a signature."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    found = await find(visit)
    if isinstance(found, Response):
        return found
    opened, kept = found
    if whole_number(form.values.get("version", "")) != kept.version:
        return visit.go_to(address_of(visit, kept.prescription.id, "changed"))
    who = await me(visit)
    kind = kind or signature_of(kept.prescription, who)
    why = cannot(kept.prescription, kind, who, visit.clock.now())
    if why is not None:
        return visit.tell(not_done(why.why))
    return Pressed(kind=kind, opened=opened, kept=kept, form=form, me=who)


def called(banner: Banner) -> str:
    """Who it is, where a passkey signs for something of theirs."""
    return f"{name_for_banner(banner.name)}, born {show_date(banner.born)}"


def not_done(why: str) -> Trouble:
    return Trouble(
        status=409,
        title="Nothing was done",
        why=why,
        mend="Go back and read the prescription as it is now.",
    )


async def stock_line(visit: Visit, one: Prescription) -> Item | None:
    """The line of what a base holds; stock of anything else is nobody's to give."""
    items = await formulary(visit)
    found = (it for it in items if it.is_stock and it.words == one.medicine)
    return next(found, None)


async def save(
    visit: Visit,
    changed: Sequence[tuple[Json, int]],
    form: Form | None = None,
    *,
    registers: Sequence[Beside] = (),
) -> bool | Response:
    """Write all of it, or nothing; false where somebody was quicker.

    Where a case ends with it, what the surgery is told goes along; where stock is
    given, so do entries of registers.
    """
    told = await _told(visit, [content for content, _ in changed])
    change = Change(
        drafts=[drafted(one) for one in (*(one for one, _ in changed), *told.contents)],
        expected=[*(version for _, version in changed), *(0 for _ in told.contents)],
        beside=[*told.beside, *registers],
    )
    written = await visit.services[Writer].write(change, opener=opener_of(visit))
    if isinstance(written, Refusal):
        return refused(visit, written, form)
    if isinstance(written, Written | Conflict | AlreadyThere):
        return isinstance(written, Written)
    return visit.tell(NOT_SAVED)


async def _told(visit: Visit, changed: Sequence[Json]) -> Told:
    ended = [one for one in changed if one.get("resourceType") == CASE]
    if not ended:
        return Told()
    return await told_at_end(visit, visit.path("id"), str(ended[0]["id"]), changed)


def stepped(got: Pressed, step: Step) -> tuple[Json, int]:
    """The prescription with a step more, ready to be saved."""
    one = after(got.kept.prescription, step)
    return prescription_content(one, over=got.kept.content), got.kept.version


async def save_step(
    visit: Visit,
    got: Pressed,
    step: Step,
    *,
    beside: Sequence[tuple[Json, int]] = (),
    registers: Sequence[Beside] = (),
    said: str,
) -> Response:
    """Write a step with what belongs to it, and lead on to the prescription's page."""
    done = await save(visit, [stepped(got, step), *beside], registers=registers)
    if isinstance(done, Response):
        return done
    id_ = got.kept.prescription.id
    return visit.go_to(address_of(visit, id_, said if done else "changed"))


def address_of(visit: Visit, rx: str = "", said: str = "") -> str:
    at = f"/patients/{visit.path('id')}/prescriptions" + (f"/{rx}" if rx else "")
    return f"{at}?said={said}" if said else at
