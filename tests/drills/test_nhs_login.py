# SPDX-License-Identifier: Apache-2.0
"""Patients by NHS login: proven facts open the one record that they name, or nothing.

The provider is a certified one (npm `oidc-provider`) that says what NHS login says; the
records are stored by the API of a running installation.
"""

import asyncio
import datetime as dt
import json
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import closing

import pytest

from support.acts import Colleague, confirm
from support.authenticator import SoftwareAuthenticator
from support.openid_provider import OpenIdProvider, openid_providers
from support.program import Program
from support.served import Served, served
from support.warden import RunningWarden
from wardkeep.base.nhs_number import SYSTEM, nth_test_number
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
    FederatedIn,
    FederationBegun,
    FinishFederation,
    FinishStepUp,
    IdentityLinked,
    Providers,
    StepUpNeeded,
)
from wardkeep.disclosure.patients import InvitePatient, OwnAccess, ReadOwnAccess
from wardkeep.disclosure.people import ChangePasskeys, Links
from wardkeep.disclosure.questions import CheckSession
from wardkeep.fhir.search.days import day_term
from wardkeep.fhir.search.index import identifier_term
from wardkeep.identity.own_records import terms_of

BORN = dt.date(1950, 2, 3)
ANNA, TWIN, BERT = (nth_test_number(one) for one in (41, 42, 43))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("nhs-login")) as running:
        running.found("fernhill")
        running.found("hollow")
        keys = tmp_path_factory.mktemp("keys")
        with closing(Program(running, keys, organisation="fernhill")) as program:
            for id_, number in (
                ("anna", ANNA),
                ("twin-1", TWIN),
                ("twin-2", TWIN),
                ("bert", BERT),
            ):
                program.put(
                    {
                        "resourceType": "Patient",
                        "id": id_,
                        "identifier": [{"system": SYSTEM, "value": number}],
                        "birthDate": BORN.isoformat(),
                    }
                )
        yield running


@pytest.fixture
async def warden(installed: Served) -> AsyncIterator[RunningWarden]:
    running = RunningWarden(installed, None)  # type: ignore[arg-type]
    yield running
    await running.door.close()
    await running.operator.close()


@pytest.fixture(scope="module")
def server() -> Iterator[OpenIdProvider]:
    with openid_providers(1) as running:
        yield running[0]


@pytest.fixture
async def provider(warden: RunningWarden, server: OpenIdProvider) -> str:
    return await added(warden, server, "fernhill")


async def added(
    warden: RunningWarden, server: OpenIdProvider, organisation: str
) -> str:
    client_id = f"client-{secrets.token_hex(4)}"
    answer = await warden.operator.ask(
        AddProvider(
            organisation=organisation,
            kind="nhs-login",
            name="NHS login",
            issuer=server.issuer,
            client_id=client_id,
        ),
        Providers,
    )
    assert isinstance(answer, Providers), answer
    one = next(it for it in answer.providers if it.client_id == client_id)
    origin = warden.installation.origin  # type: ignore[attr-defined]
    server.knows(client_id, one.jwks, origin=origin, provider=one.id)
    return one.id


def says(
    server: OpenIdProvider, number: str, *, vot: str = "P9.Cm", **more: object
) -> str:
    """Who signs in there next, with what is proven of them; their subject."""
    subject = str(more.pop("sub", f"subject-{secrets.token_hex(4)}"))
    claims = {
        "vot": vot,
        "vtm": f"{server.issuer}/trustmark/here",
        "nhs_number": number,
        "birthdate": BORN.isoformat(),
    }
    told: Mapping[str, object] = {"claims": claims, "profile": {}}
    server.tell("next", sub=subject, **{**told, **more})
    return subject


