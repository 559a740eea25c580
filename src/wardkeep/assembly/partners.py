# SPDX-License-Identifier: Apache-2.0
"""Partners by message: the key that we send with, and to whom, by the operator's act.

The key is a file of the data folder, one an organisation, readable by this OS user
alone; the database knows addresses and ids, so that a dump of it sends nothing.
"""

import json
import os
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import jwt
import msgspec
import urllib3

from wardkeep.assembly.database import WORKER, address_for
from wardkeep.assembly.layout import Layout
from wardkeep.base.clock import Clock, SystemClock
from wardkeep.base.ids import OrganisationId, new_uuid
from wardkeep.base.settings import Settings
from wardkeep.base.strangers import TooLongError, TooSlowError, pieces
from wardkeep.crypto.es256 import new_es256_key, private_jwk, public_jwk
from wardkeep.db.connection import Connection, Database
from wardkeep.disclosure.answers import Created, Refusal, SignedIn
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.questions import ClientSignIn, RegisterClient
from wardkeep.fhir.bars.codes import SERVICE_ID
from wardkeep.fhir.bars.directory import OLDEST
from wardkeep.fhir.bars.partners import SENDER_SCOPE
from wardkeep.fhir.bars.tokens import Post, Reply
from wardkeep.fhir.urgent.disposition import DISPOSITIONS
from wardkeep.identity.outside import fault_of_server

ASSERTION_SECONDS = 60
CONNECT_SECONDS, ANSWER_SECONDS = 3.0, 8.0
WHOLE_ANSWER_SECONDS = 15.0
"""The standard has every answer within five."""
LARGEST_BYTES = 1024 * 1024
LONGER = b"more than is read"
"""In the place of an answer that has more bytes."""
PATIENTS_PER_HOUR = 2_000
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_PARTNER = """
insert into bars.partner (changed_at, organisation, service, system, name, endpoint,
                          token_url, client, account, kind, tells_surgery, takes,
                          books, validates, least_age, most_age, is_active)
values (now(), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, true)
on conflict (organisation, service) do update
   set changed_at = now(), system = excluded.system, name = excluded.name,
       endpoint = excluded.endpoint, token_url = excluded.token_url,
       client = excluded.client, account = excluded.account, kind = excluded.kind,
       tells_surgery = excluded.tells_surgery, takes = excluded.takes,
       books = excluded.books, validates = excluded.validates,
       least_age = excluded.least_age, most_age = excluded.most_age, is_active = true
"""
_END = """
update bars.partner
   set is_active = false, sends_ambulances = false, changed_at = now()
 where organisation = $1 and service = $2 and is_active
"""
_NO_AMBULANCES = """
update bars.partner set sends_ambulances = false, changed_at = now()
 where organisation = $1 and sends_ambulances
"""
_AMBULANCES = """
update bars.partner set sends_ambulances = true, changed_at = now()
 where organisation = $1 and service = $2 and is_active and kind = 'service'
"""


