# SPDX-License-Identifier: Apache-2.0
"""Growth: weight, height and head circumference over age, without centile lines.

The published lines are licensed: the RCPCH's software is AGPL and its charts may not be
copied, so a plain chart is drawn and the page says what it lacks.
"""

from datetime import date

from starlette.responses import Response

from wardkeep.apps.records.frame import open_section, render_section
from wardkeep.apps.records.graphs import GROWTH, over_age
from wardkeep.care.chart import build_chart
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.search.query import terms_of
from wardkeep.fhir.store.parts import Part
from wardkeep.fhir.store.tokens import tokens_of
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

_MOST = 1_000


@page("/patients/{id}/growth", gate=Gate.SIGNED_IN)
async def show_growth(visit: Visit) -> Response:
    codes = [code for code, _ in GROWTH]
    terms = terms_of("Observation", [("code", ",".join(codes))])
    tokens = await tokens_of(visit.warden, visit.token, terms)
    if isinstance(tokens, Refusal):
        return visit.refuse(tokens)
    part = Part(types=("Observation",), at_most=_MOST, tokens=tuple(tokens))
    frame = await open_section(visit, part)
    if isinstance(frame, Response):
        return frame
    born = _day(frame.chart.patient.birth_date)
    chart = build_chart((one.type, one.id, one.text) for one in frame.parts[0])
    found = {one.key: one for one in chart.series}
    return render_section(
        visit,
        "records/growth.html",
        frame,
        section="growth",
        graphs=[
            over_age(found[code], born)
            for code in codes
            if born is not None and code in found
        ],
        is_birth_known=born is not None,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
