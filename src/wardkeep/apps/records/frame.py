# SPDX-License-Identifier: Apache-2.0
"""The frame of every page of a record: the banner with its alerts, and what was opened.

A section asks for what it shows and no more; the banner's own part comes with it, in
the same question to the door.
"""

import msgspec
from starlette.responses import Response

from wardkeep.apps.records.chart import Chart, build_chart
from wardkeep.care import reading
from wardkeep.care.of_patient import WRITERS, refused
from wardkeep.care.opening import opener_of
from wardkeep.care.people import banner_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.store.outcomes import NotFound, Opened, OpenedResource, Opener
from wardkeep.fhir.store.parts import OpenedParts, Part, PartReader
from wardkeep.ui.banner import Banner
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit

OF_BANNER = Part(types=("Patient", "AllergyIntolerance", "Flag"), at_most=300)
SECTIONS = (
    ("", "Summary"),
    ("problems", "Problems"),
    ("medicines", "Medicines"),
    ("allergies", "Allergies and alerts"),
    ("observations", "Observations"),
    ("results", "Results"),
    ("growth", "Growth"),
    ("visits", "Visits and stays"),
    ("documents", "Documents"),
    ("notes", "Notes"),
    ("letters", "Letters"),
    ("plans", "Risk and plans"),
    ("timeline", "Timeline"),
    ("search", "Search"),
)
"""Addresses below the patient's own, other services' among them, and their words."""


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """A page's part of a record, opened."""

    id: str
    banner: Banner
    opened: Opened
    chart: Chart
    """Of the banner's part and the page's own, together."""
    parts: tuple[tuple[OpenedResource, ...], ...]
    """The page's own parts, in the order asked."""
    is_more: tuple[bool, ...]


async def open_parts(
    visit: Visit, *parts: Part, opener: Opener | None = None
) -> Frame | Refusal | NotFound:
    """Some parts of the record that the address names, below its banner."""
    patient = visit.path("id")
    given = await visit.services[PartReader].of_patient(
        patient, (OF_BANNER, *parts), opener=opener or opener_of(visit)
    )
    if not isinstance(given, OpenedParts):
        return given
    return _frame(visit, patient, given)


def _frame(visit: Visit, patient: str, given: OpenedParts) -> Frame:
    chart = build_chart((one.type, one.id, one.text) for one in given.opened.resources)
    return Frame(
        id=patient,
        banner=banner_on(chart, visit),
        opened=given.opened,
        chart=chart,
        parts=given.parts[1:],
        is_more=given.is_more[1:],
    )


def banner_on(chart: Chart, visit: Visit) -> Banner:
    return banner_of(
        chart.patient,
        visit.clock.now().date(),
        allergies=tuple([one.words for one in chart.allergies]),
        is_free_of_known_allergies=chart.is_free_of_known_allergies,
        alerts=tuple([one.words for one in chart.alerts if one.is_current]),
    )


async def open_section(visit: Visit, *parts: Part) -> Frame | Response:
    """The same for a page that is no place to give a reason: the summary is."""
    given = await open_parts(visit, *parts)
    if isinstance(given, NotFound):
        return visit.tell(NOT_FOUND)
    if isinstance(given, Refusal):
        return refused(visit, given)
    return given


def render_section(
    visit: Visit,
    template: str,
    frame: Frame,
    *,
    section: str,
    status: int = 200,
    **more: object,
) -> Response:
    """A section's page: `records/…html` below the banner and the sections' links."""
    return visit.render(
        template,
        status=status,
        id=frame.id,
        frame=frame,
        chart=frame.chart,
        banner=frame.banner,
        opened=frame.opened,
        sections=SECTIONS,
        section=section,
        may_write=WRITERS.admits(visit.session.role),
        **more,
    )


def read_all(resources: tuple[OpenedResource, ...]) -> list[object]:
    """Resources as pages read them; what cannot be read stands as such."""
    found = (reading.read(one.type, one.id, one.text) for one in resources)
    return [one for one in found if one is not None]


def page_from(visit: Visit, *, most: int) -> int:
    """How many newer ones a page of something long leaves out."""
    asked = visit.query("from")
    return min(int(asked), most) if asked.isdecimal() and len(asked) < 7 else 0  # noqa: PLR2004 - digits of a million
