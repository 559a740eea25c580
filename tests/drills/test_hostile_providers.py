# SPDX-License-Identifier: Apache-2.0
"""Identity providers that answer amiss, and what ends between two of their answers."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from support.acts import Colleague, colleague, confirm
from support.authenticator import SoftwareAuthenticator
from support.desks import desk_of
from support.openings import code_of
from support.owner import until_waited_for
from support.scripted_provider import DISCOVERY, ScriptedProvider, scripted_provider
from support.warden import (
    ORIGIN,
    RunningWarden,
    running_warden,
)
from wardkeep.db.connection import Connection
from wardkeep.disclosure.answers import (
    Answer,
    CeremonyOptions,
    Done,
    Refusal,
    SessionView,
    SignedIn,
)
from wardkeep.disclosure.federation import (
    AddProvider,
    BeginFederation,
    BeginStepUp,
    FederatedIn,
    FederationBegun,
    FinishFederation,
    FinishStepUp,
    IdentityLinked,
    ProviderLogout,
    Providers,
    StepUpNeeded,
)
from wardkeep.disclosure.people import ChangePasskeys
from wardkeep.disclosure.questions import CheckSession, EndSession, Invite
from wardkeep.warden.service.federation import Federation
from wardkeep.warden.service.known_providers import KnownProviders

PHISHABLE: dict[str, Any] = {"acr": None, "amr": ["pwd", "otp", "mfa"]}


@pytest.fixture
def provider() -> Iterator[ScriptedProvider]:
    with scripted_provider() as made:
        yield made


async def added(
    warden: RunningWarden, provider: ScriptedProvider, kind: str = "openid"
) -> str:
    asked = AddProvider(
        organisation=warden.home,
        kind=kind,
        name="Care Identity",
        issuer=provider.issuer,
        client_id=provider.client_id,
    )
    answer = await warden.operator.ask(asked, Providers)
    assert isinstance(answer, Providers), answer
    return answer.providers[0].id


async def begun(
    warden: RunningWarden, id_: str, linking: str = ""
) -> FederationBegun | Refusal:
    answer = await warden.door.ask_any(BeginFederation(id_, "/find", linking))
    assert isinstance(answer, FederationBegun | Refusal), answer
    return answer


async def signs_in(
    warden: RunningWarden,
    provider: ScriptedProvider,
    id_: str,
    linking: str = "",
    **changed: object,
) -> Answer:
    there = await begun(warden, id_, linking)
    assert isinstance(there, FederationBegun), there
    brought = provider.signs_in(there.url, **changed)
    return await back(warden, there, brought)


async def back(
    warden: RunningWarden, there: FederationBegun, brought: dict[str, str]
) -> Answer:
    return await warden.door.ask_any(
        FinishFederation(
            state=brought["state"],
            code=brought["code"],
            issuer="",
            browser=there.browser,
        )
    )


async def linked(
    warden: RunningWarden, provider: ScriptedProvider, id_: str
) -> Colleague:
    who = await colleague(warden, "ward_nurse")
    assert await confirm(warden, who, ChangePasskeys(), Done) == Done()
    answer = await signs_in(warden, provider, id_, who.token)
    assert answer == IdentityLinked(), answer
    return who


async def is_live(warden: RunningWarden, token: str) -> bool:
    return isinstance(await warden.door.ask_any(CheckSession(token)), SessionView)


# What it answers


async def test_a_provider_that_is_away_keeps_nobody_waiting(
    warden: RunningWarden, provider: ScriptedProvider
) -> None:
    id_ = await added(warden, provider)
    nurse = await linked(warden, provider, id_)
    await warden.service.close()
    async with running_warden(warden.installation) as again:
        provider.says(DISCOVERY, b"", status=503)
        assert code_of(await begun(again, id_)) == "provider-unreachable"
        logout = ProviderLogout(id_, provider.signs_out())
        assert isinstance(await again.door.ask_any(logout), Refusal)
        assert isinstance(await again.sign_in(nurse.key), SignedIn)


async def test_a_provider_that_goes_away_meanwhile_signs_nobody_in(
    warden: RunningWarden, provider: ScriptedProvider
) -> None:
    id_ = await added(warden, provider)
    await linked(warden, provider, id_)
    there = await begun(warden, id_)
    assert isinstance(there, FederationBegun)
    brought = provider.signs_in(there.url)
    provider.says(DISCOVERY, b"", status=503)
    client = known(warden).get(id_)
    assert client is not None
    client._discovery = None  # as an hour later
    assert code_of(await back(warden, there, brought)) == "provider-unreachable"


@pytest.mark.parametrize(
    "token",
    ["", "nonsense", "x" * 100_000, "eyJhbGciOiJub25lIn0.e30."],
    ids=["empty", "nonsense", "huge", "alg-none"],
)
async def test_a_token_that_is_none_signs_nobody_in(
    warden: RunningWarden, provider: ScriptedProvider, token: str
) -> None:
    id_ = await added(warden, provider)
    await linked(warden, provider, id_)
    there = await begun(warden, id_)
    assert isinstance(there, FederationBegun)
    brought = provider.signs_in(there.url)
    provider.says("/token", {"id_token": token, "access_token": "opaque"})
    assert code_of(await back(warden, there, brought)) == "provider-sign-in-refused"


async def test_its_keys_are_read_once_for_many(
    warden: RunningWarden, provider: ScriptedProvider
) -> None:
    id_ = await added(warden, provider)
    await linked(warden, provider, id_)
    for _ in range(3):
        assert isinstance(await signs_in(warden, provider, id_), FederatedIn)
    assert provider.asked.count("/jwks") == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [(503, b""), (200, b"nonsense"), (200, b"\xff\xfe"), (200, b'{"sub": "another"}')],
    ids=["away", "nonsense", "no-text", "another"],
)
async def test_who_the_person_is_comes_from_the_provider_itself(
    warden: RunningWarden, provider: ScriptedProvider, status: int, body: bytes
) -> None:
    id_ = await added(warden, provider, "nhs-login")
    provider.says("/userinfo", body, status=status)
    answer = await signs_in(warden, provider, id_)
    assert code_of(answer) == "provider-sign-in-refused"
    assert "/userinfo" in provider.asked


# What ends meanwhile


async def test_a_link_for_a_session_that_ended_meanwhile_is_nobodys(
    warden: RunningWarden, provider: ScriptedProvider
) -> None:
    id_ = await added(warden, provider)
    who = await colleague(warden, "ward_nurse")
    assert await confirm(warden, who, ChangePasskeys(), Done) == Done()
    there = await begun(warden, id_, who.token)
    assert isinstance(there, FederationBegun), there
    brought = provider.signs_in(there.url)
    assert await warden.door.ask_any(EndSession(who.token)) == Done()
    assert code_of(await back(warden, there, brought)) == "identity-taken"


async def test_who_has_no_passkey_left_enters_by_no_code_of_theirs(
    warden: RunningWarden, provider: ScriptedProvider, owner: Connection
) -> None:
    id_ = await added(warden, provider)
    who = await linked(warden, provider, id_)
    await owner.execute(
        "update warden.credential set revoked_at = now()"
        " where account = $1::text::uuid",
        who.account,
    )
    answer = await signs_in(warden, provider, id_, **PHISHABLE)
    assert isinstance(answer, Refusal)


async def test_a_provider_that_ends_while_somebody_comes_back_lets_nobody_in(
    warden: RunningWarden, provider: ScriptedProvider, owner: Connection
) -> None:
    id_ = await added(warden, provider)
    await linked(warden, provider, id_)
    there = await begun(warden, id_)
    assert isinstance(there, FederationBegun)
    brought = provider.signs_in(there.url)
    async with owner.transaction():
        await owner.execute("lock table warden.membership in access exclusive mode")
        coming = asyncio.create_task(back(warden, there, brought))
        await until_waited_for(owner)
        assert known(warden).end(id_) is not None
    assert code_of(await coming) == "no-such-provider"


def known(warden: RunningWarden) -> KnownProviders:
    """The warden's own memory of providers."""
    return desk_of(warden, Federation)._parts.known


