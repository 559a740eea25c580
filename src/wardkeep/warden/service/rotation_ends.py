# SPDX-License-Identifier: Apache-2.0
"""What the ledger says of a rotation's end: once, whatever came in between."""

import asyncio

from wardkeep.db.connection import Connection
from wardkeep.ledger.log import Ledger
from wardkeep.warden import rotations
from wardkeep.warden.rotations import Rotation
from wardkeep.warden.service.trace import Trace

ENDED = "end-key-rotation"
READ_AT_ONCE = 256
"""Entries, between two looks at what else there is to do."""


class RotationEnds:
    """Writes the entry of an end, where a try before did not get that far."""

    def __init__(self, ledger: Ledger, trace: Trace) -> None:
        self._ledger = ledger
        self._trace = trace

    async def say(self, connection: Connection, rotation: Rotation, said: str) -> None:
        """The place from which it would stand is on the disk before it is written."""
        request = f"rotation {rotation.id}"
        first = await rotations.say_end_from(
            connection, rotation.id, size=self._ledger.size
        )
        if not await self._is_said(first, request):
            self._trace.of_operator(
                ENDED,
                organisation=rotation.organisation,
                reason=said,
                request=request,
            )

    async def _is_said(self, first: int, request: str) -> bool:
        for position in range(first, self._ledger.committed_size):
            entry = self._ledger.read(position)
            if (entry.action, entry.request) == (ENDED, request):
                return True
            if not position % READ_AT_ONCE:
                await asyncio.sleep(0)
        return False
