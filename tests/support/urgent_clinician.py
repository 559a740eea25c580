# SPDX-License-Identifier: Apache-2.0
"""A clinician in a process of its own, which takes case after case.

Here and not in the test: a process that is spawned imports by the path that it is
given, and tests are not on it.
"""

import asyncio
import multiprocessing
from datetime import datetime
from typing import Any

from wardkeep.base.ids import OrganisationId, new_uuid
from wardkeep.db.address import DatabaseAddress
from wardkeep.db.connection import Database
from wardkeep.fhir.urgent.queue_rows import QueueRows


def take_all(
    address: DatabaseAddress,
    organisation: int,
    now: datetime,
    begin: Any,
    told: "multiprocessing.Queue[list[str]]",
) -> None:
    """Begin when all do; take one after another until nothing waits; tell which."""

    async def take() -> list[str]:
        rows = QueueRows(Database(address, size=1))
        got: list[str] = []
        number = OrganisationId(organisation)
        while True:
            account = new_uuid()
            row = await rows.hold_next(number, ["clinician"], account=account, now=now)
            if row is None:
                return got
            got.append(row.entry)

    begin.wait()
    told.put(asyncio.run(take()))
