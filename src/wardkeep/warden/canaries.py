# SPDX-License-Identifier: Apache-2.0
"""Canaries: patients who do not exist, known to the warden alone.

They lie among the others, with rows and keys like anybody's, and everybody's searches
find the same ones: what differed by account or query would give them away to whoever
compares two answers. No work leads to them. To be shown one in a list is nothing; to
open one closes records for the account (docs/decisions/0022-canaries.md).
"""

from collections.abc import Iterable, Sequence

import msgspec

from wardkeep.db.connection import Connection
from wardkeep.disclosure.purpose import FIND, Action

A_BLOCK = 4096
"""The sealed list is filled up to a multiple of this, so that its size tells little."""


class Canary(msgspec.Struct, array_like=True):
    """What became of one; UTC microseconds since 1970, 0 where it did not happen."""

    met_at: int = 0
    """When somebody opened it first."""
    retired_at: int = 0
    aged_at: int = 0
    """Until when it has what a patient would: from its planting on."""


_List = dict[str, Canary]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_List).decode


class SealedList(msgspec.Struct, frozen=True):
    """An organisation's canaries as the database keeps them."""

    organisation: int
    wrapped_key: bytes
    sealed: bytes


class Canaries:
    """Every organisation's canaries, by patient."""

    def __init__(self) -> None:
        self._known: dict[int, _List] = {}
        self.unsaved: set[int] = set()
        """Organisations whose list the database has not as it is here."""

    def plant(self, organisation: int, patients: Iterable[str], *, at: int) -> None:
        known = self._known.setdefault(organisation, {})
        for patient in patients:
            known.setdefault(patient, Canary(aged_at=at))
        self.unsaved.add(organisation)

    def met(
        self, organisation: int, patients: Iterable[str], action: Action
    ) -> list[str]:
        """Living canaries that an opening of these patients would open."""
        if action is FIND:
            return []
        known = self._known.get(organisation)
        if not known:
            return []
        return [one for one in patients if one in known and not known[one].retired_at]

    def note_met(self, organisation: int, patients: Iterable[str], *, at: int) -> None:
        """Write down when they were first opened."""
        known = self._known[organisation]
        for one in patients:
            known[one].met_at = known[one].met_at or at
        self.unsaved.add(organisation)

    def retire(self, organisation: int, patient: str, *, at: int) -> None:
        """Remember that there is no record of it any more."""
        self._known[organisation][patient].retired_at = at
        self.unsaved.add(organisation)

    def age(
        self, organisation: int, *, after: str, most: int, at: int
    ) -> list[tuple[str, int]]:
        """The next living ones that nobody met, each with its time before this one."""
        known = self._known.get(organisation, {})
        fit = sorted(
            patient
            for patient, one in known.items()
            if patient > after and not (one.met_at or one.retired_at)
        )
        found = [(patient, known[patient].aged_at) for patient in fit[:most]]
        for patient, _ in found:
            known[patient].aged_at = at
        if found:
            self.unsaved.add(organisation)
        return found

    def living(self, organisation: int, *, is_met_only: bool = False) -> list[str]:
        known = self._known.get(organisation, {})
        return [
            patient
            for patient, one in known.items()
            if not one.retired_at and (one.met_at or not is_met_only)
        ]

    def every(self, organisation: int) -> list[str]:
        """Those who live and those who were retired."""
        return list(self._known.get(organisation, ()))

    def retired(self, organisation: int) -> int:
        known = self._known.get(organisation, {})
        return sum(1 for one in known.values() if one.retired_at)

    def pick(self, organisation: int, patients: Iterable[str]) -> list[str]:
        """Those of the patients who are canaries, or were."""
        known = self._known.get(organisation, {})
        return [one for one in patients if one in known]

    # Kept

    def packed(self, organisation: int) -> bytes:
        """The list as bytes, to be sealed."""
        text = _encode(self._known.get(organisation, {}))
        framed = len(text).to_bytes(4, "big") + text
        return framed.ljust(-(-len(framed) // A_BLOCK) * A_BLOCK, b"\0")

    def unpack(self, organisation: int, packed: bytes) -> None:
        """Take back what `packed` made."""
        length = int.from_bytes(packed[:4], "big")
        self._known[organisation] = _decode(packed[4 : 4 + length])


_KEEP = """
insert into warden.canary_list (organisation, wrapped_key, sealed)
values ($1, $2, $3)
on conflict (organisation) do update
   set wrapped_key = excluded.wrapped_key, sealed = excluded.sealed
"""


async def keep(connection: Connection, one: SealedList) -> None:
    await connection.execute(_KEEP, one.organisation, one.wrapped_key, one.sealed)


async def load_all(connection: Connection) -> Sequence[SealedList]:
    rows = await connection.fetch(
        "select organisation, wrapped_key, sealed from warden.canary_list"
    )
    return [
        SealedList(row["organisation"], row["wrapped_key"], row["sealed"])
        for row in rows
    ]
