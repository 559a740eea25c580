# SPDX-License-Identifier: Apache-2.0
"""Signing in by an identity provider, and everything that must not sign anybody in.

The provider is real and certified (npm `oidc-provider`); it is told who signs in and
how, to change its keys, to have another clock, and to misbehave.
"""

import secrets
import time
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from support.acts import Colleague, colleague, confirm
from support.openid_provider import OpenIdProvider, openid_providers
from support.warden import ORIGIN, Installation, RunningWarden, running_warden
from wardkeep.disclosure.answers import (
    Answer,
    CeremonyOptions,
    Done,
    Refusal,
    SessionView,
)
from wardkeep.disclosure.federation import (
    AddProvider,
    BeginFederation,
    BeginStepUp,
    EndProvider,
    FederatedIn,
    FederationBegun,
    FinishFederation,
    FinishStepUp,
    Identities,
    IdentityLinked,
    ListIdentities,
    Providers,
    StepUpNeeded,
    UnlinkIdentity,
)
from wardkeep.disclosure.people import ChangePasskeys, EndPerson
from wardkeep.disclosure.questions import CheckSession
from wardkeep.identity.outside import PATIENCE_SECONDS
from wardkeep.warden.service.provider_client import ProviderClient

SMARTCARD = {"acr": "AAL3_ANY", "amr": ["N3_SMARTCARD"]}
CODES = {"acr": "AAL2_OR_AAL3_ANY", "amr": ["TOTP"]}


@pytest.fixture(scope="module")
def servers() -> Iterator[list[OpenIdProvider]]:
    with openid_providers(2) as running:
        yield running


@pytest.fixture
def server(servers: list[OpenIdProvider]) -> Iterator[OpenIdProvider]:
    one = servers[0]
    yield one
    one.tell("misbehave")
    one.tell("skew", seconds=0)
    one.tell("next", denies=False, claims={}, signedInAgo=0)


class Way(NamedTuple):
    """A browser that came back from a provider."""

    browser: str
    brought: dict[str, str]


async def added(
    warden: RunningWarden, server: OpenIdProvider, kind: str = "cis2"
) -> str:
    """The provider, set up on both sides; its id."""
    client_id = f"client-{secrets.token_hex(4)}"
    answer = await warden.operator.ask(
        AddProvider(
            organisation=warden.home,
            kind=kind,
            name="Care Identity",
            issuer=server.issuer,
            client_id=client_id,
        ),
        Providers,
    )
    assert isinstance(answer, Providers), answer
    one = answer.providers[0]
    server.knows(client_id, one.jwks, origin=ORIGIN, provider=one.id)
    return one.id


async def went(
    warden: RunningWarden, server: OpenIdProvider, provider: str, linking: str = ""
) -> Way:
    begun = await warden.door.ask(
        BeginFederation(provider, "/find", linking), FederationBegun
    )
    assert isinstance(begun, FederationBegun), begun
    return Way(begun.browser, server.sign_in(begun.url))


async def came(warden: RunningWarden, way: Way, **changed: str) -> Answer:
    told = {
        "state": way.brought.get("state", ""),
        "code": way.brought.get("code", ""),
        "issuer": way.brought.get("iss", ""),
        "browser": way.browser,
        **changed,
    }
    return await warden.door.ask_any(FinishFederation(**told))


async def sign_in(
    warden: RunningWarden, server: OpenIdProvider, provider: str
) -> Answer:
    return await came(warden, await went(warden, server, provider))


async def linked(
    warden: RunningWarden,
    server: OpenIdProvider,
    provider: str,
    role: str = "ward_nurse",
) -> Colleague:
    """A colleague whose identity at the provider is linked; the next to sign in."""
    who = await colleague(warden, role)
    server.tell("next", sub=f"sub-{who.account}", **SMARTCARD)
    assert await confirm(warden, who, ChangePasskeys(), Done) == Done()
    way = await went(warden, server, provider, who.token)
    assert await came(warden, way) == IdentityLinked()
    return who


def code_of(answer: object) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code


async def state(warden: RunningWarden, token: str) -> str:
    seen = await warden.door.ask(CheckSession(token), SessionView)
    return seen.code if isinstance(seen, Refusal) else seen.account


# What it is for


async def test_a_smartcard_there_opens_a_session_here(
    warden: RunningWarden, server: OpenIdProvider
) -> None:
    provider = await added(warden, server)
    nurse = await linked(warden, server, provider)
    entered = await sign_in(warden, server, provider)
    assert isinstance(entered, FederatedIn), entered
    assert entered.next == "/find"
    assert await state(warden, entered.token) == nurse.account
    actions = [one.action for one in warden.entries()]
    assert actions[-1] == "sign-in"
    assert "link-identity" in actions


