# SPDX-License-Identifier: Apache-2.0
"""Formats and preferences: https://hl7.org/fhir/R4/http.html#mime-type and #ops.

JSON only: XML is refused by name, because a server that answers in another format than
was asked for is taken for broken.
"""

from wardkeep.fhir.rest.answer import Answer
from wardkeep.fhir.rest.asking import FORM, Asking
from wardkeep.fhir.rest.outcome import told

_JSON_NAMES = frozenset(
    {"json", "text/json", "application/json", "application/fhir+json", "*/*", ""}
)
_JSON_TYPES = _JSON_NAMES | {"application/*", "text/*", "application/json+fhir"}
PATCH_TYPES = frozenset({"application/json-patch+json"})
_VERSION = "4.0"
PRETTY = "_pretty"
FORMAT = "_format"


def refused_format(asking: Asking) -> Answer | None:
    """406 where no answer in JSON is wanted."""
    accept = asking.header(b"accept")
    wanted = (
        [name for key, name in asking.query if key == FORMAT]
        if (asking.has_query)
        else []
    )
    if wanted:
        # A plus sign that was not escaped arrives as a space.
        is_json = all(_name(one.replace(" ", "+")) in _JSON_NAMES for one in wanted)
    else:
        is_json = not accept or any(_is_served(one) for one in accept.split(","))
    if is_json:
        return None
    return told(
        406, "not-supported", "This server answers in JSON: application/fhir+json."
    )


def _is_served(accepted: str) -> bool:
    if _name(accepted) not in _JSON_TYPES:
        return False
    _, found, version = accepted.partition("fhirVersion=")
    return not found or version.strip(' "').startswith(_VERSION)


def refused_body(
    asking: Asking, *, also: frozenset[str] = frozenset()
) -> Answer | None:
    """415 where the body is said to be something else than JSON."""
    name = _name(asking.header(b"content-type"))
    if name in _JSON_NAMES - {"*/*"} or name in also or name == "application/json+fhir":
        return None
    return told(415, "not-supported", "This server reads JSON: application/fhir+json.")


def is_form(asking: Asking) -> bool:
    return _name(asking.header(b"content-type")) == FORM


def _name(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()


def preference(asking: Asking, name: str) -> str:
    """One value of the Prefer header (RFC 7240); empty where it says nothing."""
    for one in asking.header(b"prefer").replace(";", ",").split(","):
        key, _, value = one.strip().partition("=")
        if key.lower() == name:
            return value.strip().strip('"').lower()
    return ""
