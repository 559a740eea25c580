# SPDX-License-Identifier: Apache-2.0
"""The frame of every page of a record: the banner with its alerts, and what was opened.

A section asks for what it shows and no more; the banner's own part comes with it, in
the same question to the door.
"""

import msgspec
from starlette.responses import Response

from wardkeep.care import reading
from wardkeep.care.chart import Chart, build_chart
from wardkeep.care.of_patient import OF_BANNER, WRITERS, banner_on, refused
from wardkeep.care.opening import opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.store.outcomes import NotFound, Opened, OpenedResource, Opener
from wardkeep.fhir.store.parts import OpenedParts, Part, PartReader
from wardkeep.ui.banner import Banner
from wardkeep.web.compressed import compressed
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """A page's part of a record, opened."""

    id: str
    banner: Banner
    opened: Opened
    chart: Chart
    """Of the banner's part, and as a rule of the page's own."""
    parts: tuple[tuple[OpenedResource, ...], ...]
    """The page's own parts, in the order asked."""
    is_more: tuple[bool, ...]


async def open_parts(
    visit: Visit,
    *parts: Part,
    opener: Opener | None = None,
    is_charted: bool = True,
) -> Frame | Refusal | NotFound:
    """Some parts of the record that the address names, below its banner.

    Where they are not charted, the chart is the banner's alone: to chart 5,000 entries
    that nobody shows takes longer than to open them.
    """
    patient = visit.path("id")
    given = await visit.services[PartReader].of_patient(
        patient, (OF_BANNER, *parts), opener=opener or opener_of(visit)
    )
    if not isinstance(given, OpenedParts):
        return given
    return _frame(visit, patient, given, is_charted=is_charted)


def _frame(
    visit: Visit, patient: str, given: OpenedParts, *, is_charted: bool
) -> Frame:
    charted = given.opened.resources if is_charted else given.parts[0]
    chart = build_chart((one.type, one.id, one.text) for one in charted)
    now = visit.clock.now()
    alerts = tuple(one for one in chart.alerts if one.has_begun(now))
    chart = msgspec.structs.replace(chart, alerts=alerts)
    return Frame(
        id=patient,
        banner=banner_on(chart, now),
        opened=given.opened,
        chart=chart,
        parts=given.parts[1:],
        is_more=given.is_more[1:],
    )


async def open_section(
    visit: Visit, *parts: Part, is_charted: bool = True
) -> Frame | Response:
    """The same for a page that is no place to give a reason: the summary is."""
    given = await open_parts(visit, *parts, is_charted=is_charted)
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
    page = visit.render(
        template,
        status=status,
        id=frame.id,
        frame=frame,
        chart=frame.chart,
        banner=frame.banner,
        opened=frame.opened,
        section=section,
        may_write=WRITERS.admits(visit.session.role),
        **more,
    )
    return compressed(page, visit.request)


def read_all(resources: tuple[OpenedResource, ...]) -> list[object]:
    """Resources as pages read them; what cannot be read stands as such."""
    found = (reading.read(one.type, one.id, one.text) for one in resources)
    return [one for one in found if one is not None]


def page_from(visit: Visit, *, most: int) -> int:
    """How many newer ones a page of something long leaves out."""
    asked = visit.query("from")
    return min(int(asked), most) if asked.isdecimal() and len(asked) < 7 else 0  # noqa: PLR2004 - digits of a million