class PartnerError(Exception):
    """It cannot be done; its words say why, and what to do."""


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What the file holds."""

    organisation: int
    client: str
    jwk: dict[str, str]


class Partner(msgspec.Struct, frozen=True, kw_only=True):
    """A service of another organisation, to which messages go."""

    service: str
    name: str
    endpoint: str
    """Of its FHIR API."""
    token_url: str
    client: str
    """As which we sign in there."""
    account: str
    """The client id by which it signs in here: whose answers are its own."""
    system: str = SERVICE_ID
    kind: str = "service"
    """Or a `surgery`, to which documents go; its `service` is its ODS code."""
    tells_surgery: bool = False
    """Whether it sends a surgery its own message of whom it took over."""
    takes: tuple[str, ...] = ()
    """Codes of dispositions; none: whatever somebody attends, rings or speaks to."""
    books: bool = False
    validates: bool = False
    least_age: int = 0
    most_age: int = OLDEST


class KeyFolder:
    """Keys of sending programs, by organisation."""

    def __init__(
        self, layout: Layout, *, origin: str, clock: Clock | None = None
    ) -> None:
        self._folder = layout.data / "partners"
        self._origin = origin
        self._clock = clock or SystemClock()

    def of(self, slug: str) -> _Kept:
        """Raises PartnerError where nothing is set up."""
        path = self._path(slug)
        try:
            return msgspec.json.decode(path.read_bytes(), type=_Kept)
        except (OSError, msgspec.DecodeError):
            message = (
                f"{slug} sends nothing yet: run `wardkeep partner begin"
                f" --organisation {slug}` first."
            )
            raise PartnerError(message) from None

    def keep(self, slug: str, kept: _Kept) -> None:
        """Whole or not at all, readable by this user alone."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        path = self._path(slug)
        partial = path.with_suffix(".partial")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(kept))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)

    def own(self, organisation: OrganisationId) -> str | None:
        kept = self._find(organisation)
        if kept is None:
            return None
        url = f"{self._origin}/oauth/token"
        return assertion(kept.jwk, client=kept.client, url=url, clock=self._clock)

    def at(self, organisation: OrganisationId, *, client: str, url: str) -> str | None:
        kept = self._find(organisation)
        if kept is None:
            return None
        return assertion(kept.jwk, client=client, url=url, clock=self._clock)

    def _find(self, organisation: OrganisationId) -> _Kept | None:
        for path in sorted(self._folder.glob("*.json")):
            try:
                kept = msgspec.json.decode(path.read_bytes(), type=_Kept)
            except (OSError, msgspec.DecodeError):
                continue
            if kept.organisation == organisation:
                return kept
        return None

    def _path(self, slug: str) -> Path:
        if not _SLUG.fullmatch(slug):
            message = f"{slug!r} is no organisation's short name."
            raise PartnerError(message)
        return self._folder / f"{slug}.json"


def assertion(jwk: dict[str, str], *, client: str, url: str, clock: Clock) -> str:
    """Who we are (RFC 7523), good for a minute and once."""
    now = int(clock.now().timestamp())
    claims = {
        "iss": client,
        "sub": client,
        "aud": url,
        "jti": new_uuid(),
        "iat": now,
        "exp": now + ASSERTION_SECONDS,
    }
    key: Any = jwt.PyJWK({**jwk, "alg": "ES256"}).key
    return jwt.encode(claims, key, algorithm="ES256", headers={"kid": jwk["kid"]})


async def begin(settings: Settings, layout: Layout, slug: str) -> str:
    """Make the key that an organisation sends with; give its public half as a JWKS.

    Raises:
        PartnerError: there is one already, or the warden refuses.
    """
    folder = KeyFolder(layout, origin=settings.public_origin)
    try:
        folder.of(slug)
    except PartnerError:
        pass
    else:
        message = f"{slug} has a key already: `wardkeep partner key` shows it."
        raise PartnerError(message)
    key = new_es256_key()
    jwks = json.dumps({"keys": [public_jwk(key)]})
    asked = RegisterClient(
        organisation=slug,
        name="Messages to other services",
        jwks=jwks.encode(),
        scope=SENDER_SCOPE,
        patients_per_hour=PATIENTS_PER_HOUR,
    )
    operator = WardenClient(layout.operator_socket, asker="cli")
    door = WardenClient(layout.door_socket, asker="cli")
    try:
        made = await operator.ask(asked, Created)
        if isinstance(made, Refusal):
            raise PartnerError(f"{made.why} {made.mend}")
        jwk, client = private_jwk(key), str(made.id)
        said = assertion(
            jwk,
            client=client,
            url=f"{settings.public_origin}/oauth/token",
            clock=SystemClock(),
        )
        session = await door.ask(ClientSignIn(said), SignedIn)
        if isinstance(session, Refusal):
            raise PartnerError(f"{session.why} {session.mend}")
    finally:
        await operator.close()
        await door.close()
    number = int(session.token.partition(".")[0])
    folder.keep(slug, _Kept(organisation=number, client=client, jwk=jwk))
    return jwks


