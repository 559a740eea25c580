# SPDX-License-Identifier: Apache-2.0
"""A drill: the ledger's disk is full. Nothing opens, and the screen says so plainly.

The warden's process gets a real limit on the size of its files, from outside, while it
runs; what it then writes fails as on a full disk.
"""

import json
import resource
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from support.bundles import person, write
from support.chromium import PHONE, chromium, device
from support.served import Served, served

pytestmark = pytest.mark.asyncio(loop_scope="module")
FULL = ("The ledger cannot be written just now", "no record opens")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("disk")
    path = write(folder, "person.json", person(1))
    with served(folder, WARDKEEP_WEB_WORKERS="1") as made:
        made.command("organisation", "create", "--slug", "fernhill", "--name", "F")
        made.command("import", str(path), "--organisation", "fernhill")
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


@contextmanager
def full_disk(stack: Served) -> Iterator[None]:
    """No file of the warden's may grow while the block lasts."""
    warden = stack.child("warden")
    soft, hard = resource.prlimit(warden, resource.RLIMIT_FSIZE)
    resource.prlimit(warden, resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.prlimit(warden, resource.RLIMIT_FSIZE, (soft, hard))


def invited(stack: Served) -> str:
    words = ["account", "invite", "--organisation", "fernhill", "--role", "doctor"]
    said = stack.command(*words, "--name", "Rowan Ash", "--json")
    link: str = json.loads(said)["link"]
    return link


@pytest.mark.parametrize("size", ["desktop", "phone"])
async def test_with_a_full_disk_no_record_opens_and_the_page_says_so(
    stack: Served, browser: Browser, tmp_path: Path, size: str
) -> None:
    async with device(
        browser, **({"viewport": PHONE} if size == "phone" else {})
    ) as own:
        await own.go(invited(stack))
        await own.press("Make your passkey")
        await own.reads("Your passkey is ready")
        record = f"{stack.origin}/patients/reed-1"
        with full_disk(stack):
            await own.go(record)
            for words in FULL:
                await own.reads(words)
            body = await own.page.inner_text("main")
            assert "REED" not in body
            assert "Try again" in body
            assert await own.faults() == []
            await own.page.screenshot(path=tmp_path / f"{size}.png")
            # Nor by giving a reason, nor in a list.
            await own.go(f"{stack.origin}/find")
            await own.page.get_by_label("Surname").fill("Reed")
            await own.page.get_by_label("First name").fill("Ada")
            await own.press("Find")
            assert "REED" not in await own.page.inner_text("main")
            assert not stack.is_ready()
        # With room again, all goes on: nothing was restarted.
        await own.go(record)
        await own.reads("Why are you opening this record?")
        await own.page.get_by_label("Reason").fill("rang about results from Tuesday")
        await own.press("Open the record")
        await own.reads("for the reason you gave, entry")
        stack.await_ready()
        assert "stopped" not in stack.log.read_text()


async def test_the_ledger_is_whole_afterwards(stack: Served) -> None:
    said = json.loads(stack.command("ledger", "verify", "--json"))
    assert said["faults"] == []