@pytest.mark.parametrize(
    "how",
    [
        CODES,
        {"acr": "AAL2_OR_AAL3_ANY", "amr": ["NHSMAIL"]},
        {"acr": "AAL3_ANY", "amr": ["N3_SMARTCARD", "TOTP"]},
        {"acr": "AAL3_ANY", "amr": ["SOMETHING_NEW"]},
        {"acr": "AAL3_ANY", "amr": []},
        {"acr": "AAL3_ANY", "amr": None},
    ],
    ids=["code", "mail", "mixed", "unknown", "empty", "missing"],
)
async def test_what_can_be_phished_needs_a_passkey_of_ours(
    warden: RunningWarden, server: OpenIdProvider, how: dict[str, object]
) -> None:
    provider = await added(warden, server)
    nurse = await linked(warden, server, provider)
    thief = await colleague(warden, "ward_nurse", name="Hazel Dun")
    server.tell("next", **how)
    needed = await sign_in(warden, server, provider)
    assert isinstance(needed, StepUpNeeded), needed

    async def step_up(who: Colleague) -> Answer:
        options = await warden.door.ask(BeginStepUp(needed.ticket), CeremonyOptions)
        assert isinstance(options, CeremonyOptions), options
        response = who.key.sign_in(options.options)
        return await warden.door.ask_any(FinishStepUp(needed.ticket, response, "x"))

    assert code_of(await step_up(thief)) == "sign-in-refused"
    entered = await step_up(nurse)
    assert isinstance(entered, FederatedIn), entered
    assert await state(warden, entered.token) == nurse.account
    again = await warden.door.ask_any(BeginStepUp(needed.ticket))
    assert code_of(again) == "provider-sign-in-refused", "a ticket is good once"


async def test_a_level_that_is_too_low_is_refused(
    warden: RunningWarden, server: OpenIdProvider
) -> None:
    provider = await added(warden, server)
    await linked(warden, server, provider)
    server.tell("next", acr="AAL1_USERPASS", amr=["N3_SMARTCARD"])
    refused = await sign_in(warden, server, provider)
    assert code_of(refused) == "provider-sign-in-refused"


async def test_administrators_always_use_a_passkey_of_ours(
    warden: RunningWarden, server: OpenIdProvider
) -> None:
    provider = await added(warden, server)
    await linked(warden, server, provider, "administrator")
    entered = await sign_in(warden, server, provider)
    assert isinstance(entered, StepUpNeeded), entered


async def test_other_providers_say_by_the_standard_that_it_holds(
    warden: RunningWarden, server: OpenIdProvider
) -> None:
    provider = await added(warden, server, "openid")
    await linked(warden, server, provider)
    for how, kind in (
        ({"acr": "phr", "amr": ["pop"]}, FederatedIn),
        ({"acr": None, "amr": ["fido", "mfa"]}, FederatedIn),
        ({"acr": None, "amr": ["pwd", "otp", "mfa"]}, StepUpNeeded),
    ):
        server.tell("next", **how)
        assert isinstance(await sign_in(warden, server, provider), kind), how


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"vot": "P9.Cm", "vtm": "{}/trustmark/here"}, "no-record"),
        ({"vot": "P9.Cp.Cd", "vtm": "{}/trustmark/here"}, "no-record"),
        ({"vot": "P5.Cp.Cd", "vtm": "{}/trustmark/here"}, "provider-sign-in-refused"),
        ({"vot": "P9.Cm", "vtm": "https://x/trustmark/"}, "provider-sign-in-refused"),
        ({"vot": "P9.Cm"}, "provider-sign-in-refused"),
        ({}, "provider-sign-in-refused"),
    ],
)
async def test_patients_are_let_no_further_without_a_record(
    warden: RunningWarden, server: OpenIdProvider, claims: dict[str, str], code: str
) -> None:
    provider = await added(warden, server, "nhs-login")
    told = {name: value.format(server.issuer) for name, value in claims.items()}
    server.tell("next", sub="a-patient", claims=told)
    assert code_of(await sign_in(warden, server, provider)) == code


# Linking


async def test_an_identity_is_linked_by_a_passkey_used_just_now_only(
    warden: RunningWarden, server: OpenIdProvider
) -> None:
    provider = await added(warden, server)
    nurse = await colleague(warden, "ward_nurse")
    asked = BeginFederation(provider, "/", nurse.token)
    assert code_of(await warden.door.ask_any(asked)) == "not-signed-in"
    server.tell("next", sub="nobody-here", **SMARTCARD)
    assert code_of(await sign_in(warden, server, provider)) == "not-linked"


