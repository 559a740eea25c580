# SPDX-License-Identifier: Apache-2.0
"""One attempt to write, as the warden hears of it: told as work, or taken back.

The warden is told what work explains before the commit, for the next click must not be
asked why. What then was refused, by the database, by a guard or by the door at the next
patient, is no work: it must not explain anything, nor hide what still stands.
"""

import contextlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from wardkeep.disclosure.answers import Done
from wardkeep.disclosure.client import (
    WardenBusyError,
    WardenClient,
    WardenUnavailableError,
)
from wardkeep.disclosure.not_written import NotWritten
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.work.ties import tells_ties


class Telling(msgspec.Struct, kw_only=True):
    """What one attempt tells, and whether it may have been committed."""

    change: str
    """Its name; empty where nothing in it is work."""
    may_stand: bool = False
    """From the commit on, which may succeed although its answer is lost: whoever is
    admitted must not be a stranger to the ward because a connection broke."""


@asynccontextmanager
async def telling(warden: WardenClient, change: Change) -> AsyncIterator[Telling]:
    """Name an attempt; take back what it told where it cannot stand."""
    types = {one.type for one in change.drafts} | {one.type for one in change.removals}
    is_work = any(map(tells_ties, types))
    told = Telling(change=secrets.token_hex(16) if is_work else "")
    try:
        yield told
    finally:
        if told.change and not told.may_stand:
            # Without an answer it stays as it would have without this question.
            with contextlib.suppress(WardenUnavailableError, WardenBusyError):
                await warden.ask(NotWritten(told.change), Done)
