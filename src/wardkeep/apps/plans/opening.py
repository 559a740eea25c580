# SPDX-License-Identifier: Apache-2.0
"""Finding a patient's plan, at its newest version or an older one, and saving one."""

import msgspec
from starlette.responses import Response

from wardkeep.care.of_patient import CHANGED, refused
from wardkeep.care.opening import opener_of
from wardkeep.care.risk import review_request
from wardkeep.care.writing import drafted
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.plans.kinds import KINDS, RISK, Kind
from wardkeep.fhir.plans.plan import Plan, id_of, plan_resource, read_plan
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.draft import draft_of
from wardkeep.fhir.store.outcomes import Conflict, NotFound, Written
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.writing import Writer
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A plan as it is stored; version 0: nobody has written one."""

    kind: Kind
    version: int = 0
    plan: Plan | None = None


def kind_asked(visit: Visit) -> Kind | Response:
    """The kind that the address names."""
    return KINDS.get(visit.path("kind")) or visit.tell(NOT_FOUND)


async def find_plan(
    visit: Visit, kind: Kind, *, version: int | None = None
) -> Found | Response:
    patient = visit.path("id")
    opened = await visit.services[Reader].one(
        kind.type, id_of(kind, patient), opener=opener_of(visit), version=version
    )
    if isinstance(opened, Refusal):
        return refused(visit, opened)
    if isinstance(opened, NotFound):
        return Found(kind=kind)
    [one] = opened.resources
    if one.patient != patient:
        return visit.tell(NOT_FOUND)
    return Found(kind=kind, version=one.version, plan=read_plan(one.text))


async def save(
    visit: Visit, kind: Kind, plan: Plan, *, version: int
) -> Written | Conflict | Response:
    """Write it in the place of that version; 0: of nothing.

    With risk goes the day on which it is looked at again, for lists.
    """
    patient = visit.path("id")
    made = plan_resource(plan, kind, patient=patient)
    drafts = [draft_of(made, id_of(kind, patient))]
    expected: list[int | None] = [version]
    if kind == RISK:
        drafts.append(drafted(review_request(patient, plan, now=visit.clock.now())))
        expected.append(None)
    written = await visit.services[Writer].write(
        Change(drafts=drafts, expected=expected), opener=opener_of(visit)
    )
    if isinstance(written, Refusal):
        return refused(visit, written)
    if isinstance(written, Written | Conflict):
        return written
    return visit.tell(CHANGED)