async def sign_in(
    warden: RunningWarden, server: OpenIdProvider, provider: str, linking: str = ""
) -> Answer:
    begun = await warden.door.ask(
        BeginFederation(provider, "/my-record", linking), FederationBegun
    )
    assert isinstance(begun, FederationBegun), begun
    brought = await asyncio.to_thread(server.sign_in, begun.url)
    return await warden.door.ask_any(
        FinishFederation(
            state=brought.get("state", ""),
            code=brought.get("code", ""),
            issuer=brought.get("iss", ""),
            browser=begun.browser,
        )
    )


async def whose(warden: RunningWarden, entered: Answer) -> SessionView:
    assert isinstance(entered, FederatedIn), entered
    view = await warden.door.ask(CheckSession(entered.token), SessionView)
    assert isinstance(view, SessionView), view
    return view


def code_of(answer: Answer) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code


def test_the_warden_and_the_index_name_a_person_alike() -> None:
    assert terms_of(ANNA, BORN) == (
        identifier_term("Patient", SYSTEM, ANNA),
        day_term("Patient.birthDate", BORN),
    )


async def test_a_proven_patient_reaches_the_own_record_and_comes_back_to_it(
    warden: RunningWarden, server: OpenIdProvider, provider: str
) -> None:
    subject = says(server, ANNA)
    first = await whose(warden, await sign_in(warden, server, provider))
    assert (first.role, first.own_patient) == ("patient", "anna")
    assert first.factor == "identity-provider"
    says(server, ANNA, sub=subject)
    again = await sign_in(warden, server, provider)
    second = await whose(warden, again)
    assert second.account == first.account
    assert isinstance(again, FederatedIn)
    found = await warden.door.ask(ReadOwnAccess(again.token), OwnAccess)
    assert isinstance(found, OwnAccess)
    assert found.total


@pytest.mark.parametrize("number", [nth_test_number(99), TWIN, "9990000000", ""])
async def test_facts_that_name_nobody_or_two_open_nothing(
    warden: RunningWarden, server: OpenIdProvider, provider: str, number: str
) -> None:
    says(server, number)
    assert code_of(await sign_in(warden, server, provider)) == "no-record"


async def test_the_birth_date_must_agree_as_well(
    warden: RunningWarden, server: OpenIdProvider, provider: str
) -> None:
    for born in ("1950-02-04", "03/02/1950", "", None):
        claims = {
            "vot": "P9.Cm",
            "vtm": f"{server.issuer}/trustmark/here",
            "nhs_number": ANNA,
            "birthdate": born,
        }
        server.tell("next", sub=f"born-{born}", claims=claims)
        assert code_of(await sign_in(warden, server, provider)) == "no-record"


async def test_another_organisations_provider_opens_no_record_here(
    warden: RunningWarden, server: OpenIdProvider
) -> None:
    theirs = await added(warden, server, "hollow")
    says(server, ANNA)
    assert code_of(await sign_in(warden, server, theirs)) == "no-record"


async def test_who_could_have_been_talked_out_of_it_gets_in_by_a_passkey_only(
    warden: RunningWarden, server: OpenIdProvider, provider: str
) -> None:
    says(server, BERT, vot="P9.Cp.Cd")
    assert code_of(await sign_in(warden, server, provider)) == "phishable"
    token, key = await invited(warden, "bert")
    subject = await linked(warden, server, provider, token, key)
    says(server, BERT, vot="P9.Cp.Cd", sub=subject)
    needed = await sign_in(warden, server, provider)
    assert isinstance(needed, StepUpNeeded), needed
    options = await warden.door.ask(BeginStepUp(needed.ticket), CeremonyOptions)
    assert isinstance(options, CeremonyOptions), options
    entered = await warden.door.ask_any(
        FinishStepUp(needed.ticket, key.sign_in(options.options))
    )
    view = await whose(warden, entered)
    assert (view.own_patient, view.factor) == ("bert", "passkey")


