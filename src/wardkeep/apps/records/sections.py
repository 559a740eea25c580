# SPDX-License-Identifier: Apache-2.0
"""The sections of a record, each at an address of its own, each opening its own part.

Done means: a link to a patient's results is a link to the results, and a page of a
record with 5,000 entries costs what it shows. Rejected: one long page (half a second
of server time, and everything disclosed to whoever wanted the allergies), and tabs
that a script fills (nothing to link to, nothing to print).
"""

import msgspec
from starlette.responses import Response

from wardkeep.apps.records.frame import (
    Frame,
    open_section,
    page_from,
    read_all,
    render_section,
)
from wardkeep.apps.records.graphs import over_time
from wardkeep.apps.records.seen import MARK, reports_of, unseen_of
from wardkeep.base.ids import is_fhir_id
from wardkeep.care import reading
from wardkeep.care.chart import BY_WORDS, build_chart
from wardkeep.care.depots import beside, depots_in
from wardkeep.care.due import due_in
from wardkeep.care.observations import news2_chart, news2_latest, trends
from wardkeep.care.opening import opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.depots.codes import CODE, SYSTEM
from wardkeep.fhir.search.query import Query, parse_query, terms_in
from wardkeep.fhir.store.parts import Part
from wardkeep.fhir.store.token_map import token_map
from wardkeep.fhir.store.tokens import tokens_of
from wardkeep.ui.charts.news2 import draw_news2
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit

_MANY = 400
_OBSERVATIONS, _SERIES, _VISITS, _DOCUMENTS, _LINES = 240, 1_000, 60, 60, 100
_MEDICINES = ("MedicationRequest", "MedicationStatement")
_DEPOT_DOSES = ("MedicationAdministration", "code", f"{SYSTEM}|{CODE}")
_HAPPENINGS = (
    *("Encounter", "Condition", "Procedure", "DocumentReference", "MedicationRequest"),
    *("DiagnosticReport", "Immunization", "Appointment", "MedicationDispense"),
    *("Composition", "QuestionnaireResponse"),
)
MOST_SKIPPED = 20_000
_LONGEST_KEY = 64


@page("/patients/{id}/problems", gate=Gate.SIGNED_IN)
async def show_problems(visit: Visit) -> Response:
    return await _plain(visit, "problems", Part(types=("Condition",), at_most=_MANY))


@page("/patients/{id}/medicines", gate=Gate.SIGNED_IN)
async def show_medicines(visit: Visit) -> Response:
    frame = await open_section(visit, Part(types=_MEDICINES, at_most=_MANY))
    if isinstance(frame, Response):
        return frame
    depots = depots_in(frame.parts[0], visit.today)
    return render_section(
        visit,
        "records/medicines.html",
        frame,
        section="medicines",
        depots=depots,
        medicines=beside(frame.chart.medicines, depots),
        is_more=any(frame.is_more),
    )


@page("/patients/{id}/allergies", gate=Gate.SIGNED_IN)
async def show_allergies(visit: Visit) -> Response:
    return await _plain(visit, "allergies")


async def _plain(visit: Visit, section: str, *parts: Part) -> Response:
    frame = await open_section(visit, *parts)
    if isinstance(frame, Response):
        return frame
    return render_section(
        visit,
        f"records/{section}.html",
        frame,
        section=section,
        is_more=any(frame.is_more),
    )


@page("/patients/{id}/observations", gate=Gate.SIGNED_IN)
async def show_observations(visit: Visit) -> Response:
    conditions = Part(types=("Condition",), at_most=_MANY)
    skipped = page_from(visit, most=MOST_SKIPPED)
    frame = await open_section(
        visit,
        conditions,
        Part(types=("Observation",), at_most=_OBSERVATIONS, skip=skipped),
        Part(types=("ServiceRequest",), at_most=_VISITS),
    )
    if isinstance(frame, Response):
        return frame
    chart = frame.chart
    drawn = news2_chart(chart)
    return render_section(
        visit,
        "records/observations.html",
        frame,
        section="observations",
        news2=draw_news2(drawn) if drawn else None,
        news2_table=drawn,
        news2_latest=news2_latest(chart),
        due=due_in(read_all(frame.parts[2])),
        said=visit.query("done"),
        paging=_paging(frame, 1, skipped, _OBSERVATIONS),
    )