async def test_an_identity_is_one_persons(
    warden: RunningWarden, server: OpenIdProvider
) -> None:
    provider = await added(warden, server)
    nurse = await linked(warden, server, provider)
    other = await colleague(warden, "ward_nurse", name="Hazel Dun")
    await confirm(warden, other, ChangePasskeys(), Done)
    way = await went(warden, server, provider, other.token)
    assert code_of(await came(warden, way)) == "identity-taken"
    entered = await sign_in(warden, server, provider)
    assert isinstance(entered, FederatedIn)
    assert await state(warden, entered.token) == nurse.account


async def test_an_identity_that_is_unlinked_opens_nothing_and_ends_its_sessions(
    warden: RunningWarden, server: OpenIdProvider
) -> None:
    provider = await added(warden, server)
    nurse = await linked(warden, server, provider)
    entered = await sign_in(warden, server, provider)
    assert isinstance(entered, FederatedIn)
    found = await warden.door.ask(ListIdentities(nurse.token), Identities)
    assert isinstance(found, Identities)
    identity = found.identities[0].id
    stranger = await colleague(warden, "ward_nurse", name="Hazel Dun")
    refused = await warden.door.ask_any(UnlinkIdentity(stranger.token, identity))
    assert code_of(refused) == "no-such-identity"
    assert await warden.door.ask_any(UnlinkIdentity(nurse.token, identity)) == Done()
    assert await state(warden, entered.token) == "not-signed-in"
    assert await state(warden, nurse.token) == nurse.account
    assert code_of(await sign_in(warden, server, provider)) == "not-linked"


async def test_a_leaver_does_not_come_back_by_a_provider(
    warden: RunningWarden, server: OpenIdProvider
) -> None:
    provider = await added(warden, server)
    nurse = await linked(warden, server, provider)
    entered = await sign_in(warden, server, provider)
    assert isinstance(entered, FederatedIn)
    ada = await colleague(warden, "administrator", name="Ada Holt")
    await confirm(warden, ada, EndPerson(nurse.account), Done)
    assert await state(warden, entered.token) == "not-signed-in"
    assert code_of(await sign_in(warden, server, provider)) == "not-linked"


async def test_a_provider_that_ended_and_its_sessions_are_out_at_once(
    warden: RunningWarden, server: OpenIdProvider
) -> None:
    provider = await added(warden, server)
    await linked(warden, server, provider)
    entered = await sign_in(warden, server, provider)
    assert isinstance(entered, FederatedIn)
    way = await went(warden, server, provider)
    await warden.operator.ask(EndProvider(provider), Done)
    assert await state(warden, entered.token) == "not-signed-in"
    assert code_of(await came(warden, way)) == "provider-sign-in-refused"


# Attacks


async def test_a_callback_is_good_once_and_in_its_own_browser_only(
    warden: RunningWarden, server: OpenIdProvider
) -> None:
    provider = await added(warden, server)
    await linked(warden, server, provider)
    way = await went(warden, server, provider)
    victims = await went(warden, server, provider)
    refused = await came(warden, way, browser=victims.browser)
    assert code_of(refused) == "provider-sign-in-refused", "another browser"
    refused = await came(warden, way)
    assert code_of(refused) == "provider-sign-in-refused", "tried before"
    assert isinstance(await came(warden, victims), FederatedIn)
    refused = await came(warden, victims)
    assert code_of(refused) == "provider-sign-in-refused", "used before"


async def test_a_code_of_another_request_is_refused(
    warden: RunningWarden, server: OpenIdProvider
) -> None:
    """Its nonce and its proof key are another's (RFC 7636)."""
    provider = await added(warden, server)
    await linked(warden, server, provider)
    mine, theirs = [await went(warden, server, provider) for _ in range(2)]
    refused = await came(warden, mine, code=theirs.brought["code"])
    assert code_of(refused) == "provider-sign-in-refused"


async def test_a_code_of_another_provider_is_never_sent_to_this_one(
    warden: RunningWarden, servers: list[OpenIdProvider], server: OpenIdProvider
) -> None:
    ours, evil = server, servers[1]
    provider, other = await added(warden, ours), await added(warden, evil)
    await linked(warden, ours, provider)
    way = await went(warden, ours, provider)
    detour = await warden.door.ask(BeginFederation(other), FederationBegun)
    assert isinstance(detour, FederationBegun)
    before = evil.tell("asked").get("/token", 0)
    evil_state = evil.sign_in(detour.url)["state"]
    mixed = Way(detour.browser, {**way.brought, "state": evil_state})
    assert code_of(await came(warden, mixed)) == "provider-sign-in-refused"
    silent = await warden.door.ask(BeginFederation(other), FederationBegun)
    assert isinstance(silent, FederationBegun)
    bare = Way(silent.browser, evil.sign_in(silent.url))
    assert code_of(await came(warden, bare, issuer="")) == "provider-sign-in-refused"
    assert evil.tell("asked").get("/token", 0) == before


