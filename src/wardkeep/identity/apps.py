# SPDX-License-Identifier: Apache-2.0
"""Registered apps: where they may be sent, what they may ask for, and their keys.

https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#register-app-with-ehr
"""

import ipaddress
import re
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.base.ids import new_uuid
from wardkeep.db.connection import Connection
from wardkeep.identity.app_scopes import AppScopes, read_app_scopes
from wardkeep.identity.factors.client_key import PublicKey

LONGEST_ADDRESS = 500
MOST_REDIRECTS = 10
_OWN_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")
"""A reverse domain name, so that two apps do not share one (RFC 8252, 7.1)."""


class RegisteredApp(msgspec.Struct, frozen=True, kw_only=True):
    """An app as the warden knows it by heart."""

    id: str
    organisation: int
    name: str
    redirect_uris: tuple[str, ...]
    launch_url: str
    scope: str
    patients_per_hour: int
    is_resource_server: bool
    keys: dict[str, str]
    """Public JWKs by key id; none at all: a public client."""

    @property
    def is_public(self) -> bool:
        return not self.keys

    @property
    def scopes(self) -> AppScopes:
        found = read_app_scopes(self.scope)
        return found if isinstance(found, AppScopes) else AppScopes(())

    @property
    def origins(self) -> frozenset[str]:
        """The web origins that it lives on."""
        found = [urlsplit(one) for one in self.redirect_uris]
        return frozenset(
            f"{one.scheme}://{one.netloc}"
            for one in found
            if one.scheme in ("http", "https")
        )


def fault_of_address(address: str, *, allows_own_scheme: bool = False) -> str:
    """What is wrong with a redirect or launch address; empty where it will do."""
    is_plain = address.isascii() and address.isprintable() and " " not in address
    if not is_plain or len(address) > LONGEST_ADDRESS or "\\" in address:
        return "it has characters that an address does not have, or too many"
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return "it is no address"
    if parts.fragment or "#" in address or "@" in parts.netloc:
        return "it has a fragment or names a user"
    if parts.scheme == "https" and parts.hostname:
        return ""
    if parts.scheme == "http":
        words = "http is for this machine alone: localhost, 127.0.0.1 or [::1]"
        return "" if is_loopback(parts.hostname or "") else words
    if _OWN_SCHEME.fullmatch(parts.scheme) and allows_own_scheme:
        return ""
    return "it is neither https nor, where that is allowed, an app's own scheme"


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Apps:
    """Every app that has not ended, by its id."""

    def __init__(self) -> None:
        self._by_id: dict[str, RegisteredApp] = {}

    def add(self, app: RegisteredApp) -> None:
        self._by_id[app.id] = app

    def get(self, id_: str) -> RegisteredApp | None:
        return self._by_id.get(id_)

    def end(self, id_: str) -> RegisteredApp | None:
        return self._by_id.pop(id_, None)

    def of(self, organisation: int) -> Sequence[RegisteredApp]:
        """Those of an organisation, by name."""
        found = [
            one for one in self._by_id.values() if one.organisation == organisation
        ]
        return sorted(found, key=lambda one: (one.name, one.id))

    def knows_origin(self, origin: str) -> bool:
        return any(origin in one.origins for one in self._by_id.values())


async def register_app(
    connection: Connection,
    app: RegisteredApp,
    keys: Iterable[PublicKey],
    *,
    clock: Clock,
) -> None:
    """Store it; the caller holds a transaction."""
    await connection.execute(
        "insert into warden.app (id, organisation, name, redirect_uris, launch_url,"
        " scope, patients_per_hour, is_resource_server, created_at)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        UUID(app.id),
        app.organisation,
        app.name,
        list(app.redirect_uris),
        app.launch_url,
        app.scope,
        app.patients_per_hour,
        app.is_resource_server,
        clock.now(),
    )
    await connection.execute_many(
        "insert into warden.app_key (app, key_id, public_jwk, created_at)"
        " values ($1, $2, $3, $4)",
        [(UUID(app.id), key.key_id, key.jwk, clock.now()) for key in keys],
    )


def new_app_id() -> str:
    return new_uuid()


_APPS = """
select a.id, a.organisation, a.name, a.redirect_uris, a.launch_url, a.scope,
       a.patients_per_hour, a.is_resource_server, k.key_id, k.public_jwk
  from warden.app a left join warden.app_key k on k.app = a.id
 where a.ended_at is null
 order by a.id, k.key_id
"""


async def load_apps(connection: Connection) -> Apps:
    """Every app that has not ended."""
    found = Apps()
    for row in await connection.fetch(_APPS):
        known = found.get(str(row["id"]))
        keys = dict(known.keys) if known is not None else {}
        if row["key_id"] is not None:
            keys[row["key_id"]] = row["public_jwk"]
        found.add(
            RegisteredApp(
                id=str(row["id"]),
                organisation=row["organisation"],
                name=row["name"],
                redirect_uris=tuple(row["redirect_uris"]),
                launch_url=row["launch_url"],
                scope=row["scope"],
                patients_per_hour=row["patients_per_hour"],
                is_resource_server=row["is_resource_server"],
                keys=keys,
            )
        )
    return found


async def end_app(connection: Connection, app: str, *, clock: Clock) -> None:
    await connection.execute(
        "update warden.app set ended_at = $2 where id = $1 and ended_at is null",
        UUID(app),
        clock.now(),
    )


async def organisations_bound(connection: Connection) -> frozenset[int]:
    """Those whose programs must prove their key with each use."""
    rows = await connection.fetch(
        "select number from warden.organisation where requires_dpop"
    )
    return frozenset(row["number"] for row in rows)


async def require_dpop(
    connection: Connection, organisation: int, *, is_on: bool
) -> None:
    await connection.execute(
        "update warden.organisation set requires_dpop = $2 where number = $1",
        organisation,
        is_on,
    )
