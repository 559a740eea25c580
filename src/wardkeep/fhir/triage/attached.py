# SPDX-License-Identifier: Apache-2.0
"""Resources that a Library holds whole, as attachments: an upgrade changes neither."""

import base64
from collections.abc import Iterable

import msgspec

from wardkeep.fhir.model.resource import Resource

_JSON = "application/fhir+json"


class Attachment(msgspec.Struct, frozen=True):
    """One of them, as it is stored."""

    data: str = ""


def attached(resources: Iterable[Resource]) -> list[dict[str, object]]:
    """`Library.content`, byte by byte what they are."""
    return [
        {
            "contentType": _JSON,
            "title": one.type,
            "data": base64.b64encode(one.compact).decode(),
        }
        for one in resources
    ]


def raw_in(contents: Iterable[Attachment]) -> tuple[bytes, ...]:
    """The bytes of each.

    Raises:
        ValueError: one is no base64.
    """
    return tuple(base64.b64decode(one.data) for one in contents)
