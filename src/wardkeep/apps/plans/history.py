# SPDX-License-Identifier: Apache-2.0
"""What a plan said, version by version, and what each of them changed.

An older version can be put back: that is a version of its own, and says so.
"""

import msgspec
from starlette.responses import Response

from wardkeep.apps.plans.opening import Found, find_plan, kind_asked, save
from wardkeep.base.differences import Piece, differing_lines
from wardkeep.care.of_patient import CHANGED, READERS, WRITERS, banner_for, whole_number
from wardkeep.care.opening import instant, me
from wardkeep.fhir.plans.kinds import Kind
from wardkeep.fhir.plans.plan import Plan
from wardkeep.fhir.store.outcomes import Conflict
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

VERSIONS_SHOWN = 10


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A version, and what it changed."""

    version: int
    plan: Plan
    changed: tuple[tuple[str, tuple[Piece, ...]], ...]
    """By the titles of sections."""
    is_first: bool


@page("/patients/{id}/plans/{kind}/history", gate=READERS)
async def show_plan_history(visit: Visit) -> Response:
    kind = kind_asked(visit)
    if isinstance(kind, Response):
        return kind
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    newest = await find_plan(visit, kind)
    if isinstance(newest, Response):
        return newest
    if newest.version == 0:
        return visit.tell(NOT_FOUND)
    found = await _versions(visit, newest)
    if isinstance(found, Response):
        return found
    return visit.render(
        "plans/history.html",
        id=visit.path("id"),
        banner=banner,
        kind=kind,
        newest=newest.version,
        steps=steps_of(kind, found),
        is_more=found[-1].version > 1,
        may_write=WRITERS.admits(visit.session.role),
    )


async def _versions(visit: Visit, newest: Found) -> list[Found] | Response:
    """The newest first, and one more than is shown, to hold the last against."""
    found = [newest]
    oldest = max(1, newest.version - VERSIONS_SHOWN)
    for version in range(newest.version - 1, oldest - 1, -1):
        one = await find_plan(visit, newest.kind, version=version)
        if isinstance(one, Response):
            return one
        found.append(one)
    return found


def steps_of(kind: Kind, found: list[Found]) -> list[Step]:
    """Each version held against the one before it; the newest first."""
    readable = [one for one in found if one.plan is not None]
    steps = []
    for one, before in zip(readable, [*readable[1:], None], strict=True):
        if one.plan is None or (before is None and one.version > 1):
            continue
        held = before.plan.sections if before is not None and before.plan else {}
        changed = [
            (
                section.title,
                differing_lines(
                    held.get(section.code, ""), one.plan.sections.get(section.code, "")
                ),
            )
            for section in kind.sections
        ]
        steps.append(
            Step(
                version=one.version,
                plan=one.plan,
                changed=tuple([part for part in changed if part[1]]),
                is_first=before is None,
            )
        )
    return steps


@page("/patients/{id}/plans/{kind}/history", gate=WRITERS, methods=("POST",))
async def restore_plan(visit: Visit) -> Response:
    """Put an older version back, if nobody wrote since the page was drawn."""
    kind = kind_asked(visit)
    if isinstance(kind, Response):
        return kind
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    older = whole_number(form.values.get("older", ""))
    newest = whole_number(form.values.get("newest", ""))
    if not 0 < older < newest:
        return visit.tell(NOT_FOUND)
    found = await find_plan(visit, kind, version=older)
    if isinstance(found, Response):
        return found
    if found.plan is None:
        return visit.tell(NOT_FOUND)
    return await _put_back(visit, kind, found.plan, (older, newest))


async def _put_back(
    visit: Visit, kind: Kind, plan: Plan, versions: tuple[int, int]
) -> Response:
    older, newest = versions
    plan = msgspec.structs.replace(
        plan,
        change=f"Version {older} was put back.",
        author=await me(visit),
        written=instant(visit),
    )
    written = await save(visit, kind, plan, version=newest)
    if isinstance(written, Conflict):
        return visit.tell(CHANGED)
    if isinstance(written, Response):
        return written
    return visit.go_to(f"/patients/{visit.path('id')}/plans?saved={kind.code}")
