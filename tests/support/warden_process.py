# SPDX-License-Identifier: Apache-2.0
"""`wardkeep warden` in a process of its own, which a drill kills where it likes."""

import asyncio
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from support.rotations import keys_of
from support.warden import Installation, RunningWarden
from wardkeep.disclosure.client import WardenClient, WardenUnavailableError
from wardkeep.disclosure.keys import RotateKey

_HASTY = """
import sys
from wardkeep.cli.entrance import main
from wardkeep.warden.service.rotation_of_patients import PatientsLevel
from wardkeep.warden.service.rotation_of_tokens import TokensLevel
def haste(level):
    made = level.__init__
    def hasty(self, *parts, **named):
        made(self, *parts, **named)
        self.settle_seconds = 0.0
    level.__init__ = hasty
haste(PatientsLevel)
haste(TokensLevel)
sys.argv = ["wardkeep", "warden"]
main()
"""
"""A warden that waits for nobody before it destroys old keys."""
_DYING = """
import os, signal, sys
from wardkeep.cli.entrance import main
from wardkeep.warden.incidents import Register
def dies(name, is_behind):
    made = getattr(Register, name)
    def dying(self, *given):
        if is_behind:
            made(self, *given)
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(Register, name, dying)
dies(sys.argv[1], sys.argv[2] == "behind")
sys.argv = ["wardkeep", "warden"]
main()
"""
"""A warden that is killed by itself at one step of writing an incident down."""


class Death(NamedTuple):
    """Where a warden dies: before or behind a step of the incidents' register."""

    step: str
    is_behind: bool


@asynccontextmanager
async def warden_process(
    installation: Installation, *, is_hasty: bool = False, death: Death | None = None
) -> AsyncIterator[int]:
    """`wardkeep warden` in a process of its own, killed at the end of the block."""
    begun: tuple[str, ...] = (
        ("-c", _HASTY) if is_hasty else ("-m", "wardkeep.cli", "warden")
    )
    if death is not None:
        begun = ("-c", _DYING, death.step, "behind" if death.is_behind else "before")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *begun,
        env={**os.environ, "WARDKEEP_DATA": str(installation.settings.data)},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(30):
            while not await _answers(installation):
                assert process.returncode is None, await process.communicate()
                await asyncio.sleep(0.02)
        yield process.pid
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.communicate()


async def _answers(installation: Installation) -> bool:
    client = WardenClient(installation.layout.operator_socket, asker="drill")
    try:
        running = RunningWarden.__new__(RunningWarden)
        running.operator = client
        await keys_of(running)
    except WardenUnavailableError:
        return False
    finally:
        await client.close()
    return True


async def ask_and_forget(installation: Installation, asked: RotateKey) -> None:
    """Ask, and do not wait: the answer may never come."""
    client = WardenClient(installation.layout.operator_socket, asker="drill")
    task = asyncio.create_task(client.ask_any(asked))
    await asyncio.sleep(secrets.randbelow(100) / 1000)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await client.close()
