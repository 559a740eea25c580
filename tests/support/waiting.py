# SPDX-License-Identifier: Apache-2.0
"""Waiting for what has no event of its own."""

import asyncio
from collections.abc import Callable

GIVE_UP_SECONDS = 60


async def until(condition: Callable[[], object]) -> None:
    """Return once it holds; a test that waits in vain fails and does not hang."""
    async with asyncio.timeout(GIVE_UP_SECONDS):
        while not condition():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.001)
