# SPDX-License-Identifier: Apache-2.0
"""Headers that go with every message.

Two ids name it to whoever repeats or traces it; four are FHIR resources or an
identifier as base64 JSON: to which service it goes, and who sends it, from where.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from wardkeep.fhir.bars.errors import Fault, invalid, missing

Json = dict[str, Any]
REQUEST, CORRELATION = "X-Request-Id", "X-Correlation-Id"
TARGET = "NHSD-Target-Identifier"
_RESOURCES = {
    "NHSD-End-User-Organisation": "Organization",
    "NHSD-Requesting-Practitioner": "PractitionerRole",
    "NHSD-Requesting-Software": "Device",
}
LONGEST = 8_192
_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What the headers of one message say."""

    request: str
    correlation: str
    system: str
    """Of the target's identifier."""
    service: str
    """The id of the service that it goes to."""


def read_headers(headers: Mapping[bytes, str]) -> Sent | tuple[Fault, ...]:
    """Names of `headers` are in small letters. Faults name the header."""
    faults: list[Fault] = []
    ids = {}
    for name in (REQUEST, CORRELATION):
        ids[name] = _text(headers, name)
        if not ids[name]:
            faults.append(missing(f"The header {name} is needed.", name))
        elif not _ID.fullmatch(ids[name]):
            faults.append(invalid(f"{name} is no id: send a UUID.", name))
    target = _target(headers, faults)
    for name, type_ in _RESOURCES.items():
        said = _decoded(headers, name, faults)
        if said is not None and said.get("resourceType") != type_:
            faults.append(invalid(f"{name} is not a {type_}.", name))
    if faults:
        return tuple(faults)
    return Sent(
        request=ids[REQUEST],
        correlation=ids[CORRELATION],
        system=str(target.get("system", "")),
        service=str(target.get("value", "")),
    )


def _target(headers: Mapping[bytes, str], faults: list[Fault]) -> Json:
    if not _text(headers, TARGET):
        faults.append(missing(f"The header {TARGET} is needed.", TARGET))
        return {}
    said = _decoded(headers, TARGET, faults)
    if said is None:
        return {}
    parts = (said.get("system"), said.get("value"))
    if not all(isinstance(one, str) and one for one in parts):
        words = f"{TARGET} is an Identifier with a system and a value."
        faults.append(invalid(words, TARGET))
        return {}
    return said


def _decoded(
    headers: Mapping[bytes, str], name: str, faults: list[Fault]
) -> Json | None:
    """What a header says; None where it is not there or cannot be read."""
    text = _text(headers, name)
    if not text:
        return None
    if len(text) > LONGEST:
        faults.append(invalid(f"{name} is longer than {LONGEST} characters.", name))
        return None
    try:
        raw = base64.b64decode(text, validate=True)
        return msgspec.json.decode(raw, type=Json)
    except (binascii.Error, ValueError, msgspec.DecodeError, RecursionError):
        faults.append(invalid(f"{name} is not JSON as base64.", name))
        return None


def _text(headers: Mapping[bytes, str], name: str) -> str:
    return headers.get(name.lower().encode(), "").strip()


def encoded(content: Json) -> str:
    """As such a header says it."""
    return base64.b64encode(msgspec.json.encode(content)).decode()


def headers_for(sent: Sent, *, organisation: Json, software: str) -> dict[str, str]:
    """Headers of a message that goes out by itself, as a program sends it."""
    device = {
        "resourceType": "Device",
        "deviceName": [{"name": software, "type": "manufacturer-name"}],
    }
    target = {"system": sent.system, "value": sent.service}
    return {
        REQUEST: sent.request,
        CORRELATION: sent.correlation,
        TARGET: encoded(target),
        "NHSD-End-User-Organisation": encoded(organisation),
        "NHSD-Requesting-Software": encoded(device),
    }
