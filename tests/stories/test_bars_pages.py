# SPDX-License-Identifier: Apache-2.0
"""Story: a nurse of the front door finds whom 111 sent, and declines with a word.

Given a referral that came by message, When she opens her team's list, Then it stands
there as every other; and once she has declined it, its sender is told by message.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.chromium import DESKTOP, PHONE, chromium, clean, device
from support.partners import put_in_the_team
from support.served import Served, eventually
from support.two_sites import TwoSites


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoSites]:
    folder: Path = tmp_path_factory.mktemp("front-door")
    running = Served(folder, WARDKEEP_WEB_WORKERS="1")
    try:
        running.await_ready()
        made = TwoSites(running, folder)
        yield made
        made.close()
    finally:
        running.stop()


def test_whom_111_sent_is_on_the_list_and_the_answer_goes_back(sites: TwoSites) -> None:
    sites.refers()
    eventually(lambda: sites.states() == ["sent"], sites.stack.log)
    token = sites.stack.sign_in("fernhill", [], "care_coordinator")
    asyncio.run(put_in_the_team(sites.stack, token, "fernhill"))
    asyncio.run(_story(sites, token))
    eventually(lambda: sites.states() == ["answered"], sites.stack.log)


async def _story(sites: TwoSites, token: str) -> None:
    origin = sites.stack.origin
    async with chromium() as browser:
        for name, viewport in (("desktop", DESKTOP), ("phone", PHONE)):
            async with device(browser, viewport=viewport) as own:
                cookie = {"name": "wardkeep", "value": token, "url": origin}
                await own.context.add_cookies([cookie])  # type: ignore[list-item]
                await own.go(f"{origin}/referrals/teams/front-door")
                await own.reads("QUILLFEATHER")
                await clean(own, f"bars-list-{name}")
                await own.page.get_by_role("link", name="QUILLFEATHER").first.click()
                await own.reads("Palpitations since noon.")
                await own.reads("North Call Centre")
                await own.reads("To be seen by")
                await own.reads("29-Nov-2026 16:00")
                await clean(own, f"bars-referral-{name}")
                if name == "phone":
                    await own.page.get_by_text("Decline", exact=True).first.click()
                    await own.page.get_by_label("Why, and what you suggest").fill(
                        "Better seen by the urgent treatment centre, open until ten."
                    )
                    await own.press("Decline")
                    await own.reads("Told by message")
                    await clean(own, f"bars-declined-{name}")
                assert own.complaints == []