async def needs_passkey(
    warden: RunningWarden, provider: ScriptedProvider, id_: str
) -> str:
    needed = await signs_in(warden, provider, id_, **PHISHABLE)
    assert isinstance(needed, StepUpNeeded), needed
    return needed.ticket


async def test_a_ticket_is_good_for_its_own_person_and_once(
    warden: RunningWarden, provider: ScriptedProvider, owner: Connection
) -> None:
    id_ = await added(warden, provider)
    nurse = await linked(warden, provider, id_)
    ticket = await needs_passkey(warden, provider, id_)
    options = await warden.door.ask(BeginStepUp(ticket), CeremonyOptions)
    assert isinstance(options, CeremonyOptions)
    wrong = FinishStepUp(ticket, b"{}", "x")
    assert isinstance(await warden.door.ask_any(wrong), Refusal)
    both = []
    for _ in range(2):
        options = await warden.door.ask(BeginStepUp(ticket), CeremonyOptions)
        assert isinstance(options, CeremonyOptions)
        both.append(FinishStepUp(ticket, nurse.key.sign_in(options.options), "x"))
    async with owner.transaction():
        await owner.execute("select from warden.credential for update")
        asked = [asyncio.create_task(warden.door.ask_any(one)) for one in both]
        await until_waited_for(owner, many=2)
    answers = [await one for one in asked]
    assert sorted(isinstance(one, FederatedIn) for one in answers) == [False, True]


