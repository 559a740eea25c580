# SPDX-License-Identifier: Apache-2.0
"""Validation of FHIR resources; structure only so far.

Invariants, profiles and terminology become modules beside these, each answering with
problems as well, and `check` asks them in turn.
"""

from wardkeep.base.outcome import Problem
from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.validation import contained, quick, walk

__all__ = ["check"]


def check(resource: Resource) -> tuple[Problem, ...]:
    """What is wrong with the resource's structure; empty where nothing is.

    A problem's place is a FHIRPath expression, as an OperationOutcome has it.
    """
    found: tuple[Problem, ...] = ()
    if not quick.is_surely_right(resource.type, resource.content):
        found = walk.problems_in(resource.type, resource.content)
    if not found and not contained.is_surely_right(resource):
        found = contained.problems_in(resource.type, resource.content)
    return found
