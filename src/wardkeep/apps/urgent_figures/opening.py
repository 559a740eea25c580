# SPDX-License-Identifier: Apache-2.0
"""Who sees figures of urgent care, and how they are had for a page."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from wardkeep.base.ids import OrganisationId
from wardkeep.fhir.urgent.figures.counting import Units, units_of
from wardkeep.fhir.urgent.figures.rows import FigureRows
from wardkeep.fhir.urgent.figures.spans import Span
from wardkeep.web.gates import Gate

Made = TypeVar("Made")
FIGURES, REPORT = "/urgent-figures", "/urgent-figures/report"
LEADS = Gate.SIGNED_IN.only("shift_lead")
"""Who sees a shift as it goes: whoever may open each of its cases."""
REPORTERS = Gate.SIGNED_IN.only("shift_lead", "administrator")
"""Who sees reports: they and whoever answers for the service, in whose report small
numbers are hidden."""


async def reckoned(
    rows: FigureRows, organisation: int, span: Span, reckon: Callable[[Units], Made]
) -> Made:
    """What a function makes of all that happened in a span.

    Beside the loop: a day of a large provider takes a third of a second.
    """
    told = await rows.happened(OrganisationId(organisation), span)
    return await asyncio.to_thread(lambda: reckon(units_of(told)))


def spanning(one: Span, other: Span) -> Span:
    """From the earlier beginning to the later end."""
    return Span(min(one.since, other.since), max(one.until, other.until))


def minutes_between(since: datetime, until: datetime) -> int:
    return int((until - since).total_seconds() // 60)
