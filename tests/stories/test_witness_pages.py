# SPDX-License-Identifier: Apache-2.0
"""An older ledger is put back below a hospital; its privacy officer reads of it."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from support.chromium import PHONE, chromium, clean, device
from support.outpost import Outpost
from support.served import Served, served
from support.waiting import GIVE_UP_SECONDS
from support.warden import RunningWarden
from wardkeep.base.note_keys import LOG, read_note_key
from wardkeep.disclosure.questions import Invite

pytestmark = pytest.mark.asyncio(loop_scope="module")
TITLE = "The ledger is not the one that a witness saw"


@pytest.fixture(scope="module")
def outpost(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outpost]:
    found = Outpost(tmp_path_factory.mktemp("witness") / "w1", "witness.example.net/w1")
    yield found
    found.stop()


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, outpost: Outpost
) -> Iterator[Served]:
    settings = {"WARDKEEP_WITNESSES": f"{outpost.witness.key.text} {outpost.address}"}
    with served(tmp_path_factory.mktemp("witnessed"), **settings) as running:
        running.found("fernhill")
        key = read_note_key(running.command("ledger", "key"), kind=LOG)
        outpost.witness.watch(key)
        outpost.start()
        yield running


async def seen(server: Served, words: str) -> None:
    """Until the doctor says this of the witness."""
    async with asyncio.timeout(GIVE_UP_SECONDS):
        told = ""
        while words not in told:
            told = (await asyncio.to_thread(server.run, "doctor")).stdout


async def enrolment(server: Served) -> str:
    warden = RunningWarden(server, None)  # type: ignore[arg-type]
    account = await warden.account(
        "privacy_officer", organisation="fernhill", name="Pia Swift"
    )
    secret = await warden.tell(Invite(account=account, valid_hours=1))
    await warden.operator.close()
    return f"{server.origin}/enrol/{secret}"


async def test_an_older_ledger_is_on_the_security_desk(
    server: Served, tmp_path: Path
) -> None:
    ledger, old = server.layout.ledger, tmp_path / "old"
    async with chromium() as browser, device(browser, viewport=PHONE) as pia:
        # Given a ledger that is witnessed, and a copy of it
        await pia.go(await enrolment(server))
        await pia.press("Make your passkey")
        await pia.reads("Your passkey is ready")
        await seen(server, "witness.example.net/w1 saw")
        shutil.copytree(ledger, old)
        before = sum(1 for _ in old.glob("checkpoint*"))
        assert before == 2
        await asyncio.to_thread(server.found, "marlow")
        whole = await asyncio.to_thread(server.command, "ledger", "verify")
        total = int(whole.split()[1])
        await seen(server, f"saw {total:,} entries")
        # When the copy is put back in the night
        await asyncio.to_thread(server.stop)
        shutil.rmtree(ledger)
        shutil.copytree(old, ledger)
        await asyncio.to_thread(server.restart)
        await asyncio.to_thread(server.await_ready)
        await seen(server, "an older copy was put back")
        # Then it is the first thing on the desk
        await pia.go(f"{server.origin}/security")
        await pia.reads(TITLE)
        await clean(pia, "witness-desk-phone")
        await pia.page.get_by_role("link", name=TITLE).click()
        await pia.reads("witness.example.net/w1 signed")
        of_account = pia.page.get_by_role("link", name="What this account saw")
        await expect(of_account).to_have_count(0)
        await clean(pia, "witness-alarm-phone")
