# SPDX-License-Identifier: Apache-2.0
"""Where a database is and as whom to enter it."""

from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from wardkeep.base.outcome import Problem

DEFAULT_PORT = 5432
_SCHEMES = ("postgresql", "postgres")


class DatabaseAddress(msgspec.Struct, frozen=True, kw_only=True):
    """One role's way into one database; its repr never shows the password."""

    host: str
    """A host name, an IP address, or the folder of a unix socket."""
    port: int
    database: str
    user: str
    password: str
    tls: str = "prefer"
    """libpq's sslmode; `verify-full` is what a database over a network needs."""

    def __repr__(self) -> str:
        place = f"{self.host}:{self.port}/{self.database}"
        return f"DatabaseAddress({self.user}@{place}, <password not shown>)"

    def as_role(self, user: str, password: str) -> "DatabaseAddress":
        """The same database, entered by another role."""
        return msgspec.structs.replace(self, user=user, password=password)

    def in_database(self, database: str) -> "DatabaseAddress":
        """The same role's way into another database of the same server."""
        return msgspec.structs.replace(self, database=database)


def parse_url(url: str) -> DatabaseAddress | Problem:
    """Read `postgresql://user:password@host:port/database?sslmode=…&host=/socket`."""
    parts = urlsplit(url)
    if parts.scheme not in _SCHEMES:
        return Problem(
            place="WARDKEEP_DATABASE_URL",
            wrong="it does not begin with postgresql://",
            mend="Write postgresql://USER:PASSWORD@HOST:PORT/DATABASE.",
        )
    options = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    try:
        port = parts.port or DEFAULT_PORT
    except ValueError:
        return Problem(
            place="WARDKEEP_DATABASE_URL",
            wrong="the port is not a number up to 65535",
            mend="Write the port as digits after the host, as in :5432.",
        )
    return DatabaseAddress(
        host=options.get("host") or parts.hostname or "localhost",
        port=port,
        database=unquote(parts.path.lstrip("/")) or "wardkeep",
        user=unquote(parts.username or "wardkeep_owner"),
        password=unquote(parts.password or ""),
        tls=options.get("sslmode", "prefer"),
    )
