# SPDX-License-Identifier: Apache-2.0
"""What the operator and an organisation's own people may not set up, and why."""

from typing import Any

import msgspec
import pytest

from support.acts import Colleague, colleague
from support.warden import RunningWarden
from wardkeep.disclosure.answers import Created, Done, Refusal
from wardkeep.disclosure.federation import (
    AddProvider,
    EndProvider,
    ListProviders,
    Providers,
)
from wardkeep.disclosure.message import Message
from wardkeep.disclosure.people import EndTeam, SaveSite, SaveTeam
from wardkeep.disclosure.smart import (
    AppList,
    EndApp,
    ListRegisteredApps,
    RegisterApp,
    RequireDpop,
)

NOBODY = "00000000-0000-4000-8000-000000000000"
APP = RegisterApp(
    organisation="",
    name="Wound camera",
    redirect_uris=("https://app.example.com/back",),
    scope="launch/patient patient/*.rs openid",
    patients_per_hour=10,
)
PROVIDER = AddProvider(
    organisation="",
    kind="openid",
    name="Ash directory",
    issuer="https://id.example.com",
    client_id="wardkeep",
)


async def code_of(warden: RunningWarden, asked: Message) -> str:
    answer = await warden.operator.ask_any(asked)  # type: ignore[arg-type]
    return answer.code if isinstance(answer, Refusal) else ""


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"organisation": "nowhere"}, "no-such-organisation"),
        ({"name": "  "}, "bad-name"),
        ({"redirect_uris": ()}, "bad-redirect"),
        ({"redirect_uris": ("https://app.example.com/back",) * 99}, "bad-redirect"),
        ({"redirect_uris": ("http://app.example.com/back",)}, "bad-redirect"),
        ({"redirect_uris": ("com.example.app:/back",)}, "bad-redirect"),
        ({"launch_url": "http://app.example.com/"}, "bad-launch-url"),
        ({"scope": ""}, "bad-scope"),
        ({"scope": "everything"}, "bad-scope"),
        ({"jwks": b"{}"}, "bad-keys"),
    ],
)
async def test_an_app_is_registered_with_a_name_its_addresses_and_what_it_asks_for(
    warden: RunningWarden, more: dict[str, Any], code: str
) -> None:
    asked = msgspec.structs.replace(APP, **{"organisation": warden.home, **more})
    assert await code_of(warden, asked) == code
    listed = await warden.operator.ask_any(ListRegisteredApps(warden.home))
    assert listed == AppList(())


async def test_an_app_is_listed_until_it_is_ended(warden: RunningWarden) -> None:
    asked = msgspec.structs.replace(APP, organisation=warden.home)
    made = await warden.operator.ask_any(asked)
    assert isinstance(made, Created)
    listed = await warden.operator.ask_any(ListRegisteredApps(warden.home))
    assert isinstance(listed, AppList)
    assert [(one.app, one.name) for one in listed.apps] == [(made.id, APP.name)]
    assert await warden.operator.ask_any(EndApp(made.id)) == Done()
    assert await code_of(warden, EndApp(made.id)) == "no-such-app"
    assert await code_of(warden, ListRegisteredApps("nowhere")) != ""


async def test_that_programs_prove_their_keys_is_asked_for_and_taken_back(
    warden: RunningWarden,
) -> None:
    bound = warden.service._sessions.bound_only
    before = set(bound)
    assert await warden.operator.ask_any(RequireDpop(warden.home, is_on=True)) == Done()
    assert len(bound - before) == 1
    asked = RequireDpop(warden.home, is_on=False)
    assert await warden.operator.ask_any(asked) == Done()
    assert bound == before
    assert await code_of(warden, RequireDpop("nowhere", is_on=True)) != ""


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"organisation": "nowhere"}, "no-such-organisation"),
        ({"kind": "facebook"}, "bad-kind"),
        ({"name": " "}, "bad-provider"),
        ({"client_id": "a" * 2_000}, "bad-provider"),
        ({"issuer": "http://id.example.com"}, "bad-issuer"),
        ({"issuer": "https://localhost:9/none"}, "provider-unreachable"),
    ],
)
async def test_an_identity_provider_is_added_that_says_who_it_is(
    warden: RunningWarden, more: dict[str, Any], code: str
) -> None:
    asked = msgspec.structs.replace(PROVIDER, **{"organisation": warden.home, **more})
    assert await code_of(warden, asked) == code
    assert await warden.operator.ask_any(ListProviders()) == Providers(())
    assert await code_of(warden, EndProvider(NOBODY)) == "no-such-provider"


@pytest.fixture
async def admin(warden: RunningWarden) -> Colleague:
    return await colleague(warden, "administrator")


async def test_places_of_work_have_names_of_their_own_and_a_site_that_is_there(
    warden: RunningWarden, admin: Colleague
) -> None:
    async def said(asked: Message) -> str:
        answer = await warden.door.ask_any(asked)  # type: ignore[arg-type]
        return answer.code if isinstance(answer, Refusal) else ""

    nurse = await colleague(warden, "ward_nurse")
    for token in (nurse.token, "nobody"):
        assert await said(SaveSite(token, "North")) in {
            "not-your-work",
            "not-signed-in",
        }
        assert await said(SaveTeam(token, "Nights")) != ""
        assert await said(EndTeam(token, NOBODY)) != ""
    site = await warden.door.ask_any(SaveSite(admin.token, " North "))
    assert isinstance(site, Created)
    for name in ("", "a" * 500, "No\x07rth"):
        assert await said(SaveSite(admin.token, name)) == "bad-rights"
        assert await said(SaveTeam(admin.token, name)) == "bad-rights"
    assert await said(SaveSite(admin.token, "North", "no id")) == "bad-rights"
    assert await said(SaveSite(admin.token, "North")) == "already-there"
    assert await said(SaveSite(admin.token, "South", NOBODY)) == "no-such-team"
    assert await said(SaveTeam(admin.token, "Nights", NOBODY)) == "no-such-team"
    team = await warden.door.ask_any(SaveTeam(admin.token, "Nights", site.id))
    assert isinstance(team, Created)
    assert await said(SaveTeam(admin.token, "Nights")) == "already-there"
    assert await said(EndTeam(admin.token, "no id")) == "no-such-team"
    assert await said(EndTeam(admin.token, NOBODY)) == "no-such-team"
    assert await said(EndTeam(admin.token, team.id)) == ""
    assert await said(EndTeam(admin.token, team.id)) == "no-such-team"
