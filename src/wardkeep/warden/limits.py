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
        own = self._own.get((organisation, role))
        return role.budget if own is None else own.within(role.budget)

    def set_by(self, organisation: int, role: Role) -> SetBy | None:
        """None where the product's budget holds."""
        return self._set_by.get((organisation, role))

    def remember(
        self, organisation: int, role: Role, budget: Budget, set_by: SetBy
    ) -> None:
        """It holds from the next opening on; the product's own is forgotten as such."""
        key = (organisation, role)
        if budget.within(role.budget) == role.budget:
            self._own.pop(key, None)
            self._set_by.pop(key, None)
            return
        self._own[key] = budget
        self._set_by[key] = set_by


async def keep(
    connection: Connection,
    organisation: int,
    role: Role,
    budget: Budget,
    set_by: SetBy,
) -> None:
    await connection.execute(
        "insert into warden.budget (organisation, role, soft, hard, expected, reach,"
        " asked_by, confirmed_by, set_at, prints, copies)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
        " on conflict (organisation, role) do update set soft = excluded.soft,"
        " hard = excluded.hard, expected = excluded.expected, reach = excluded.reach,"
        " asked_by = excluded.asked_by, confirmed_by = excluded.confirmed_by,"
        " set_at = excluded.set_at, prints = excluded.prints,"
        " copies = excluded.copies",
        organisation,
        role.value,
        budget.soft,
        budget.hard,
        budget.expected,
        budget.reach,
        UUID(set_by.asked),
        UUID(set_by.confirmed),
        set_by.at,
        budget.prints,
        budget.copies,
    )


async def load_all(connection: Connection) -> Limits:
    """Every organisation's, as they were set last."""
    found = Limits()
    rows = await connection.fetch(
        "select organisation, role, soft, hard, expected, reach, asked_by,"
        " confirmed_by, set_at, prints, copies from warden.budget"
    )
    for row in rows:
        role = role_named(row["role"])
        if role is None:
            continue
        budget = _budget(row, role.budget)
        set_by = SetBy(str(row["asked_by"]), str(row["confirmed_by"]), row["set_at"])
        found.remember(row["organisation"], role, budget, set_by)
    return found


def _budget(row: Row, most: Budget) -> Budget:
    """What was set before there were prints and copies says nothing of them."""
    return Budget(
        soft=row["soft"],
        hard=row["hard"],
        expected=row["expected"],
        reach=row["reach"],
        prints=most.prints if row["prints"] is None else row["prints"],
        copies=most.copies if row["copies"] is None else row["copies"],
    )