class Paging(msgspec.Struct, frozen=True, kw_only=True):
    """Where the newer and the older ones begin; None: there are none."""

    newer: int | None
    older: int | None


def _paging(frame: Frame, part: int, skipped: int, size: int) -> Paging:
    return Paging(
        newer=max(0, skipped - size) if skipped else None,
        older=skipped + size if frame.is_more[part] else None,
    )


@page("/patients/{id}/results", gate=Gate.SIGNED_IN)
async def show_results(visit: Visit) -> Response:
    frame = await open_section(
        visit,
        Part(types=("DiagnosticReport",), at_most=_VISITS),
        Part(types=(MARK,), at_most=_MANY),
        Part(types=("Observation",), at_most=_OBSERVATIONS * 2),
    )
    if isinstance(frame, Response):
        return frame
    reports = reports_of([*frame.parts[0], *frame.parts[1]])
    unseen = unseen_of(reports, visit.clock.now())
    return render_section(
        visit,
        "records/results.html",
        frame,
        section="results",
        reports=[one for one in reports if one not in unseen],
        unseen=unseen,
        trends=trends(frame.chart.series),
        just_seen=(visit.query("seen"), visit.query("version")),
        is_more=frame.is_more[2],
    )


@page("/patients/{id}/results/series/{key}", gate=Gate.SIGNED_IN)
async def show_series(visit: Visit) -> Response:
    """One kind of measurement, as a graph and as a table."""
    key = visit.path("key")
    if not is_fhir_id(key) or len(key) > _LONGEST_KEY:
        return visit.tell(NOT_FOUND)
    tokens = await _tokens_of_code(visit, key)
    if isinstance(tokens, Refusal):
        return visit.refuse(tokens)
    part = Part(types=("Observation",), at_most=_SERIES, tokens=tokens)
    frame = await open_section(visit, part)
    if isinstance(frame, Response):
        return frame
    found = [
        one
        for one in build_chart((r.type, r.id, r.text) for r in frame.parts[0]).series
        if one.key == key
    ]
    if not found:
        return visit.tell(NOT_FOUND)
    return render_section(
        visit,
        "records/series.html",
        frame,
        section="results",
        graphs=[over_time(one) for one in found],
        is_more=any(frame.is_more),
    )


async def _tokens_of_code(visit: Visit, key: str) -> tuple[int, ...] | Refusal | None:
    """What finds a code among the patient's rows; None where words alone name it."""
    query = parse_query("Observation", [("combo-code", key)])
    if key.startswith(BY_WORDS) or not isinstance(query, Query):
        return None
    found = await tokens_of(visit.warden, visit.token, list(terms_in(query)))
    return found if isinstance(found, Refusal) else tuple(found)


@page("/patients/{id}/visits", gate=Gate.SIGNED_IN)
async def show_visits(visit: Visit) -> Response:
    return await _paged(
        visit, "visits", Part(types=("Encounter", "Appointment"), at_most=_VISITS)
    )


@page("/patients/{id}/documents", gate=Gate.SIGNED_IN)
async def show_documents(visit: Visit) -> Response:
    return await _paged(
        visit, "documents", Part(types=("DocumentReference",), at_most=_DOCUMENTS)
    )


@page("/patients/{id}/timeline", gate=Gate.SIGNED_IN)
async def show_timeline(visit: Visit) -> Response:
    """With the doses of depots; a ward's rounds would hide all else, and are not."""
    tokens = await token_map(visit.warden, opener_of(visit), [_DEPOT_DOSES])
    if isinstance(tokens, Refusal):
        return visit.refuse(tokens)
    doses = Part(
        types=(*_HAPPENINGS, _DEPOT_DOSES[0]),
        at_most=_LINES,
        tokens=(tokens[_DEPOT_DOSES],),
        narrowed=(_DEPOT_DOSES[0],),
    )
    return await _paged(visit, "timeline", doses)


async def _paged(visit: Visit, section: str, part: Part) -> Response:
    skipped = page_from(visit, most=MOST_SKIPPED)
    frame = await open_section(visit, msgspec.structs.replace(part, skip=skipped))
    if isinstance(frame, Response):
        return frame
    read = read_all(frame.parts[0])
    return render_section(
        visit,
        f"records/{section}.html",
        frame,
        section=section,
        appointments=[one for one in read if isinstance(one, reading.Appointment)],
        paging=_paging(frame, 0, skipped, part.at_most),
    )
