# SPDX-License-Identifier: Apache-2.0
"""What a reference may say: https://hl7.org/fhir/R4/references.html."""

import re
from functools import cache

from wardkeep.fhir.model.definitions import definitions, is_resource_type

_ID = r"[A-Za-z0-9\-.]{1,64}"
_LOCAL = r"#\S*|urn:(?:uuid|oid):\S+"
_RESTFUL = re.compile(
    rf"(?P<base>https?://\S+/)?(?P<type>[A-Za-z]+)/{_ID}(?:/_history/{_ID})?"
)
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:\S+")
_CONDITIONAL = re.compile(r"(?P<type>[A-Za-z]+)\?\S+")
"""Only in transactions: `Patient?identifier=…`, resolved before anything is stored."""


@cache
def usual(targets: frozenset[str]) -> re.Pattern[str]:
    """Matches what references to these types nearly always look like."""
    names = targets or frozenset(_resource_types())
    types = "|".join(sorted(names))
    return re.compile(
        rf"(?:https?://[^\s?#]+/)?(?:{types})/{_ID}(?:/_history/{_ID})?|{_LOCAL}"
        rf"|(?:{types})\?\S+"
    )


def _resource_types() -> list[str]:
    return [name for name in definitions().types if is_resource_type(name)]


def fault_of(text: str, targets: frozenset[str]) -> str:
    """Why this is no reference to one of these types; empty where it is one."""
    if re.fullmatch(_LOCAL, text):
        return ""
    found = _RESTFUL.fullmatch(text) or _CONDITIONAL.fullmatch(text)
    if found is not None and is_resource_type(found["type"]):
        if not targets or found["type"] in targets:
            return ""
        return f"it points to a type that is none of {', '.join(sorted(targets))}"
    if _ABSOLUTE.fullmatch(text):
        return ""  # another server's address need not look like FHIR's
    return "it is not a reference"