async def invited(
    warden: RunningWarden, patient: str
) -> tuple[str, SoftwareAuthenticator]:
    """A patient's session by a link that a nurse gave; and the passkey."""
    origin = warden.installation.origin  # type: ignore[attr-defined]
    account = await warden.account("ward_nurse", organisation="fernhill")
    hers = SoftwareAuthenticator(origin=origin)
    token, _ = await warden.enrol(account, hers)
    await warden.relate(account, patient)
    nurse = Colleague(account, token, hers)
    links = await confirm(warden, nurse, InvitePatient(patient), Links)
    assert isinstance(links, Links), links
    key = SoftwareAuthenticator(origin=origin)
    entered = await warden.use_link(links.links[0].secret, key)
    assert not isinstance(entered, Refusal), entered
    return entered.token, key


async def linked(
    warden: RunningWarden,
    server: OpenIdProvider,
    provider: str,
    token: str,
    key: SoftwareAuthenticator,
) -> str:
    """The identity of the right person is linked, anybody else's is not."""
    view = await warden.door.ask(CheckSession(token), SessionView)
    assert isinstance(view, SessionView)
    patient = Colleague(view.account, token, key)
    assert await confirm(warden, patient, ChangePasskeys(), Done) == Done()
    says(server, ANNA, vot="P9.Cp.Cd")
    refused = await sign_in(warden, server, provider, token)
    assert code_of(refused) == "identity-not-yours"
    subject = says(server, BERT, vot="P9.Cp.Cd")
    assert await sign_in(warden, server, provider, token) == IdentityLinked()
    return subject


async def test_staff_cannot_link_what_is_for_patients(
    warden: RunningWarden, server: OpenIdProvider, provider: str
) -> None:
    origin = warden.installation.origin  # type: ignore[attr-defined]
    account = await warden.account("ward_nurse", organisation="fernhill")
    key = SoftwareAuthenticator(origin=origin)
    token, _ = await warden.enrol(account, key)
    nurse = Colleague(account, token, key)
    assert await confirm(warden, nurse, ChangePasskeys(), Done) == Done()
    says(server, ANNA)
    refused = await sign_in(warden, server, provider, token)
    assert code_of(refused) == "identity-not-yours"


async def test_an_identity_whose_facts_changed_opens_nothing(
    warden: RunningWarden, server: OpenIdProvider, provider: str
) -> None:
    subject = says(server, ANNA)
    await whose(warden, await sign_in(warden, server, provider))
    says(server, BERT, sub=subject)
    assert code_of(await sign_in(warden, server, provider)) == "no-record"


async def test_facts_may_come_from_the_providers_user_endpoint(
    warden: RunningWarden, server: OpenIdProvider, provider: str
) -> None:
    marks = {"vot": "P9.Cm", "vtm": f"{server.issuer}/trustmark/here"}
    facts = {"nhs_number": ANNA, "birthdate": BORN.isoformat()}
    server.tell("next", sub="by-endpoint", claims=marks, profile=facts)
    view = await whose(warden, await sign_in(warden, server, provider))
    assert view.own_patient == "anna"
    server.tell("misbehave", **{"/me": "nonsense"})
    refused = await sign_in(warden, server, provider)
    server.tell("misbehave")
    assert code_of(refused) == "provider-sign-in-refused"


async def test_many_first_sign_ins_at_once_make_one_account(
    warden: RunningWarden, server: OpenIdProvider, provider: str
) -> None:
    says(server, ANNA, sub="at-once")
    entered = await asyncio.gather(
        *[sign_in(warden, server, provider) for _ in range(4)]
    )
    views = [await whose(warden, one) for one in entered]
    assert len({one.account for one in views}) == 1


def test_nothing_of_the_person_stands_in_the_wardens_tables(
    installed: Served,
) -> None:
    listed = installed.command("account", "list", "--organisation", "fernhill")
    assert ANNA not in listed
    assert "Patient of" not in listed
    assert json.dumps(BORN.isoformat()) not in listed