async def test_guarded_work_takes_a_passkey_of_one_device_behind_a_provider_too(
    warden: RunningWarden, provider: ScriptedProvider, owner: Connection
) -> None:
    id_ = await added(warden, provider)
    key = SoftwareAuthenticator(origin=ORIGIN)
    key.is_backup_eligible = key.is_backed_up = True
    account = await warden.account("ward_nurse")
    made = await warden.use_link(await warden.tell(Invite(account, 1.0)), key)
    assert isinstance(made, SignedIn), made
    who = Colleague(account, made.token, key)
    assert await confirm(warden, who, ChangePasskeys(), Done) == Done()
    assert await signs_in(warden, provider, id_, who.token) == IdentityLinked()
    await owner.execute(
        "update warden.membership set role = 'administrator'"
        " where account = $1::text::uuid",
        account,
    )
    ticket = await needs_passkey(warden, provider, id_)
    options = await warden.door.ask(BeginStepUp(ticket), CeremonyOptions)
    assert isinstance(options, CeremonyOptions)
    finished = FinishStepUp(ticket, key.sign_in(options.options), "x")
    assert code_of(await warden.door.ask_any(finished)) == "device-bound"


# Signing out there


async def test_signing_out_there_ends_what_began_there_once(
    warden: RunningWarden, provider: ScriptedProvider
) -> None:
    id_ = await added(warden, provider)
    nurse = await linked(warden, provider, id_)
    tokens = []
    for sid in ("tab-1", "tab-2"):
        entered = await signs_in(warden, provider, id_, sid=sid)
        assert isinstance(entered, FederatedIn), entered
        tokens.append(entered.token)
    one_tab = ProviderLogout(id_, provider.signs_out(sid="tab-1"))
    assert await warden.door.ask_any(one_tab) == Done()
    assert [await is_live(warden, one) for one in tokens] == [False, True]
    assert isinstance(await warden.door.ask_any(one_tab), Refusal), (
        "a token is good once"
    )
    everything = ProviderLogout(id_, provider.signs_out())
    assert await warden.door.ask_any(everything) == Done()
    assert not await is_live(warden, tokens[1])
    # What a passkey of ours opened is none of the provider's business.
    assert await is_live(warden, nurse.token)


@pytest.mark.parametrize("wrong", [{"aud": "another"}, {"events": {}}, {"iat": 1}])
async def test_a_logout_that_is_not_the_providers_ends_nothing(
    warden: RunningWarden, provider: ScriptedProvider, wrong: dict[str, object]
) -> None:
    id_ = await added(warden, provider)
    await linked(warden, provider, id_)
    entered = await signs_in(warden, provider, id_)
    assert isinstance(entered, FederatedIn), entered
    logout = ProviderLogout(id_, provider.signs_out(**wrong))
    assert isinstance(await warden.door.ask_any(logout), Refusal)
    assert isinstance(
        await warden.door.ask_any(ProviderLogout("nobody", "nonsense")), Refusal
    )
    assert await is_live(warden, entered.token)
