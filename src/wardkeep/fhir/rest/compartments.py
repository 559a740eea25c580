# SPDX-License-Identifier: Apache-2.0
"""Compartments as clauses: whatever refers to a resource in one of the listed ways.

https://hl7.org/fhir/R4/compartmentdefinition.html
"""

from wardkeep.base.outcome import Problem
from wardkeep.fhir.model.definitions import definitions
from wardkeep.fhir.search.parameters import TYPES, search_parameter
from wardkeep.fhir.search.terms import Clause, HasId, Match


def has_compartment(type_: str) -> bool:
    return type_ in definitions().compartments


def types_in(compartment: str) -> tuple[str, ...]:
    """The types that may be in such a compartment, by name."""
    return tuple(sorted(definitions().compartments[compartment]))


def within(compartment: str, id_: str, type_: str) -> Clause | None:
    """The clause that a resource is in it; None where the type never is."""
    codes = definitions().compartments[compartment].get(type_)
    if codes is None:
        return None
    found: dict[Match, None] = {}
    if type_ == compartment and "{def}" in codes:
        found[HasId(id_)] = None
    for code in codes:
        parameter = search_parameter(type_, code)
        if parameter is None or parameter.type != "reference":
            continue
        matches = TYPES["reference"].query(parameter, "", f"{compartment}/{id_}")
        if not isinstance(matches, Problem):
            found.update(dict.fromkeys(matches))
    if type_ == compartment:
        found[HasId(id_)] = None
    return Clause("_compartment", tuple(found))
