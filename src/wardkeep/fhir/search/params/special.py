# SPDX-License-Identifier: Apache-2.0
"""Parameters that stand apart: `_id`, and those that are refused by name, with why.

https://hl7.org/fhir/R4/search.html#all. A refusal is never silence: a filter that is
left out widens what is disclosed.
"""

from wardkeep.base.ids import is_fhir_id
from wardkeep.base.outcome import Problem
from wardkeep.fhir.search.terms import HasId, Match, SearchParameter, bad_value

ID = "_id"
REFUSED = {
    "_content": "full text is encrypted, and no index of it is kept",
    "_text": "full text is encrypted, and no index of it is kept",
    "_filter": "this server does not read the filter language",
    "_query": "this server has no named queries",
    "near": "this server keeps no index of places",
    "age": "FHIR R4 does not say what it looks at",
    "birthOrderBoolean": "FHIR R4 does not say what it looks at",
}


def query_id(
    parameter: SearchParameter, _modifier: str, text: str
) -> tuple[Match, ...] | Problem:
    if not is_fhir_id(text):
        return bad_value(parameter, "Write an id.")
    return (HasId(text),)


def refuse(code: str, why: str) -> Problem:
    return Problem(
        place=code, wrong=f"it is not served: {why}", mend="Search without it."
    )
