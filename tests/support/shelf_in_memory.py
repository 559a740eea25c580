# SPDX-License-Identifier: Apache-2.0
"""Resources in memory in the place of the store, for pages without a server.

It holds versions and refuses stale ones, as the store does; it asks no door, so a page
that lives on it is tested for what it does with what it is given, and for that alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.types import ASGIApp

from support.asgi import FROM_OUR_PAGE, Answer, call
from support.pages import COOKIE
from wardkeep.base.ids import OrganisationId
from wardkeep.disclosure.purpose import Action, Tier
from wardkeep.fhir.bars.outgoing import DOCUMENT, Outbox, Standing
from wardkeep.fhir.notes.drafts import NoteDrafts
from wardkeep.fhir.notes.reading import NoteReader
from wardkeep.fhir.post.rows import PostRows
from wardkeep.fhir.prescriptions.formulary import Item
from wardkeep.fhir.prescriptions.schedules import Known, Schedules
from wardkeep.fhir.stock.rows import StockRows
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.outcomes import (
    Conflict,
    NotFound,
    Opened,
    OpenedResource,
    Opener,
    Written,
)
from wardkeep.fhir.store.parts import OpenedParts, Part, PartReader
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.writing import Writer
from wardkeep.fhir.urgent.call_rows import CallRow, CallRows

Json = dict[str, Any]
NOW = datetime(2026, 11, 29, 2, 0, tzinfo=UTC)
_encode = msgspec.json.Encoder(decimal_format="number").encode


class MemoryShelf:
    """What is stored, by type and id, with its version."""

    def __init__(self, *resources: Json) -> None:
        self.stored: dict[tuple[str, str], tuple[int, str, Json]] = {}
        self.actions: list[Action] = []
        for one in resources:
            self.put(one)

    def put(self, one: Json) -> None:
        key = (one["resourceType"], one["id"])
        version = self.stored.get(key, (0, "", {}))[0] + 1
        about = one.get("subject") or one.get("patient") or one.get("for") or {}
        patient = about.get("reference", "").removeprefix("Patient/")
        owner = one["id"] if key[0] == "Patient" else patient
        self.stored[key] = (version, owner, one)

    def content(self, type_: str, id_: str) -> Json:
        return self.stored[type_, id_][2]

    def of_type(self, type_: str) -> list[Json]:
        return [one for (kind, _), (_, _, one) in self.stored.items() if kind == type_]

    def opened(self, key: tuple[str, str]) -> OpenedResource:
        version, owner, content = self.stored[key]
        return OpenedResource(
            type=key[0],
            id=key[1],
            version=version,
            patient=owner,
            tier=Tier.RECORD,
            clinical_at=None,
            last_updated=NOW,
            text=_encode(content),
        )


class MemoryParts(PartReader):
    def __init__(self, shelf: MemoryShelf) -> None:
        self._shelf = shelf

    async def of_patient(
        self,
        patient: str,
        parts: Sequence[Part],
        *,
        opener: Opener,
        action: Action = Action.READ,
    ) -> OpenedParts | NotFound:
        del opener
        self._shelf.actions.append(action)
        if ("Patient", patient) not in self._shelf.stored:
            return NotFound(type="Patient", id=patient)
        own = [key for key, it in self._shelf.stored.items() if it[1] == patient]
        found = tuple(
            tuple(self._shelf.opened(key) for key in own if key[0] in part.types)
            for part in parts
        )
        whole = Opened(resources=tuple(one for part in found for one in part), entry=7)
        return OpenedParts(opened=whole, parts=found, is_more=(False,) * len(parts))


class MemoryReader(Reader):
    def __init__(self, shelf: MemoryShelf) -> None:
        self._shelf = shelf

    async def one(
        self, type_: str, id_: str, *, opener: Opener, version: int | None = None
    ) -> Opened | NotFound:
        del opener, version
        if (type_, id_) not in self._shelf.stored:
            return NotFound(type=type_, id=id_)
        return Opened(resources=(self._shelf.opened((type_, id_)),))

    async def shared(
        self, references: Sequence[tuple[str, str]], *, opener: Opener
    ) -> Opened:
        del opener
        there = [one for one in references if one in self._shelf.stored]
        return Opened(resources=tuple(map(self._shelf.opened, there)))


class MemoryShared(NoteReader):
    def __init__(self, shelf: MemoryShelf) -> None:
        self._shelf = shelf

    async def shared(self, type_: str, *, opener: Opener) -> list[OpenedResource]:
        del opener
        return [
            self._shelf.opened(key) for key in self._shelf.stored if key[0] == type_
        ]


class MemoryWriter(Writer):
    def __init__(self, shelf: MemoryShelf) -> None:
        self._shelf = shelf

    async def write(self, change: Change, *, opener: Opener) -> Written | Conflict:
        """All of it, or nothing where a version is stale."""
        del opener
        for draft, expected in zip(change.drafts, change.expected, strict=True):
            key = (draft.type, draft.id)
            version = self._shelf.stored.get(key, (0, "", {}))[0]
            if expected is not None and expected != version:
                return Conflict(type=key[0], id=key[1], version=version)
        for draft in change.drafts:
            self._shelf.put(msgspec.json.decode(_encode(draft.resource.content)))
        return Written(references=(), last_updated=NOW)


class NoDrafts(NoteDrafts):
    """No form has a draft."""

    def __init__(self) -> None:
        """It needs nothing."""

    async def look(self, organisation: OrganisationId, id_: str) -> None:
        del organisation, id_


class MemoryCalls(CallRows):
    """One open call, which Ann has."""

    def __init__(self, case: str, patient: str) -> None:
        self._row = CallRow(case, patient, NOW, "ann", "open")

    async def one(self, organisation: OrganisationId, case: str) -> CallRow | None:
        del organisation
        return self._row if case == self._row.case else None


class NothingSent(Outbox):
    """No message went out."""

    def __init__(self) -> None:
        """It needs nothing."""

    async def standing(
        self, organisation: OrganisationId, about: str
    ) -> tuple[Standing, ...]:
        del organisation, about
        return ()


class NoPost(PostRows):
    """No surgery was told of anything."""

    def __init__(self) -> None:
        """It needs nothing."""

    async def of_case(
        self, organisation: OrganisationId, case: str, *, kind: str = DOCUMENT
    ) -> None:
        del organisation, case, kind


class NoRegister(StockRows):
    """No place keeps a register yet."""

    def __init__(self) -> None:
        """It needs nothing."""

    async def is_kept(self, organisation: OrganisationId, item: str) -> bool:
        del organisation, item
        return False

    async def of_source(self, organisation: OrganisationId, source: str) -> list[Any]:
        del organisation, source
        return []


class PlainSchedules(Schedules):
    """Nothing was said of any medicine but what its line says."""

    def __init__(self) -> None:
        """It needs nothing."""

    async def known(self, organisation: OrganisationId) -> dict[bytes, list[Known]]:
        del organisation
        return {}

    async def remember(
        self, organisation: OrganisationId, items: Iterable[Item], *, now: datetime
    ) -> None:
        del organisation, items, now


def services_on(shelf: MemoryShelf) -> list[object]:
    return [
        MemoryParts(shelf),
        MemoryReader(shelf),
        MemoryShared(shelf),
        MemoryWriter(shelf),
        NoDrafts(),
        MemoryCalls("amber-case", "amber"),
        NothingSent(),
        NoPost(),
        NoRegister(),
        PlainSchedules(),
    ]


async def get(app: ASGIApp, path: str) -> Answer:
    return await call(app, "GET", path, headers=COOKIE)


async def post(app: ASGIApp, path: str, fields: Mapping[str, str]) -> Answer:
    headers = {
        **COOKIE,
        **FROM_OUR_PAGE,
        "sec-fetch-mode": "navigate",
        "content-type": "application/x-www-form-urlencoded",
    }
    return await call(
        app, "POST", path, headers=headers, body=urlencode(fields).encode()
    )
