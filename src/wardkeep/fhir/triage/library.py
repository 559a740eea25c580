# SPDX-License-Identifier: Apache-2.0
"""Triage content that comes with Wardkeep: drafts in our own words, signed by nobody.

Each is two FHIR resources in the folder `library`: a PlanDefinition and the
Questionnaire that it asks by. None is in use before an organisation takes it into use.
"""

from functools import cache
from importlib.resources import files

from wardkeep.base.outcome import Problem
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.triage.checklist import Checklist
from wardkeep.fhir.triage.content import (
    CHECKLIST,
    STRICT_ORDER,
    Content,
    content_of,
)
from wardkeep.fhir.triage.engine import Engine
from wardkeep.fhir.triage.strict_order import StrictOrder

NAMES = ("adult-checklist", "adult-danger-signs", "child-danger-signs")
PLACES = {CHECKLIST: "adult-checklist", STRICT_ORDER: "adult-danger-signs"}
"""Under which name an organisation's own content of an engine is taken into use."""


class ContentBrokenError(Exception):
    """What comes with Wardkeep cannot be compiled; our own fault."""


@cache
def shipped(name: str) -> tuple[Resource, Resource]:
    """One of `NAMES`: its PlanDefinition and its Questionnaire."""
    folder = files(__package__) / "library"
    plan = parse((folder / f"{name}.plan.json").read_bytes())
    asked = parse((folder / f"{name}.questionnaire.json").read_bytes())
    if not isinstance(plan, Resource) or not isinstance(asked, Resource):
        raise ContentBrokenError(name)
    return plan, asked


@cache
def shipped_content(name: str) -> Content:
    """The same, compiled."""
    found = content_of(*shipped(name))
    if not isinstance(found, Content):
        raise ContentBrokenError("; ".join(str(one) for one in found))
    return found


def named_by(canonical: str) -> str:
    """Which of `NAMES` a PlanDefinition of that URL is; empty: none."""
    plans = {shipped_content(name).named.canonical: name for name in NAMES}
    return plans.get(canonical, "")


def engine_of(content: Content) -> Engine:
    """The engine that the content asks for."""
    return Checklist(content) if content.engine == CHECKLIST else StrictOrder(content)


def engine_over(plan: Resource, asked: Resource) -> Engine | tuple[Problem, ...]:
    """An engine over content from elsewhere, or what stands against it."""
    found = content_of(plan, asked)
    return engine_of(found) if isinstance(found, Content) else found
