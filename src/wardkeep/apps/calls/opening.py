# SPDX-License-Identifier: Apache-2.0
"""What pages of calls share: who may, whose case it is, and how it is written anew."""

from collections.abc import Callable, Sequence

import msgspec
from starlette.responses import Response

from wardkeep.base.ids import derived_uuid
from wardkeep.base.time_of_day import in_london, time_of_day
from wardkeep.care.of_patient import CHANGED, refused
from wardkeep.care.opening import me, opener_of
from wardkeep.care.writing import NOT_SAVED, content_of, drafted, drafted_anew
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.store.change import Beside, Change
from wardkeep.fhir.store.draft import Draft
from wardkeep.fhir.store.outcomes import (
    AlreadyThere,
    Conflict,
    Invalid,
    NotFound,
    Written,
)
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.taken import CASE_WAITS
from wardkeep.fhir.store.writing import Writer
from wardkeep.fhir.urgent.call_rows import CallRow, CallRows
from wardkeep.fhir.urgent.case import (
    MISTAKE,
    TYPE,
    Case,
    Content,
    case_content,
    case_in,
)
from wardkeep.web.forms import Form
from wardkeep.web.gates import Gate
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

ADVISORS = Gate.SIGNED_IN.only("health_advisor")
ANSWERERS = Gate.SIGNED_IN.only("health_advisor", "urgent_care_clinician", "shift_lead")
"""Who answers calls; the door decides all the same."""
ENDED = Trouble(
    status=409,
    title="This call has ended",
    why="Somebody said how it ended, so nothing of it was changed.",
    mend="Open the call and read it as it is now.",
)
_PERSON = "Practitioner/"
TRIES = 3


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A case as it is stored."""

    case: Case
    content: Content
    version: int
    is_mine: bool
    """Whether the visitor answered it, or went on with it."""


NOT_YOURS = Trouble(
    status=409,
    title="You do not have this call",
    why="Whoever speaks with the caller asks them, so nothing was saved.",
    mend="Go on with the call first, or ask your colleague.",
)


def rows(visit: Visit) -> CallRows:
    return visit.services[CallRows]


def address_of(patient: str, case: str, below: str = "") -> str:
    """Where a call is read, or a page below it."""
    return f"/patients/{patient}/calls/{case}" + (f"/{below}" if below else "")


def here(visit: Visit, below: str = "") -> str:
    """The same of the call in the address."""
    return address_of(visit.path("id"), visit.path("case"), below)


def why_opened(row: CallRow) -> str:
    """The reason for what its own call taker opens; the case has all the rest."""
    at = time_of_day(row.began)
    return f"Their call, answered at {at} on {in_london(row.began):%-d %B}"


async def own_practitioner(visit: Visit) -> str:
    """The id of the Practitioner who the visitor is; empty: nobody said."""
    return (await me(visit)).reference.removeprefix(_PERSON)


async def case_here(visit: Visit) -> Stored | Response:
    """The case in the address, where it is this patient's.

    Whoever has it on the telephone opens it, and the patient, for that reason; others
    by what else explains it.
    """
    organisation = opener_of(visit).organisation
    row = await rows(visit).one(organisation, visit.path("case"))
    if row is None or row.patient != visit.path("id"):
        return visit.tell(NOT_FOUND)
    own = await own_practitioner(visit)
    is_mine = bool(own) and row.taker == own
    if is_mine and row.state == "open":
        visit.reason = why_opened(row)
    found = await read_case(visit, row.case)
    if isinstance(found, Response):
        return found
    if found.case.status == MISTAKE and found.case.moved:
        return await _moved(visit, found.case)
    return msgspec.structs.replace(found, is_mine=is_mine)


async def read_case(
    visit: Visit, id_: str, *, version: int | None = None
) -> Stored | Response:
    """A case by its id, opened at the door; as it is, or as it was."""
    opened = await visit.services[Reader].one(
        TYPE, id_, opener=opener_of(visit), version=version
    )
    if isinstance(opened, Refusal):
        return refused(visit, opened)
    if isinstance(opened, NotFound):
        return visit.tell(NOT_FOUND)
    [one] = opened.resources
    content = content_of(one.text)
    case = case_in(content)
    if case is None:
        return visit.tell(NOT_FOUND)
    return Stored(case=case, content=content, version=one.version, is_mine=False)


async def _moved(visit: Visit, case: Case) -> Response:
    """It went on in the record of whoever it is about."""
    organisation = opener_of(visit).organisation
    row = await rows(visit).one(organisation, case.moved.partition("/")[2])
    if row is None:
        return visit.tell(NOT_FOUND)
    return visit.go_to(address_of(row.patient, row.case))


async def open_case(visit: Visit) -> Stored | Response:
    """The same, to be changed: it has not ended."""
    found = await case_here(visit)
    if isinstance(found, Response) or found.case.is_open:
        return found
    return visit.tell(ENDED)


async def own_case(visit: Visit) -> Stored | Response:
    """The same, of whoever has it on the telephone: they write what the caller says.

    A case of which nobody said who answered is anybody's who may open it.
    """
    found = await open_case(visit)
    if isinstance(found, Response) or found.is_mine:
        return found
    return visit.tell(NOT_YOURS) if found.case.taker.reference else found


def triage_id(case: str, version: int) -> str:
    """Of the triage that is written with an end; `version`: the case's before it."""
    return derived_uuid("call-triage", case, str(version))


def case_draft(case: Case, stored: Stored | None = None) -> Draft:
    """It, ready for the store."""
    if stored is None:
        return drafted(case_content(case))
    return drafted_anew(case_content(case, stored.content))


async def write(
    visit: Visit,
    drafts: Sequence[Draft],
    expected: Sequence[int | None],
    form: Form | None = None,
    *,
    beside: Sequence[Beside] = (),
) -> Response | None:
    """Write all of it, or nothing; None once it is stored.

    `form` is what was sent, and is sent again where the passkey is asked for first.
    """
    change = Change(drafts=drafts, expected=expected, beside=beside)
    written = await visit.services[Writer].write(change, opener=opener_of(visit))
    match written:
        case Written():
            return None
        case Refusal():
            return refused(visit, written, form)
        case Conflict() | AlreadyThere():
            return visit.tell(CHANGED)
        case Invalid(problems=problems):
            return visit.tell(ENDED if CASE_WAITS in problems else NOT_SAVED)


async def keep_beside(
    visit: Visit, stored: Stored, note: Callable[[Case], Case]
) -> Response | None:
    """What a neighbour said, with the case, whatever else was written meanwhile."""
    for _ in range(TRIES):
        kept = note(stored.case)
        if kept == stored.case:
            return None
        change = Change(drafts=[case_draft(kept, stored)], expected=[stored.version])
        written = await visit.services[Writer].write(change, opener=opener_of(visit))
        if not isinstance(written, Conflict):
            return None
        now = await _where_it_is(visit)
        if isinstance(now, Response):
            return now
        stored = now
    return None


async def _where_it_is(visit: Visit) -> Stored | Response:
    """The case as it is now, also where it went on meanwhile."""
    found = await read_case(visit, visit.path("case"))
    if isinstance(found, Response) or not found.case.moved:
        return found
    return await read_case(visit, found.case.moved.partition("/")[2])
