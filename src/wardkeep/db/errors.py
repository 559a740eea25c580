# SPDX-License-Identifier: Apache-2.0
"""What can go wrong with the database, told without a word of what was stored.

The driver's messages repeat values ("Key (id)=(…) already exists", "Failing row
contains (…)", "invalid input for query argument $1: …"), and messages end up in logs.
So its errors never leave `wardkeep.db`: they become these.
"""

import asyncpg


class DatabaseUnavailableError(Exception):
    """PostgreSQL cannot be reached just now; what was asked may be asked again."""


class DatabaseBusyError(Exception):
    """Every connection stayed in use for as long as a caller may wait."""


class AlreadyExistsError(Exception):
    """A uniqueness rule of the schema refused the row."""


class OutOfDateError(Exception):
    """A row was made by what held a while ago, and has to be made anew."""


class DatabaseRefusedError(Exception):
    """PostgreSQL refused a statement: a rule of the schema, a right, a wrong type."""

    def __init__(self, kind: str, *, sqlstate: str, rule: str) -> None:
        super().__init__(f"{kind} ({sqlstate}) {rule}".strip())
        self.sqlstate = sqlstate
        """https://www.postgresql.org/docs/current/errcodes-appendix.html"""
        self.rule = rule
        """The constraint's name, where the refusal has one."""


_OUT_OF_DATE = "WK001"
"""An SQLSTATE of our own (`0025_token_rotation.sql`)."""
_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InternalClientError,  # the driver was told of the loss in mid-sentence
    OSError,
)
_ASK_AGAIN = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.QueryCanceledError,
    asyncpg.LockNotAvailableError,
    asyncpg.InsufficientResourcesError,
)


def named_error(error: Exception, *, is_lost: bool) -> Exception:
    """The house's error for the driver's; the caller raises it `from None`."""
    name = type(error).__name__
    if getattr(error, "sqlstate", None) == _OUT_OF_DATE:
        return OutOfDateError(name)
    if isinstance(error, asyncpg.UniqueViolationError):
        return AlreadyExistsError(error.constraint_name or "unique")
    if is_lost or isinstance(error, (*_LOST, *_ASK_AGAIN)):
        return DatabaseUnavailableError(name)
    return DatabaseRefusedError(
        name,
        sqlstate=getattr(error, "sqlstate", None) or "",
        rule=getattr(error, "constraint_name", None) or "",
    )
