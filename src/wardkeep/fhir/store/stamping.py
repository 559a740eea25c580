# SPDX-License-Identifier: Apache-2.0
"""Gives a resource its id, version and time, and leaves the rest as it came."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

import msgspec

from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.model.strict_json import compact_json

_HEAD = b'{"resourceType":"%b","id":"%b","meta":{"versionId":"%d","lastUpdated":"%b"'
_LEADING = frozenset(("resourceType", "id", "meta"))
_OURS = frozenset(("versionId", "lastUpdated"))
_sorted = msgspec.json.Encoder(decimal_format="number", order="sorted")


@lru_cache(maxsize=16)
def instant(moment: datetime) -> bytes:
    """A FHIR instant in UTC with milliseconds."""
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return f"{utc.isoformat(timespec='milliseconds')}Z".encode()


class Stamp(NamedTuple):
    """What the store says of a version, in its row and in its JSON."""

    type: str
    id: str
    version: int
    last_updated: datetime

    @property
    def head(self) -> bytes:
        """How the JSON of the version begins."""
        type_, id_, version, last_updated = self
        return _HEAD % (type_.encode(), id_.encode(), version, instant(last_updated))


def stamped(resource: Resource, stamp: Stamp) -> bytes:
    """The JSON of a version: id and meta are ours, the rest is its own."""
    bare = f'{{"resourceType":"{resource.type}"'.encode()
    named = b'%b,"id":"%b"' % (bare, stamp.id.encode())
    content, compact = resource.content, resource.compact
    own = content.get("meta")
    if own is None and compact.startswith(named):
        return b"%b}%b" % (stamp.head, compact[len(named) :])
    if "meta" not in content and "id" not in content and compact.startswith(bare):
        # As it is sent to be created.
        return b"%b}%b" % (stamp.head, compact[len(bare) :])
    opening = named + b',"meta":{"'
    if isinstance(own, dict) and _OURS.isdisjoint(own) and compact.startswith(opening):
        return b"%b,%b" % (stamp.head, compact[len(opening) - 1 :])
    return _rebuilt(resource, stamp)


def _rebuilt(resource: Resource, stamp: Stamp) -> bytes:
    own = resource.content.get("meta")
    meta: dict[str, object] = {
        "versionId": str(stamp.version),
        "lastUpdated": instant(stamp.last_updated).decode(),
    }
    meta |= _less(own, _OURS) if isinstance(own, dict) else {}
    head: dict[str, object] = {
        "resourceType": stamp.type,
        "id": stamp.id,
        "meta": meta,
    }
    return compact_json(head | _less(resource.content, _LEADING))


def _less(fields: dict[str, object], names: frozenset[str]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if name not in names}


def without_stamp(content: dict[str, object]) -> bytes:
    """What two versions of the same content have in common, byte for byte."""
    fields = dict(content)
    meta = fields.pop("meta", None)
    rest = _less(meta, _OURS) if isinstance(meta, dict) else {}
    return _sorted.encode(fields | ({"meta": rest} if rest else {}))
