# SPDX-License-Identifier: Apache-2.0
"""A nurse links her smartcard's identity, signs in by it, and signs out there."""

import json
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest
from playwright.async_api import Browser

from support.chromium import PHONE, Device, arrive, chromium, clean, device
from support.openid_provider import OpenIdProvider, openid_providers
from support.served import Served, served

pytestmark = pytest.mark.asyncio(loop_scope="module")
SMARTCARD = {"acr": "AAL3_ANY", "amr": ["N3_SMARTCARD"]}
NAME = "Care Identity"


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenIdProvider]:
    with openid_providers() as running:
        yield running[0]


@pytest.fixture(scope="module")
def added(
    tmp_path_factory: pytest.TempPathFactory, provider: OpenIdProvider
) -> Iterator[tuple[Served, str]]:
    """The server, and the provider's id in it, set up by the command line."""
    with served(tmp_path_factory.mktemp("providers")) as running:
        running.found("fernhill")
        made = json.loads(
            running.command(
                *("identity-provider", "add", "--organisation", "fernhill"),
                *("--kind", "cis2", "--name", NAME, "--issuer", provider.issuer),
                *("--client-id", "wardkeep", "--json"),
            )
        )
        jwks = json.dumps(made["jwks"]).encode()
        provider.knows("wardkeep", jwks, origin=running.origin, provider=made["id"])
        assert NAME in running.command("identity-provider", "list")
        yield running, made["id"]


@pytest.fixture(scope="module")
def links(added: tuple[Served, str]) -> list[str]:
    """Enrolment links, as the command line prints them."""
    found = []
    for name in ("Rowan Ash", "Hazel Dun", "Linden Marsh"):
        told = added[0].command(
            *("account", "invite", "--organisation", "fernhill", "--name", name),
            *("--role", "ward_nurse", "--json"),
        )
        found.append(str(json.loads(told)["link"]))
    return found


def sign_out(provider: OpenIdProvider, **whom: str) -> object:
    """Somebody signs out there; what the provider heard of us."""
    return provider.tell("logout", client_id="wardkeep", **whom)


async def link_identity(own: Device, origin: str) -> None:
    await own.go(f"{origin}/account/identities")
    await own.reads("None is linked")
    await own.press("Link an identity")
    await own.press("Go on")
    await own.press(f"Link {NAME}")
    await own.reads("It is linked")


async def test_a_nurse_links_her_smartcard_and_signs_in_by_it(
    added: tuple[Served, str], provider: OpenIdProvider, links: list[str]
) -> None:
    server, _ = added
    provider.tell("next", sub="rowan", **SMARTCARD)
    async with chromium() as browser, device(browser, viewport=PHONE) as own:
        await arrive(own, links[0])
        await link_identity(own, server.origin)
        await clean(own, "identities-phone")
        await own.sign_out()
        await own.reads("You are signed out")
        await clean(own, "sign-in-providers-phone")
        # When she comes by the provider, to where she wanted to go
        await own.go(f"{server.origin}/account")
        await own.press(f"{NAME} Fernhill")
        await own.arrives("/account")
        await own.reads("Rowan Ash")
        # Then signing out here says where she may still be signed in
        await own.sign_out()
        await own.reads("You may still be signed in at Care Identity")
        await clean(own, "signed-out-provider-phone")


async def step_up_on_desktop(
    browser: Browser, server: Served, provider: OpenIdProvider, link: str
) -> None:
    async with device(browser) as own:
        await arrive(own, link)
        await link_identity(own, server.origin)
        await own.sign_out()
        # A code that can be phished is completed by a passkey of ours
        provider.tell("next", acr="AAL2_OR_AAL3_ANY", amr=["TOTP"])
        await own.context.clear_cookies()
        await own.go(f"{server.origin}/sign-in?next=/account")
        await clean(own, "sign-in-providers")
        await own.press(f"{NAME} Fernhill")
        await own.reads("One more step")
        await clean(own, "step-up")
        await own.press("Go on with your passkey")
        await own.reads("Hazel Dun")
        # Somebody whom nobody knows is told so, in words
        provider.tell("next", sub="stranger", **SMARTCARD)
        await own.context.clear_cookies()
        await own.go(f"{server.origin}/sign-in")
        await own.press(f"{NAME} Fernhill")
        await own.reads("That identity belongs to no account here")
        await clean(own, "provider-refused")


async def test_what_can_be_phished_is_completed_by_a_passkey(
    added: tuple[Served, str], provider: OpenIdProvider, links: list[str]
) -> None:
    provider.tell("next", sub="hazel", **SMARTCARD)
    async with chromium() as browser:
        await step_up_on_desktop(browser, added[0], provider, links[1])


async def test_signing_out_there_ends_the_session_here(
    added: tuple[Served, str], provider: OpenIdProvider, links: list[str]
) -> None:
    server, id_ = added
    provider.tell("next", sub="linden", **SMARTCARD)
    async with chromium() as browser, device(browser) as own:
        await arrive(own, links[2])
        await link_identity(own, server.origin)
        await own.sign_out()
        await own.go(f"{server.origin}/sign-in?next=/account")
        await own.press(f"{NAME} Fernhill")
        await own.reads("Linden Marsh")
        assert sign_out(provider, sub="somebody-else", sid="x") == {"status": 200}
        await own.go(f"{server.origin}/account")
        await own.reads("Linden Marsh")
        assert sign_out(provider, sub="linden") == {"status": 200}
        await own.go(f"{server.origin}/account")
        await own.reads("Your session has ended")
    connection = HTTPConnection("localhost", server.port)
    for token in ("", "a.b.c", "x" * 50_000):
        connection.request(
            "POST",
            f"/oauth/back-channel-logout/{id_}",
            f"logout_token={token}",
            {"Content-Type": "application/x-www-form-urlencoded"},
        )
        answer = connection.getresponse()
        assert (answer.status, answer.read()[:8]) == (400, b'{"error"')
    connection.close()
