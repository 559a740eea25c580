# SPDX-License-Identifier: Apache-2.0
"""Finding a patient's depot schedules with their doses, and saving what changed."""

from collections.abc import Iterable, Sequence

import msgspec
from starlette.responses import Response

from wardkeep.base.ids import is_fhir_id
from wardkeep.care.chart import build_chart
from wardkeep.care.keeping import Keeping, finish, resume
from wardkeep.care.kept_forms import KeptForm
from wardkeep.care.of_patient import (
    OF_BANNER,
    WRITERS,
    banner_on,
    refused,
    whole_number,
)
from wardkeep.care.opening import opener_of
from wardkeep.care.writing import NOT_SAVED, content_of, drafted, drafted_anew
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.purpose import Action
from wardkeep.fhir.depots.codes import CODE, SYSTEM
from wardkeep.fhir.depots.dose import (
    TYPE as DOSE,
    WRONG,
    Dose,
    dose_content,
    read_dose,
)
from wardkeep.fhir.depots.schedule import (
    TYPE,
    Entry,
    Schedule,
    flag_content,
    read_schedule,
    schedule_content,
)
from wardkeep.fhir.store.change import MUST_NOT_EXIST, Change
from wardkeep.fhir.store.outcomes import (
    Conflict,
    NotFound,
    OpenedResource,
    Opener,
    Written,
)
from wardkeep.fhir.store.parts import Part, PartReader
from wardkeep.fhir.store.token_map import token_map
from wardkeep.fhir.store.writing import Writer
from wardkeep.fhir.work.expects import Content
from wardkeep.ui.banner import Banner
from wardkeep.web.forms import Form
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

GIVERS = WRITERS.but("carer", "health_advisor", "urgent_care_clinician")
"""Who sees the list, gives, and writes schedules."""
_SCHEDULES, _DOSES = 60, 600
MOST_ENTRIES = 500
FULL = Trouble(
    status=409,
    title="This schedule has no room for more entries",
    why=f"A schedule holds {MOST_ENTRIES} entries.",
    mend="Stop it and begin a new one; its history stays readable.",
)
OVER = Trouble(
    status=409,
    title="This schedule is stopped",
    why="Nothing more is due by it, so nothing was saved.",
    mend="Read on its page why. Taking the stop back lets it go on.",
)
_ASKED = ((TYPE, "code", f"{SYSTEM}|{CODE}"), (DOSE, "code", f"{SYSTEM}|{CODE}"))


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule as it is stored, with its doses by their entry."""

    version: int
    schedule: Schedule
    doses: dict[str, "Kept"]
    content: Content
    """As it is stored: what other software wrote beside ours stays."""


class Kept(msgspec.Struct, frozen=True):
    """A dose as it is stored."""

    version: int
    dose: Dose
    content: Content


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """Who it is, and all schedules, those that go on first, the soonest first."""

    banner: Banner
    depots: tuple[Found, ...]
    entry: int
    granted_at: int


async def open_depots(
    visit: Visit,
    patient: str,
    *,
    opener: Opener,
    action: Action = Action.READ,
) -> Opened | Refusal | NotFound:
    """One opening: the banner, the schedules and their doses."""
    tokens = await token_map(visit.warden, opener, _ASKED)
    if isinstance(tokens, Refusal):
        return tokens
    parts = (
        OF_BANNER,
        Part(types=(TYPE,), at_most=_SCHEDULES, tokens=(tokens[_ASKED[0]],)),
        Part(types=(DOSE,), at_most=_DOSES, tokens=(tokens[_ASKED[1]],)),
    )
    given = await visit.services[PartReader].of_patient(
        patient, parts, opener=opener, action=action
    )
    if isinstance(given, Refusal | NotFound):
        return given
    of_banner, schedules, doses = given.parts
    if not any(one.type == "Patient" for one in of_banner):
        return NotFound(type="Patient", id=patient)
    chart = build_chart((one.type, one.id, one.text) for one in of_banner)
    return Opened(
        banner=banner_on(chart, visit.clock.now()),
        depots=tuple(found_in(schedules, doses)),
        entry=given.opened.entry,
        granted_at=given.opened.granted_at,
    )


def found_in(
    schedules: Sequence[OpenedResource], doses: Iterable[OpenedResource]
) -> list[Found]:
    """Schedules with their doses; those that go on first, the soonest first."""
    of_schedule: dict[str, dict[str, Kept]] = {}
    for one in doses:
        content = content_of(one.text)
        dose = read_dose(content)
        if dose is not None:
            kept = Kept(one.version, dose[1], content)
            of_schedule.setdefault(dose[0], {})[dose[1].entry] = kept
    found = []
    for one in schedules:
        content = content_of(one.text)
        schedule = read_schedule(content)
        if schedule is not None:
            found.append(
                Found(
                    version=one.version,
                    schedule=schedule,
                    doses=of_schedule.get(one.id, {}),
                    content=content,
                )
            )
    return sorted(found, key=_order)


def _order(one: Found) -> tuple[bool, int]:
    days = one.schedule.due.toordinal()
    return one.schedule.ended is not None, days if one.schedule.ended is None else -days


async def depots_of(visit: Visit) -> Opened | Response:
    """Of the patient in the address."""
    given = await open_depots(visit, visit.path("id"), opener=opener_of(visit))
    if isinstance(given, Refusal):
        return refused(visit, given)
    return visit.tell(NOT_FOUND) if isinstance(given, NotFound) else given


async def find_depot(visit: Visit) -> tuple[Opened, Found] | Response:
    """The one that the address names, of the patient there."""
    opened = await depots_of(visit)
    if isinstance(opened, Response):
        return opened
    wanted = visit.path("depot")
    for one in opened.depots:
        if one.schedule.id == wanted:
            return opened, one
    return visit.tell(NOT_FOUND)


async def begun(
    visit: Visit, form: KeptForm
) -> tuple[Opened, Found, Keeping] | Response:
    """What a form about the depot is drawn from, and its draft."""
    found = await find_depot(visit)
    if isinstance(found, Response):
        return found
    opened, one = found
    if one.schedule.ended is not None:
        return visit.tell(OVER)
    keeping = await resume(visit, form, note=one.schedule.id, based_on=one.version)
    return keeping if isinstance(keeping, Response) else (opened, one, keeping)


async def sent(visit: Visit) -> tuple[Opened, Found, Form] | Response:
    """A form about the depot, and what it is about."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    if not is_fhir_id(form.values.get("which", "")):
        return visit.tell(NOT_FOUND)
    found = await find_depot(visit)
    return found if isinstance(found, Response) else (*found, form)


