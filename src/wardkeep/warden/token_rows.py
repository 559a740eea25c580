# SPDX-License-Identifier: Apache-2.0
"""What a rotation of the search-token key reads and writes in the database.

Functions of the schema's owner give and take tokens (`0025_token_rotation.sql`): no
body, no name, and no right to change a version in its place.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from wardkeep.db.connection import Connection, Row
from wardkeep.warden.token_keys import TokenPhase

EVERY_TURN = 32_767
"""Above all that there are."""


class TokenRow(NamedTuple):
    """A version with what it is found by."""

    type: int
    id: bytes
    version: int
    turn: int
    tokens: list[int]
    ranges: list[int] | None
    """In threes: a token, a low and a high end."""


class ResourcePlace(NamedTuple):
    """Where a pass over what is current goes on."""

    type: int = -1
    id: bytes = b""


class HistoryPlace(NamedTuple):
    """Where a pass over what was replaced lately goes on."""

    superseded_at: datetime = datetime(1, 1, 2, tzinfo=UTC)
    type: int = -1
    id: bytes = b""
    version: int = 0


class Portion(NamedTuple):
    """The next rows: how many were looked at, those that are due, where to go on."""

    seen: int
    due: list[TokenRow]
    place: ResourcePlace | HistoryPlace


async def portion(
    connection: Connection,
    organisation: int,
    place: ResourcePlace | HistoryPlace,
    *,
    below: int,
    at_most: int,
) -> Portion | None:
    """The next rows behind a place, due where their turn is below; None at the end."""
    if isinstance(place, ResourcePlace):
        rows = await connection.fetch(
            "select * from record.token_rows($1, $2, $3, $4, $5)",
            organisation,
            below,
            *place,
            at_most,
        )
    else:
        rows = await connection.fetch(
            "select * from record.token_history($1, $2, $3, $4, $5, $6, $7)",
            organisation,
            below,
            *place,
            at_most,
        )
    if not rows:
        return None
    last = rows[-1]
    after = type(place)(**{name: last[name] for name in place._fields})
    due = [_row(one) for one in rows if one["tokens"] is not None]
    return Portion(len(rows), due, after)


def _row(row: Row) -> TokenRow:
    return TokenRow(**{name: row[name] for name in TokenRow._fields})


async def put(
    connection: Connection,
    organisation: int,
    pairs: Sequence[tuple[TokenRow, TokenRow]],
) -> int:
    """Put new tokens in the place of the old; how many were still those."""
    found: int = await connection.fetch_value(
        "select record.put_tokens($1, $2, $3, $4, $5, $6, $7, $8)",
        organisation,
        [old.type for old, _ in pairs],
        [old.id for old, _ in pairs],
        [old.version for old, _ in pairs],
        [old.turn for old, _ in pairs],
        pairs[0][1].turn,
        [_array(new.tokens) for _, new in pairs],
        [None if new.ranges is None else _array(new.ranges) for _, new in pairs],
    )
    return found


def _array(numbers: Sequence[int]) -> str:
    return f"{{{','.join(map(str, numbers))}}}"


# What imports know documents by ----------------------------------------------


async def marks(
    connection: Connection, organisation: int, *, below: int, at_most: int
) -> list[bytes]:
    rows = await connection.fetch(
        "select source from record.token_marks($1, $2, $3)",
        organisation,
        below,
        at_most,
    )
    return [row["source"] for row in rows]


async def add_marks(
    connection: Connection,
    organisation: int,
    *,
    turn: int,
    olds: Sequence[bytes],
    news: Sequence[bytes],
) -> None:
    """The same marks under the next key, beside those that go."""
    await connection.execute(
        "select record.add_token_marks($1, $2, $3, $4)",
        organisation,
        turn,
        list(olds),
        list(news),
    )


async def drop_marks(connection: Connection, organisation: int, *, below: int) -> None:
    await connection.execute(
        "select record.drop_token_marks($1, $2)", organisation, below
    )


# The key and how far it is ---------------------------------------------------


async def begin(connection: Connection, organisation: int, *, newer: bytes) -> int:
    """The key that comes, beside the one that goes; the generation it makes."""
    found: int = await connection.fetch_value(
        "update warden.organisation set newer_layer = $2, token_phase = $3"
        " where number = $1 returning token_generation + 1",
        organisation,
        newer,
        TokenPhase.FILLING,
    )
    return found


async def enter(connection: Connection, organisation: int, phase: TokenPhase) -> None:
    await connection.execute(
        "update warden.organisation set token_phase = $2 where number = $1",
        organisation,
        phase,
    )


async def finish(connection: Connection, organisation: int, generation: int) -> None:
    """Destroy the key that went; nothing where that is done."""
    await connection.execute(
        "update warden.organisation set token_layer = newer_layer, newer_layer = null,"
        " token_generation = $2, token_phase = $3"
        " where number = $1 and token_generation = $2 - 1",
        organisation,
        generation,
        TokenPhase.AT_REST,
    )


async def raise_floor(connection: Connection, organisation: int, turn: int) -> None:
    """Let nobody write tokens of before any more."""
    await connection.execute(
        "select record.raise_token_floor($1, $2)", organisation, turn
    )


async def transaction_number(connection: Connection) -> int:
    """The number of a transaction that begins and ends now."""
    found: str = await connection.fetch_value("select pg_current_xact_id()::text")
    return int(found)


async def oldest_transaction(connection: Connection) -> int:
    """The lowest number of those that write and are not over."""
    found: str = await connection.fetch_value(
        "select pg_snapshot_xmin(pg_current_snapshot())::text"
    )
    return int(found)
