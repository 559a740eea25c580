# SPDX-License-Identifier: Apache-2.0
"""Plans on paper: those that were written here, and what was agreed together.

What is over, or was an error, is left out: a sheet is read as what holds now.
"""

from collections.abc import Sequence

import msgspec

from wardkeep.fhir.assessments.talks import TYPE, Action, Talk, read_talk
from wardkeep.fhir.plans import plan as plans
from wardkeep.fhir.plans.kinds import KINDS as PLANS, Kind
from wardkeep.fhir.plans.plan import id_of, read_plan
from wardkeep.fhir.store.outcomes import OpenedResource
from wardkeep.ui.format import show_date, show_moment


class Plan(msgspec.Struct, frozen=True):
    """A risk assessment, a safety or care plan, or what was agreed, in full."""

    title: str
    who: str
    parts: tuple[tuple[str, str], ...]
    """Heading and words, those that are empty left out."""


def planned_in(resources: Sequence[OpenedResource]) -> tuple[Plan, ...]:
    """In the order in which pages show them."""
    read = [read_talk(one) for one in resources if one.type == TYPE]
    talks = [one for one in read if one is not None and one.is_active]
    talks.sort(key=lambda one: one.when, reverse=True)
    return (*_plans_in(resources), *map(_agreed, talks))


def _agreed(one: Talk) -> Plan:
    actions = "\n".join(map(_action, one.actions))
    return Plan(
        title=f"Agreed together: {one.subject}",
        who=f"{one.author.words}, {show_moment(one.when)}",
        parts=(*one.told, *([("Agreed", actions)] if actions else [])),
    )


def _action(one: Action) -> str:
    until = f", until {show_date(one.by.isoformat())}" if one.by else ""
    return f"{one.words} ({one.who.words}{until})"


def _plans_in(resources: Sequence[OpenedResource]) -> tuple[Plan, ...]:
    """Those that were made here, in the order in which pages show them."""
    shown = []
    for kind in PLANS.values():
        for one in resources:
            if one.type == kind.type and one.id == id_of(kind, one.patient or ""):
                plan = read_plan(one.text)
                if plan is not None and not plan.is_withdrawn:
                    shown.append(_plan(kind, plan))
    return tuple(shown)


def _plan(kind: Kind, plan: plans.Plan) -> Plan:
    written = f"{plan.author.display}, {show_moment(plan.written)}"
    review = show_date(plan.review.isoformat())
    return Plan(
        title=kind.title,
        who=f"{written}. Made with: {plan.agreed}. To be looked at again by {review}.",
        parts=tuple(
            (one.title, plan.sections[one.code])
            for one in kind.sections
            if plan.sections.get(one.code)
        ),
    )
