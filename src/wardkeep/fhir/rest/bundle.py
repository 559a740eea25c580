# SPDX-License-Identifier: Apache-2.0
"""Bundles put together from JSON that is there already: nothing is parsed again.

https://hl7.org/fhir/R4/bundle.html
"""

from collections.abc import Iterable, Sequence
from urllib.parse import urlencode

import msgspec

from wardkeep.fhir.rest.answer import etag
from wardkeep.fhir.rest.asking import Asking
from wardkeep.fhir.rest.outcome import Issue, outcome_json
from wardkeep.fhir.store.outcomes import OpenedResource
from wardkeep.fhir.store.stamping import instant

_encode = msgspec.json.Encoder().encode
MATCH, INCLUDE, OUTCOME = b"match", b"include", b"outcome"
Link = tuple[str, str]
"""(relation, URL)."""


def bundle(
    kind: str,
    entries: Iterable[bytes],
    *,
    links: Sequence[Link] = (),
    total: int | None = None,
    extra: bytes = b"",
) -> bytes:
    """A Bundle of entries that are JSON; `extra` are further members with a comma."""
    head = [b'{"resourceType":"Bundle","type":%b' % _encode(kind), extra]
    if total is not None:
        head.append(b',"total":%d' % total)
    if links:
        told = [{"relation": relation, "url": url} for relation, url in links]
        head.append(b',"link":' + _encode(told))
    inside = b",".join(entries)
    head += (b',"entry":[', inside, b"]}") if inside else (b"}",)
    return b"".join(head)


def own_address(asking: Asking) -> str:
    """What was asked for, for the link `self`."""
    return address_with(f"{asking.base}/{'/'.join(asking.parts)}", asking.query)


def address_with(address: str, pairs: Sequence[tuple[str, str]]) -> str:
    """An address that asks for these names and values."""
    asked = urlencode(pairs, safe=":,|$/", errors="surrogateescape")
    return f"{address}?{asked}" if asked else address


def search_entries(
    found: Iterable[OpenedResource], texts: Iterable[bytes], *, base: bytes, mode: bytes
) -> list[bytes]:
    """Entries of a search's answer; the texts are the resources' JSON."""
    return [
        b'{"fullUrl":"%b/%b/%b","resource":%b,"search":{"mode":"%b"}}'
        % (base, one.type.encode(), one.id.encode(), text, mode)
        for one, text in zip(found, texts, strict=True)
    ]


def outcome_entry(issues: Iterable[Issue]) -> bytes:
    told = outcome_json(issues)
    return b'{"resource":%b,"search":{"mode":"outcome"}}' % told


def response(
    status: str,
    *,
    location: str = "",
    version: int = 0,
    tag: str = "",
    last_modified: bytes = b"",
    outcome: bytes = b"",
) -> bytes:
    """The `response` member of an entry."""
    told: dict[str, object] = {"status": status}
    if location:
        told["location"] = location
    if version or tag:
        told["etag"] = tag or etag(version).decode()
    if last_modified:
        told["lastModified"] = last_modified.decode()
    if outcome:
        told["outcome"] = msgspec.Raw(outcome)
    return _encode(told)


def moment(one: OpenedResource) -> bytes:
    return instant(one.last_updated)
