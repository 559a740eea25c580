# SPDX-License-Identifier: Apache-2.0
"""Sessions in the database: kept for restarts, ended for good."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from wardkeep.base.clock import Clock
from wardkeep.db.connection import Connection, Row
from wardkeep.identity.roles import Role
from wardkeep.identity.scopes import read_scopes
from wardkeep.warden.session_parts import Elsewhere
from wardkeep.warden.sessions import IDLE_SECONDS, Session


class Ended(NamedTuple):
    """A session that is over, and why."""

    session: Session
    at: datetime
    why: str


_KEEP = """
insert into warden.session (token_hash, id, account, organisation, role, factor,
                            credential, device, created_at, last_used_at, expires_at,
                            scope, key_thumbprint, provider, provider_session,
                            provider_subject)
select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16
 where exists (select from warden.account where id = $3 and ended_at is null)
   and not exists (select from warden.credential
                    where id = $7 and revoked_at is not null)
   and exists (select from warden.membership
                where account = $3 and organisation = $4 and role = $5
                  and ended_at is null and (valid_until is null or valid_until > $9))
"""


async def keep(connection: Connection, session: Session) -> bool:
    """Store a new session, before its token is told to anyone.

    False where its account or work was ended, or its passkey revoked, meanwhile.
    """
    came = session.elsewhere
    status = await connection.execute(
        _KEEP,
        session.token_hash,
        session.id,
        UUID(session.account),
        session.organisation,
        session.role.value,
        session.factor,
        session.credential,
        session.device,
        session.started_at,
        session.last_used_at,
        session.expires_at,
        None if session.scopes is None else session.scopes.text,
        session.key_thumbprint or None,
        None if came is None else UUID(came.provider),
        None if came is None else came.session,
        None if came is None else came.subject,
    )
    return status == "INSERT 0 1"


async def note_use(connection: Connection, sessions: Iterable[Session]) -> None:
    await connection.execute_many(
        "update warden.session set last_used_at = $2 where token_hash = $1",
        [(session.token_hash, session.last_used_at) for session in sessions],
    )


async def note_end(connection: Connection, ended: Iterable[Ended]) -> None:
    await connection.execute_many(
        "update warden.session set ended_at = $2, ended_because = $3"
        " where token_hash = $1 and ended_at is null",
        [(one.session.token_hash, one.at, one.why) for one in ended],
    )


_LIVE = """
select s.token_hash, s.id, s.account, a.display_name, s.organisation,
       o.name as organisation_name, o.slug as organisation_slug, s.role, s.factor,
       s.credential, s.device, s.created_at, s.last_used_at, s.expires_at, s.scope,
       c.patients_per_hour, s.key_thumbprint, s.provider, s.provider_session,
       s.provider_subject, coalesce(own.patient, '') as own_patient
  from warden.session s
  join warden.account a on a.id = s.account
  join warden.organisation o on o.number = s.organisation
  left join warden.client c on c.account = s.account
  left join warden.own_record own
    on own.account = s.account and own.organisation = s.organisation
   and s.role = 'patient'
 where s.ended_at is null and s.expires_at > $1 and a.ended_at is null
   and not exists (select from warden.credential k
                    where k.id = s.credential and k.revoked_at is not null)
   and exists (select from warden.membership m
                where m.account = s.account and m.organisation = s.organisation
                  and m.role = s.role and m.ended_at is null
                  and (m.valid_until is null or m.valid_until > $1))
"""


async def load_live(connection: Connection, *, clock: Clock) -> Sequence[Session]:
    """The sessions that a restart must not end.

    Whatever was ended in the database, and not told to its sessions, ends them here.
    The time that nobody was here counts as idle: nobody used anything in it, and a
    screen that was left alone is no safer for it. Whose last use lies ahead, because
    the wall time was set back, is signed out: how long they were away is not known.
    """
    now, monotonic = clock.now(), clock.monotonic_seconds()
    found = []
    for row in await connection.fetch(_LIVE, now):
        last_used = clock.monotonic_at(row["last_used_at"])
        if row["last_used_at"] > now or monotonic - last_used > IDLE_SECONDS:
            continue
        found.append(
            Session(
                id=row["id"],
                token_hash=row["token_hash"],
                account=str(row["account"]),
                display_name=row["display_name"],
                organisation=row["organisation"],
                organisation_name=row["organisation_name"],
                organisation_slug=row["organisation_slug"],
                role=Role(row["role"]),
                factor=row["factor"],
                credential=row["credential"] or b"",
                device=row["device"],
                scopes=None if row["scope"] is None else read_scopes(row["scope"]),
                patients_per_hour=row["patients_per_hour"] or 0,
                key_thumbprint=row["key_thumbprint"] or "",
                elsewhere=_elsewhere(row),
                own_patient=row["own_patient"],
                started_at=row["created_at"],
                expires_at=row["expires_at"],
                last_used_at=row["last_used_at"],
                last_used_monotonic=last_used,
                expires_monotonic=clock.monotonic_at(row["expires_at"]),
            )
        )
    return found


def _elsewhere(row: Row) -> Elsewhere | None:
    if row["provider"] is None:
        return None
    return Elsewhere(
        provider=str(row["provider"]),
        session=row["provider_session"],
        subject=row["provider_subject"],
    )
