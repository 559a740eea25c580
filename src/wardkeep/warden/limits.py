# SPDX-License-Identifier: Apache-2.0
"""The budgets that hold: the product's, or an organisation's own where it is tighter.

An organisation only ever tightens. Whatever the database says, nobody opens more than
the product's budget for the role, and a role that opens nothing opens nothing.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from wardkeep.db.connection import Connection, Row
from wardkeep.identity.roles import Budget, Role, role_named

_NUMBERS = Budget.__struct_fields__
_ALONE = "select pg_catalog.pg_advisory_xact_lock(87, $1)"
_SELECT = (
    "select organisation, role, asked_by, confirmed_by, set_at, soft, hard, expected,"
    " reach, prints, copies, homes, sendings, sheets, others_work, own_work, own_today"
    " from warden.budget"
)
_UPSERT = """
insert into warden.budget
  (organisation, role, asked_by, confirmed_by, set_at, soft, hard, expected, reach,
   prints, copies, homes, sendings, sheets, others_work, own_work, own_today)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
on conflict (organisation, role) do update set
  asked_by = excluded.asked_by, confirmed_by = excluded.confirmed_by,
  set_at = excluded.set_at, soft = excluded.soft, hard = excluded.hard,
  expected = excluded.expected, reach = excluded.reach, prints = excluded.prints,
  copies = excluded.copies, homes = excluded.homes, sendings = excluded.sendings,
  sheets = excluded.sheets, others_work = excluded.others_work,
  own_work = excluded.own_work, own_today = excluded.own_today
"""
"""In the order of `Budget`."""


class SetBy(msgspec.Struct, frozen=True):
    """Who asked for a budget, who confirmed it, and when it began to hold."""

    asked: str
    confirmed: str
    at: datetime


class Limits:
    """Budgets by organisation and role."""

    def __init__(self) -> None:
        self._own: dict[tuple[int, Role], Budget] = {}
        self._set_by: dict[tuple[int, Role], SetBy] = {}

    def of(self, organisation: int, role: Role) -> Budget:
        return self._own.get((organisation, role), role.budget)

    def set_by(self, organisation: int, role: Role) -> SetBy | None:
        """None where the product's budget holds."""
        return self._set_by.get((organisation, role))

    def remember(
        self, organisation: int, role: Role, budget: Budget, set_by: SetBy
    ) -> None:
        """It holds from the next opening on; the product's own is forgotten as such."""
        key, held = (organisation, role), budget.within(role.budget)
        if held == role.budget:
            self._own.pop(key, None)
            self._set_by.pop(key, None)
            return
        self._own[key] = held
        self._set_by[key] = set_by


async def held_alone(connection: Connection, organisation: int, role: Role) -> Budget:
    """What the database says; nobody sets another in that organisation meanwhile."""
    await connection.execute(_ALONE, organisation)
    row = await connection.fetch_row(
        f"{_SELECT} where organisation = $1 and role = $2", organisation, role.value
    )
    return role.budget if row is None else _budget(row, role.budget)


async def keep(
    connection: Connection,
    organisation: int,
    role: Role,
    budget: Budget,
    set_by: SetBy,
) -> None:
    await connection.execute(
        _UPSERT,
        organisation,
        role.value,
        UUID(set_by.asked),
        UUID(set_by.confirmed),
        set_by.at,
        *msgspec.structs.astuple(budget),
    )


async def load_all(connection: Connection) -> Limits:
    """Every organisation's, as they were set last."""
    found = Limits()
    for row in await connection.fetch(_SELECT):
        role = role_named(row["role"])
        if role is None:
            continue
        budget = _budget(row, role.budget)
        set_by = SetBy(str(row["asked_by"]), str(row["confirmed_by"]), row["set_at"])
        found.remember(row["organisation"], role, budget, set_by)
    return found


def _budget(row: Row, most: Budget) -> Budget:
    """What was set before there was such a number says nothing of it.

    The product's holds then; of sheets as many of a hundred as of prints, which is what
    an organisation that printed less was told.
    """
    said = {name: row[name] for name in _NUMBERS if row[name] is not None}
    if "sheets" not in said and "prints" in said and most.prints:
        said["sheets"] = most.sheets * said["prints"] // most.prints
    return msgspec.structs.replace(most, **said).within(most)