def public_keys(settings: Settings, layout: Layout, slug: str) -> str:
    """The public half of an organisation's key, as a JWKS."""
    kept = KeyFolder(layout, origin=settings.public_origin).of(slug)
    shown = {name: value for name, value in kept.jwk.items() if name != "d"}
    return json.dumps({"keys": [{**shown, "alg": "ES256", "use": "sig"}]})


async def add(settings: Settings, layout: Layout, slug: str, partner: Partner) -> None:
    """Have messages go to a partner's service; said again, it is changed.

    Raises:
        PartnerError: an address that nothing is sent to, a disposition that there is
            not, or no key yet.
    """
    strange = [one for one in partner.takes if one not in DISPOSITIONS]
    if strange:
        message = f"{strange[0]} is no disposition: {', '.join(DISPOSITIONS)}."
        raise PartnerError(message)
    if partner.least_age > partner.most_age:
        raise PartnerError("It takes nobody: the first age is above the last.")
    for address in (partner.endpoint, partner.token_url):
        fault = fault_of_server(address)
        if fault:
            raise PartnerError(f"{address} will not do: {fault}.")
    values = (
        *(partner.service, partner.system, partner.name, partner.endpoint),
        *(partner.token_url, partner.client, partner.account),
        *(partner.kind, partner.tells_surgery, list(partner.takes)),
        *(partner.books, partner.validates, partner.least_age, partner.most_age),
    )
    await _change(settings, layout, slug, _PARTNER, *values)


async def end(settings: Settings, layout: Layout, slug: str, service: str) -> None:
    """Have nothing new go there. Raises PartnerError where nothing does."""
    if not await _change(settings, layout, slug, _END, service):
        message = f"{slug} sends nothing to {service}."
        raise PartnerError(message)


async def name_ambulances(
    settings: Settings, layout: Layout, slug: str, service: str
) -> None:
    """Have requests for an ambulance go to one partner alone; empty: to nobody.

    Raises:
        PartnerError: nothing is sent to such a service; then nothing is changed.
    """
    async with _changing(settings, layout, slug) as (connection, organisation):
        await connection.execute(_NO_AMBULANCES, organisation)
        if not service:
            return
        status = await connection.execute(_AMBULANCES, organisation, service)
        if status.endswith(" 0"):
            message = f"{slug} sends nothing to {service}: add it first."
            raise PartnerError(message)


async def _change(
    settings: Settings, layout: Layout, slug: str, sql: str, *values: object
) -> bool:
    async with _changing(settings, layout, slug) as (connection, organisation):
        status = await connection.execute(sql, organisation, *values)
    return not status.endswith(" 0")


@asynccontextmanager
async def _changing(
    settings: Settings, layout: Layout, slug: str
) -> AsyncIterator[tuple[Connection, OrganisationId]]:
    """A transaction of the role that may write partners."""
    kept = KeyFolder(layout, origin=settings.public_origin).of(slug)
    organisation = OrganisationId(kept.organisation)
    database = Database(address_for(settings, layout, WORKER), size=1)
    try:
        async with database.transaction(organisation) as connection:
            yield connection, organisation
    finally:
        await database.close()


_POOL = urllib3.PoolManager(
    maxsize=12,  # as many as the worker has senders, and some
    timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=ANSWER_SECONDS),
    retries=False,
)


def ask_partner(post: Post) -> Reply:
    """One request, led nowhere else; whatever goes wrong is no answer."""
    try:
        answer = _POOL.request(
            post.method,
            post.url,
            body=post.body or None,
            headers=post.headers,
            redirect=False,
            preload_content=False,
        )
        try:
            until = time.monotonic() + WHOLE_ANSWER_SECONDS
            read = pieces(answer.read1, at_most=LARGEST_BYTES, until=until)
            body = b"".join(read)
        except TooLongError:
            # What it says is not known, and it is no answer without words either: a
            # long page of something between us would be a receipt.
            answer.close()
            return Reply(answer.status, LONGER)
        except BaseException:
            answer.close()
            raise
        answer.release_conn()
    except (urllib3.exceptions.HTTPError, OSError, TooSlowError, ValueError):
        # ValueError: something that may not stand in a header or an address.
        return Reply(0)
    return Reply(answer.status, body)
