# SPDX-License-Identifier: Apache-2.0
"""The `wardkeep` command beside a running warden."""

import asyncio
import os
import sys

from support.warden import RunningWarden


async def command(warden: RunningWarden, *words: str) -> tuple[int, str]:
    """The command beside the running warden, as an operator gives it."""
    folder = str(warden.installation.settings.data)
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "wardkeep.cli",
        *words,
        env={**os.environ, "WARDKEEP_DATA": folder},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await running.communicate()
    assert running.returncode is not None
    return running.returncode, told.decode()