async def save(
    visit: Visit,
    schedule: Schedule,
    *,
    over: Found | None,
    form: Form,
    dose: Dose | None = None,
    struck: Kept | None = None,
) -> Written | Conflict | Response:
    """A schedule in the place of `over`, its alert, and a dose: or nothing.

    `dose` is a new one; `struck` one that was stored and was an error.
    """
    made = schedule_content(schedule, over=None if over is None else over.content)
    drafts = [
        drafted(made),
        drafted(flag_content(schedule, now=visit.clock.now())),
    ]
    expected: list[int | None] = [MUST_NOT_EXIST if over is None else over.version]
    expected.append(None)
    if dose is not None:
        drafts.append(drafted(dose_content(dose, schedule)))
        expected.append(MUST_NOT_EXIST)
    if struck is not None:
        drafts.append(drafted_anew({**struck.content, "status": WRONG}))
        expected.append(struck.version)
    written = await visit.services[Writer].write(
        Change(drafts=drafts, expected=expected), opener=opener_of(visit)
    )
    if isinstance(written, Refusal):
        return refused(visit, written, form)
    if isinstance(written, Written | Conflict):
        return written
    return visit.tell(NOT_SAVED)


async def unless_open(
    visit: Visit, one: Found, form: Form, *, is_last: bool = False
) -> Response | None:
    """None where the form may be stored; sent twice, it was stored already.

    `is_last`: it ends the schedule, for which there is always room.
    """
    schedule = one.schedule
    if schedule.has(form.values["which"]):
        await finish(visit, form)
        return visit.go_to(f"{address_of(visit, schedule.id)}?said=already")
    if schedule.ended is not None:
        return visit.tell(OVER)
    is_full = len(schedule.entries) >= MOST_ENTRIES and not is_last
    return visit.tell(FULL) if is_full else None


def is_as_drawn(one: Found, form: Form) -> bool:
    """Whether the form was drawn from the version that is stored."""
    return whole_number(form.values.get("version", "")) == one.version


def with_entry(schedule: Schedule, entry: Entry) -> Schedule:
    return msgspec.structs.replace(schedule, entries=(*schedule.entries, entry))


def address_of(visit: Visit, depot: str = "") -> str:
    below = f"/{depot}" if depot else ""
    return f"/patients/{visit.path('id')}/depots{below}"
