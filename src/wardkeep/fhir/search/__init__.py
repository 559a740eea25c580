# SPDX-License-Identifier: Apache-2.0
"""FHIR search: what a resource is found by, and what a query asks for."""

from wardkeep.fhir.search.clinical_date import clinical_date
from wardkeep.fhir.search.compartment import patients_of
from wardkeep.fhir.search.index import identifier_term, index_of
from wardkeep.fhir.search.query import Query, holds, parse_query, terms_in
from wardkeep.fhir.search.terms import (
    AllOf,
    Bound,
    Clause,
    HasId,
    HasTerm,
    Index,
    InRange,
    LacksTerm,
    LooksLike,
    Match,
    Range,
)

__all__ = [
    "AllOf",
    "Bound",
    "Clause",
    "HasId",
    "HasTerm",
    "InRange",
    "Index",
    "LacksTerm",
    "LooksLike",
    "Match",
    "Query",
    "Range",
    "clinical_date",
    "holds",
    "identifier_term",
    "index_of",
    "parse_query",
    "patients_of",
    "terms_in",
]
