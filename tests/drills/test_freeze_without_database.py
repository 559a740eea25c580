# SPDX-License-Identifier: Apache-2.0
"""A freeze holds, and is told so, while the database is away; a restart knows of it."""

import asyncio
import contextlib
from pathlib import Path

from support.acts import colleague
from support.openings import code_of
from support.warden import Installation, running_warden
from wardkeep.assembly.schema import migrate_now
from wardkeep.assembly.serving import embedded_database
from wardkeep.disclosure.answers import Done
from wardkeep.disclosure.containment import FreezeNow
from wardkeep.disclosure.questions import CheckSession

WHY = "seen at two places at once"


async def test_a_freeze_needs_no_database(tmp_path: Path) -> None:
    made = Installation(tmp_path)
    made.layout.make()
    with contextlib.ExitStack() as database:
        database.enter_context(embedded_database(made.settings, made.layout))
        await asyncio.to_thread(migrate_now, made.settings, made.layout)
        async with running_warden(made) as warden:
            await warden.organisation()
            officer = await colleague(warden, "privacy_officer")
            nurse = await colleague(warden, "ward_nurse")
            # When the database goes away, and the officer freezes the nurse
            database.close()
            asked = FreezeNow(officer.token, "account", nurse.account, WHY)
            assert await warden.door.ask_any(asked) == Done()
            # Then it holds at once
            seen = await warden.door.ask_any(CheckSession(nurse.token))
            assert code_of(seen) == "frozen"
    # And after a start too, though the database was never told
    with embedded_database(made.settings, made.layout):
        async with running_warden(made) as warden:
            refused = await warden.sign_in(nurse.key)
            assert code_of(refused) == "frozen"
