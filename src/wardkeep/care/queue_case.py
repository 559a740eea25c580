# SPDX-License-Identifier: Apache-2.0
"""One case that waits in urgent care, for every app that acts on it.

Found by its place in the queue, opened at the door, and written at its version.
"""

from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from wardkeep.base.ids import OrganisationId, is_fhir_id
from wardkeep.care.colleagues import mine_of
from wardkeep.care.of_patient import WRITERS, refused, whole_number
from wardkeep.care.opening import opener_of
from wardkeep.care.queue_setting import setting_now
from wardkeep.care.stored import Json, stored
from wardkeep.care.writing import NOT_SAVED, drafted_anew
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.store.change import Beside, Change
from wardkeep.fhir.store.draft import Draft
from wardkeep.fhir.store.outcomes import (
    AlreadyThere,
    Conflict,
    Invalid,
    Written,
)
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.taken import CASE_WAITS, SLOT_TAKEN
from wardkeep.fhir.store.writing import Writer
from wardkeep.fhir.urgent.queue_rows import EntryRow, QueueRows
from wardkeep.fhir.urgent.queueing import TYPE, Entry, entry_in
from wardkeep.fhir.urgent.steps import Step
from wardkeep.web.forms import Form
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

STAFF = WRITERS.only("urgent_care_clinician", "shift_lead")
"""Who sees the queues; the door decides all the same."""
LEADS = STAFF.only("shift_lead")
"""Who looks after every queue, gives cases to people and has those nobody reaches."""
BOARD = "/urgent-queue"
DONE, CHANGED, TAKEN, NO_SLOT = "", "changed", "taken", "no-slot"
NOBODY_YET = Trouble(
    status=409,
    title="Nobody has said which practitioner you are",
    why="A case is given to a practitioner of the record, so that others see who has"
    " it. No case was taken.",
    mend="Ask an administrator to set it under People.",
)


class _Name(msgspec.Struct, frozen=True):
    text: str = ""
    family: str = ""


class _Practitioner(msgspec.Struct, frozen=True):
    name: tuple[_Name, ...] = ()

    @property
    def words(self) -> str:
        return next((one.text or one.family for one in self.name), "")


class Here(msgspec.Struct, frozen=True, kw_only=True):
    """A place in a queue, opened."""

    entry: Entry
    """With the times that hold now: the next step takes them along. By when that is
    due, says the row."""
    version: int
    content: Json
    row: EntryRow
    """As boards have it."""


def rows(visit: Visit) -> QueueRows:
    return visit.services[QueueRows]


def organisation_of(visit: Visit) -> OrganisationId:
    return opener_of(visit).organisation


def leads(visit: Visit) -> bool:
    return LEADS.admits(visit.session.role)


def path_of(entry: str, said: str = "") -> str:
    path = f"{BOARD}/cases/{entry}"
    return f"{path}?said={said}" if said else path


class Pressed(msgspec.Struct, frozen=True, kw_only=True):
    """A form about one case, at the version that it was drawn beside."""

    here: Here
    me: Person
    form: Form


async def at_version(visit: Visit, step: Step, *, back: str) -> Pressed | Response:
    """The case as the page had it that was pressed; else the page that says how it is.

    Sent twice, it says that it was done. `back` is where that is said.
    """
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    here = await find(visit, visit.path("entry"))
    if isinstance(here, Response):
        return here
    me = (await mine_of(visit)).me
    if not me.reference:
        return visit.tell(NOBODY_YET)
    version = whole_number(form.values.get("version", ""))
    if version != here.version:
        is_next = here.version == version + 1 and bool(here.entry.did)
        last = here.entry.did[-1] if is_next else None
        is_mine = last is not None and last.by.reference == me.reference
        is_done = last is not None and last.step is step and is_mine
        return visit.go_to(f"{back}?said={step if is_done else CHANGED}")
    return Pressed(here=here, me=me, form=form)


async def find(visit: Visit, entry: str) -> Here | Response:
    """The place in a queue that an address names, opened at the door."""
    if not is_fhir_id(entry):
        return visit.tell(NOT_FOUND)
    row = await rows(visit).one(organisation_of(visit), entry)
    return visit.tell(NOT_FOUND) if row is None else await find_by(visit, row)


async def find_by(visit: Visit, row: EntryRow) -> Here | Response:
    """The same, where its row is known already."""
    found = await stored(visit, TYPE, row.entry, patient=row.patient)
    if isinstance(found, Response):
        return found
    one = entry_in(found.content)
    if one is None:
        return visit.tell(NOT_FOUND)
    # What is done from now on is done within the times that are set now.
    entry_now = msgspec.structs.replace(one, times=(await setting_now(visit)).times)
    return Here(entry=entry_now, version=found.version, content=found.content, row=row)


async def write(
    visit: Visit,
    changed: Sequence[tuple[Json, int]],
    *,
    beside: Sequence[Beside] = (),
    drafts: Sequence[Draft] = (),
    patient: str,
) -> str | Response:
    """Write content in the place of versions, all or nothing; 0: there is none yet.

    `drafts` are new, and ready.

    Empty where it is done, else `changed`, `taken` or `no-slot`.
    """
    change = Change(
        drafts=[*(drafted_anew(content) for content, _ in changed), *drafts],
        expected=[*(version for _, version in changed), *(0 for _ in drafts)],
        beside=beside,
    )
    written = await visit.services[Writer].write(change, opener=opener_of(visit))
    match written:
        case Written():
            return DONE
        case Refusal():
            return refused(visit, written, patient=patient)
        case Conflict():
            return CHANGED
        case AlreadyThere():
            return TAKEN
        case Invalid(problems=problems):
            if SLOT_TAKEN in problems:
                return NO_SLOT
            return TAKEN if CASE_WAITS in problems else visit.tell(NOT_SAVED)


async def names_of(visit: Visit, references: Sequence[str]) -> dict[str, str]:
    """What colleagues are called, by `Practitioner/x`."""
    wanted = [(kind, id_) for kind, _, id_ in map(_parted, set(references)) if id_]
    if not wanted:
        return {}
    found = await visit.services[Reader].shared(wanted, opener=opener_of(visit))
    if isinstance(found, Refusal):
        return {}
    named = {
        f"{one.type}/{one.id}": msgspec.json.decode(one.text, type=_Practitioner).words
        for one in found.resources
    }
    return {reference: name for reference, name in named.items() if name}


def _parted(reference: str) -> tuple[str, str, str]:
    return reference.partition("/")
