# SPDX-License-Identifier: Apache-2.0
"""A patient's assessments: which scales, how they went, and where to begin another.

Done means: one press from the record I see the last score of each scale beside those
before it, whose half-filled ones there are, and begin one with two keys. Rejected: the
newest answers alone (a score means what it was last time), and a form for each scale
in code (a clinic writes and brings in its own).
"""

from collections.abc import Sequence

import msgspec
from markupsafe import Markup
from starlette.responses import Response

from wardkeep.apps.assessments.opening import Shelved, Whole
from wardkeep.base.ids import is_uuid, new_uuid
from wardkeep.care.of_patient import READERS, WRITERS, banner_for, refused
from wardkeep.care.opening import opener_of
from wardkeep.care.reading import moment_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.assessments.assessment import TYPE, read_assessment
from wardkeep.fhir.assessments.drafts import ASSESSMENT
from wardkeep.fhir.notes.drafts import NoteDrafts
from wardkeep.fhir.questionnaires.shelf import Kept, Shelf
from wardkeep.fhir.store.outcomes import NotFound, Opened
from wardkeep.fhir.store.reading import PatientQuery, Reader
from wardkeep.ui.charts.trend import draw_trend
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit

MOST = 200


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """A scale that was used for this patient: its newest score, and its line."""

    questionnaire: str
    title: str
    latest: Whole
    count: int
    line: Markup


@page("/patients/{id}/assessments", gate=READERS)
async def show_assessments(visit: Visit) -> Response:
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    found = await answered_by(visit)
    if isinstance(found, Response):
        return found
    opened, all_of_them = found
    offered = await visit.services[Shelf].assessments(opener=opener_of(visit))
    shelf: Sequence[Kept] = () if isinstance(offered, Refusal) else offered
    organisation, patient = opener_of(visit).organisation, visit.path("id")
    drafts = await visit.services[NoteDrafts].of_patient(
        organisation, patient, kind=ASSESSMENT
    )
    mine, thrown_away = visit.session.account, visit.query("thrown-away")
    return visit.render(
        "assessments/assessments.html",
        id=patient,
        banner=banner,
        opened=opened,
        offered=shelf,
        scales=followed(all_of_them),
        assessments=all_of_them,
        own=[one for one in drafts if one.account == mine],
        others=[one for one in drafts if one.account != mine],
        draft=new_uuid(),
        may_write=WRITERS.admits(visit.session.role),
        thrown_away=thrown_away if is_uuid(thrown_away) else "",
    )


async def answered_by(visit: Visit) -> tuple[Opened, list[Whole]] | Response:
    """All that the patient's record has answered, the newest first."""
    query = PatientQuery(patient=visit.path("id"), types=(TYPE,), at_most=MOST)
    found = await visit.services[Reader].of_patient(query, opener=opener_of(visit))
    if isinstance(found, NotFound):
        return visit.tell(NOT_FOUND)
    if isinstance(found, Refusal):
        return refused(visit, found)
    shelved = Shelved(visit)
    read = [one for it in found.resources if (one := read_assessment(it)) is not None]
    wholes = [await shelved.whole(one) for one in read]
    wholes.sort(key=lambda one: moment_of(one.one.answered), reverse=True)
    return found, wholes


def followed(wholes: Sequence[Whole]) -> list[Followed]:
    """By Questionnaire, whatever its version: what has a total, the newest first."""
    groups: dict[str, list[Whole]] = {}
    for whole in wholes:
        if whole.one.asked is None or whole.one.is_wrong or whole.result is None:
            continue
        groups.setdefault(whole.one.asked.id, []).append(whole)
    return [
        Followed(
            questionnaire=id_,
            title=group[0].title,
            latest=group[0],
            count=len(group),
            line=_line(group),
        )
        for id_, group in groups.items()
    ]


def _line(group: Sequence[Whole]) -> Markup:
    totals = [one.result.total for one in reversed(group) if one.result is not None]
    values = [one for one in totals if one is not None]
    return draw_trend(values, words=group[0].title)
