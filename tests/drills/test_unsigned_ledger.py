# SPDX-License-Identifier: Apache-2.0
"""Whoever owns the machine takes away what is signed, and has the warden sign anew."""

import secrets
import shutil

import pytest

from support.acts import colleague
from support.openings import desk
from support.warden import Installation, running_warden
from wardkeep.ledger.opening import CHECKPOINT_NAME, HISTORY_NAME

pytestmark = pytest.mark.usefixtures("ledger_of_its_own")


async def test_every_officer_is_told_that_it_began_without_a_signature(
    installation: Installation,
) -> None:
    async with running_warden(installation) as warden:
        home = warden.home = f"org-{secrets.token_hex(4)}"
        await warden.organisation(warden.home)
        officer = await colleague(warden, "privacy_officer")
        warden.service.ledger.publish()
    folder = installation.layout.ledger
    for signed in (folder / CHECKPOINT_NAME, folder / HISTORY_NAME):
        signed.unlink()
    shutil.rmtree(folder / "tile")
    async with running_warden(installation) as warden:
        warden.home = home
        await warden.service._save_sessions()
        found = await desk(warden, officer)
    [told] = [one for one in found.alarms if one.kind == "ledger-changed"]
    assert told.detail.startswith("At a start the ledger had entries, and nothing")
    assert told.who == "The ledger itself"
