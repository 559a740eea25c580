# SPDX-License-Identifier: Apache-2.0
"""Who arrives: what a person's facts are found by, and links to check in with.

A link's secret is told once and its hash is kept. It dies when it is used, when it is
over, and after a few wrong tries.
"""

from collections.abc import Iterator
from datetime import date, datetime
from itertools import islice, product

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.base.ids import AccountId, OrganisationId
from wardkeep.base.plain_text import normalise, spellings
from wardkeep.db.connection import Connection
from wardkeep.identity.accounts import Membership
from wardkeep.identity.roles import Role
from wardkeep.identity.scopes import CHECK_IN

LETTERS = 3
"""So many letters of a name are asked for; a shorter one is asked for whole."""
MOST_TRIES = 5
MOST_SPELT = 16
_MOST_OF_ONE = 8
_SPELT = LETTERS + 1
"""Of two letters that stand for one, one may be the last that counts."""
_UNIT = "\x1f"


def beginning(typed: str) -> str:
    """The letters of a name that count; empty where there are none."""
    return normalise(typed)[:LETTERS].strip()


def terms_of(born: date, family: str, given: str = "") -> tuple[bytes, ...]:
    """What a Patient with these facts is found by, as `fhir.search.terms` writes it.

    Held equal to the index by a test: the warden knows nothing of FHIR.
    """
    terms = [birth_term(born)]
    for element, typed in (("family", family), ("given", given)):
        text = beginning(typed)
        if text:
            terms.append(name_term(element, text))
    return tuple(terms)


def spelt(born: date, family: str, given: str = "") -> Iterator[tuple[bytes, ...]]:
    """The same for each way in which the names may stand in the record; 16 at most."""
    pairs = product(_spelt(family), _spelt(given))
    for its_family, its_given in islice(pairs, MOST_SPELT):
        yield terms_of(born, its_family, its_given)


def _spelt(typed: str) -> tuple[str, ...]:
    found = (one[:LETTERS].strip() for one in spellings(normalise(typed)[:_SPELT]))
    return tuple(islice(dict.fromkeys(found), _MOST_OF_ONE))


def birth_term(born: date) -> bytes:
    return _UNIT.join(("Patient.birthDate", "b", born.isoformat())).encode()


def name_term(element: str, letters: str) -> bytes:
    """Of the first letters of a surname (`family`) or first name (`given`)."""
    kind = "p" if len(letters) == LETTERS else "w"
    return _UNIT.join((f"Patient.name.{element}", kind, letters)).encode()


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A link that is still good."""

    member: Membership
    """The program of the organisation in whose name phones check in."""
    patient: str
    appointment: str
    until: datetime


async def add_link(
    connection: Connection,
    secret_hash: bytes,
    link: Link,
    *,
    by: str,
    clock: Clock,
) -> None:
    await connection.execute(
        "insert into warden.check_in_link (secret_hash, organisation, account, patient,"
        " appointment, made_by, made_at, valid_until)"
        " values ($1, $2, $3::text::uuid, $4, $5, $6::text::uuid, $7, $8)",
        secret_hash,
        link.member.organisation,
        link.member.account,
        link.patient,
        link.appointment,
        by,
        clock.now(),
        link.until,
    )


async def try_link(
    connection: Connection, secret_hash: bytes, *, clock: Clock
) -> Link | None:
    """The link, one try of it counted beforehand; None where it is good no more."""
    row = await connection.fetch_row(
        "update warden.check_in_link as l set tries = l.tries + 1"
        "  from warden.organisation o, warden.account a"
        " where l.secret_hash = $1 and o.number = l.organisation"
        "   and a.id = l.account and a.ended_at is null"
        "   and l.used_at is null and l.tries < $2 and l.valid_until > $3"
        " returning l.*, o.slug, o.name, a.display_name",
        secret_hash,
        MOST_TRIES,
        clock.now(),
    )
    if row is None:
        return None
    member = Membership(
        account=AccountId(str(row["account"])),
        display_name=row["display_name"],
        organisation=OrganisationId(row["organisation"]),
        organisation_name=row["name"],
        organisation_slug=row["slug"],
        role=Role.SERVICE,
    )
    return Link(
        member=member,
        patient=row["patient"],
        appointment=row["appointment"],
        until=row["valid_until"],
    )


async def use_up(connection: Connection, secret_hash: bytes, *, clock: Clock) -> bool:
    """End a link by its use; False where somebody else was quicker."""
    used = await connection.fetch_value(
        "update warden.check_in_link set used_at = $2"
        " where secret_hash = $1 and used_at is null returning true",
        secret_hash,
        clock.now(),
    )
    return used is True


async def phones_of(connection: Connection, organisation: int) -> str | None:
    """The account in whose name the organisation's phones check in, once made."""
    found = await connection.fetch_value(
        "select a.id from warden.account a"
        "  join warden.client c on c.account = a.id"
        "  join warden.membership m on m.account = a.id"
        " where c.scope = $2 and m.organisation = $1 and a.ended_at is null"
        " order by a.id limit 1",
        organisation,
        CHECK_IN,
    )
    return None if found is None else str(found)
