# SPDX-License-Identifier: Apache-2.0
"""A team's list of 300 who wait, and one referral, asked for over HTTP.

Each look at the list is 20 names through the door, and the counts of all.
"""

import asyncio
import json
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from bench._stack import Stack, Visitor, stack
from bench.records import waits
from support.referrals import MIND, patient, referral, team
from support.warden import RunningWarden
from wardkeep.base.clock import SystemClock
from wardkeep.disclosure.answers import Accounts, Done
from wardkeep.disclosure.questions import ListAccounts, SetWork

ORGANISATION = "bench"
WAITING, PAGES = 300, 60


def run() -> dict[str, float]:
    with stack() as made:
        made.await_ready()
        made.found(ORGANISATION)
        with tempfile.TemporaryDirectory(prefix="wardkeep-bench-") as folder:
            _write(Path(folder))
            made.command("import", folder, "--organisation", ORGANISATION)
        token = made.sign_in(ORGANISATION, [], "care_coordinator")
        asyncio.run(_in_the_team(made))
        browser = Visitor(made.port, token)
        first = browser.get(f"/referrals/teams/{MIND}")
        figures: dict[str, float] = {
            "people who wait": WAITING,
            "people on a page": first.count(b"wk-caseload__name"),
        }
        for name, path in (
            ("the team's list", f"/referrals/teams/{MIND}"),
            ("its last page", f"/referrals/teams/{MIND}?page=14"),
            ("one referral", "/patients/p-7/referrals/r-7"),
            ("what I referred, and my teams", "/referrals"),
        ):
            figures |= _measured(made, name, lambda at=path: browser.get(at))  # type: ignore[misc]  # bound now
        browser.close()
        return figures


def _measured(made: Stack, what: str, ask: Callable[[], object]) -> dict[str, float]:
    before = sum(made.spent().values())
    found = waits(what, ask, times=PAGES)
    spent = sum(made.spent().values()) - before
    return {**found, f"{what}, processor ms": spent * 1000 / PAGES}


def _write(folder: Path) -> None:
    today = SystemClock().now().date()
    resources = [team(MIND, "Community mind team", "four-weeks")]
    for n in range(WAITING):
        came = (today - timedelta(days=n % 90)).isoformat()
        resources.append(patient(f"p-{n}", f"Waiting{n}"))
        resources.append(referral(f"r-{n}", f"p-{n}", authoredOn=came))
    entries = [
        {
            "resource": one,
            "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"},
        }
        for one in resources
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    (folder / "all.json").write_text(json.dumps(bundle))


async def _in_the_team(made: Stack) -> None:
    """Everybody of the organisation works the list."""
    warden = RunningWarden(made, None)  # type: ignore[arg-type]
    listed = await warden.operator.ask(ListAccounts(ORGANISATION), Accounts)
    if not isinstance(listed, Accounts):
        raise TypeError(listed)
    people = tuple(one.account for one in listed.accounts)
    teams = (("Mind", (f"HealthcareService/{MIND}",), people),)
    asked = SetWork(ORGANISATION, (), teams)
    answer = await warden.operator.ask(asked, Done)
    if not isinstance(answer, Done):
        raise TypeError(answer)
    await warden.operator.close()