async def test_keys_may_turn_over_between_two_people(
    warden: RunningWarden, server: OpenIdProvider
) -> None:
    provider = await added(warden, server)
    await linked(warden, server, provider)
    assert isinstance(await sign_in(warden, server, provider), FederatedIn)
    server.tell("rotate")
    # Keys were read a moment ago: a flood of unknown key ids makes no flood there.
    refused = await sign_in(warden, server, provider)
    assert code_of(refused) == "provider-sign-in-refused"
    client = _client(warden, provider)
    client._keys_at = None
    reads = server.tell("asked")["/jwks"]
    assert isinstance(await sign_in(warden, server, provider), FederatedIn)
    assert server.tell("asked")["/jwks"] == reads + 1


def _client(warden: RunningWarden, provider: str) -> ProviderClient:
    for desk in warden.service._door_later.values():
        known = getattr(getattr(desk, "__self__", None), "_known", None)
        if known is not None and hasattr(known, "of_organisation"):
            client = known.get(provider)
            assert isinstance(client, ProviderClient)
            return client
    raise AssertionError


@pytest.mark.parametrize(
    ("seconds", "is_fine"), [(-40, True), (40, True), (-4000, False), (4000, False)]
)
async def test_clocks_may_differ_by_a_minute_and_no_more(
    warden: RunningWarden, server: OpenIdProvider, seconds: int, *, is_fine: bool
) -> None:
    provider = await added(warden, server)
    await linked(warden, server, provider)
    server.tell("skew", seconds=seconds)
    answer = await sign_in(warden, server, provider)
    assert isinstance(answer, FederatedIn) == is_fine, answer


async def test_a_sign_in_of_an_hour_ago_is_none(
    warden: RunningWarden, server: OpenIdProvider
) -> None:
    provider = await added(warden, server)
    await linked(warden, server, provider)
    server.tell("next", signedInAgo=3600)
    # The provider itself asks again where it is told `max_age`; ours is held as well.
    begun = await warden.door.ask(BeginFederation(provider), FederationBegun)
    assert isinstance(begun, FederationBegun)
    url = begun.url.replace("max_age=300", "max_age=7200")
    way = Way(begun.browser, server.sign_in(url))
    assert code_of(await came(warden, way)) == "provider-sign-in-refused"


async def test_who_says_no_there_is_not_signed_in_here(
    warden: RunningWarden, server: OpenIdProvider
) -> None:
    provider = await added(warden, server)
    await linked(warden, server, provider)
    server.tell("next", denies=True)
    way = await went(warden, server, provider)
    assert way.brought["error"] == "access_denied"
    assert code_of(await came(warden, way)) == "provider-sign-in-refused"


@pytest.mark.parametrize("how", ["nonsense", "huge", "redirect", "drip"])
@pytest.mark.parametrize("path", ["/token", "/jwks"])
async def test_a_provider_that_misbehaves_costs_seconds_and_signs_nobody_in(
    warden: RunningWarden, server: OpenIdProvider, how: str, path: str
) -> None:
    provider = await added(warden, server)
    await linked(warden, server, provider)
    _client(warden, provider)._keys_at = None
    _client(warden, provider)._keys = ()
    way = await went(warden, server, provider)
    server.tell("misbehave", **{path: how})
    began = time.monotonic()
    assert code_of(await came(warden, way)) == "provider-sign-in-refused"
    assert time.monotonic() - began < PATIENCE_SECONDS + 2


@pytest.mark.parametrize("how", ["nonsense", "huge", "redirect"])
async def test_a_provider_that_publishes_nonsense_is_not_added(
    warden: RunningWarden, server: OpenIdProvider, how: str
) -> None:
    server.tell("misbehave", **{"/.well-known/openid-configuration": how})
    asked = AddProvider(
        organisation=warden.home,
        kind="openid",
        name="Odd",
        issuer=server.issuer,
        client_id="x",
    )
    answer = await warden.operator.ask(asked, Providers)
    assert code_of(answer) == "provider-unreachable"


async def test_sessions_by_a_provider_survive_a_restart_and_still_end_with_it(
    installation: Installation, server: OpenIdProvider
) -> None:
    async with running_warden(installation) as warden:
        warden.home = f"org-{secrets.token_hex(4)}"
        await warden.organisation(warden.home)
        provider = await added(warden, server)
        nurse = await linked(warden, server, provider)
        entered = await sign_in(warden, server, provider)
        assert isinstance(entered, FederatedIn)
    async with running_warden(installation) as warden:
        assert await state(warden, entered.token) == nurse.account
        assert isinstance(await sign_in(warden, server, provider), FederatedIn)
        await warden.operator.ask(EndProvider(provider), Done)
        assert await state(warden, entered.token) == "not-signed-in"
