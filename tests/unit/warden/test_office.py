# SPDX-License-Identifier: Apache-2.0
"""The operator's desk: what it makes, and what it refuses with a reason."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from support.warden import (
    Installation,
    RunningWarden,
    installation_in,
    running_warden,
)
from wardkeep.disclosure.answers import (
    Accounts,
    Created,
    Done,
    Refusal,
    SessionView,
    SignedIn,
    Tokens,
)
from wardkeep.disclosure.questions import (
    AddRelationships,
    BeginImport,
    CheckSession,
    ComputeTokens,
    CreateAccount,
    CreateOrganisation,
    EndAccount,
    EndSession,
    Invite,
    ListAccounts,
    Question,
    RegisterClient,
)

NO_UUID, STRANGER = "nobody", "0b0b0b0b-0000-4000-8000-0000000000ff"


async def found(warden: RunningWarden, slug: str = "fernhill") -> None:
    await warden.operator.ask(CreateOrganisation(slug, slug.title()), Created)


async def refusal(warden: RunningWarden, question: Question) -> Refusal:
    answer = await warden.operator.ask(question, Created)
    assert isinstance(answer, Refusal), answer
    return answer


ANY = "system/*.rs"


def jwks() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    public = ECAlgorithm.to_jwk(key, as_dict=True)
    return json.dumps({"keys": [{**public, "kid": "k1"}]}).encode()


@pytest.mark.parametrize(
    ("question", "code"),
    [
        (CreateOrganisation("F", "Fernhill"), "bad-name"),
        (CreateOrganisation("Fern Hill", "Fernhill"), "bad-name"),
        (CreateOrganisation("fernhill2", "  "), "bad-name"),
        (CreateOrganisation("fernhill", "Another"), "already-there"),
        (CreateAccount("fernhill", "Rowan Ash", "wizard"), "no-such-role"),
        (CreateAccount("fernhill", "Rowan Ash", "importer"), "no-such-role"),
        (CreateAccount("fernhill", " ", "doctor"), "no-such-role"),
        (CreateAccount("nowhere", "Rowan Ash", "doctor"), "no-such-organisation"),
        (Invite(NO_UUID, 1), "no-such-account"),
        (Invite(STRANGER, 1), "no-such-account"),
        (EndAccount(NO_UUID), "no-such-account"),
        (EndAccount(STRANGER), "no-such-account"),
        (ListAccounts("nowhere"), "no-such-organisation"),
        (BeginImport("nowhere"), "no-such-organisation"),
        (
            RegisterClient("nowhere", "x", jwks(), "system/*.r", 1),
            "no-such-organisation",
        ),
        (RegisterClient("fernhill", "x", b"{}", "", 1), "no-key-set"),
        (AddRelationships("nowhere", ()), "no-such-organisation"),
        (
            AddRelationships("fernhill", ((STRANGER, "p-1", "friend"),)),
            "no-such-kind",
        ),
        (AddRelationships("fernhill", ((NO_UUID, "p-1", "ward"),)), "no-such-account"),
        (AddRelationships("fernhill", ((STRANGER, "p-1", "ward"),)), "no-such-account"),
    ],
)
async def test_what_cannot_be_is_refused_with_a_reason_and_a_mend(
    installation: Installation, question: Question, code: str
) -> None:
    async with running_warden(installation) as warden:
        await found(warden)
        said = await refusal(warden, question)
        assert said.code == code
        assert said.why
        assert said.mend


async def test_a_refused_organisation_leaves_no_key_behind(
    installation: Installation,
) -> None:
    async with running_warden(installation) as warden:
        await found(warden)
        before = len(warden.service._keystore)
        await refusal(warden, CreateOrganisation("fernhill", "Fernhill"))
        assert len(warden.service._keystore) == before


async def test_organisations_made_at_once_have_keys_that_a_restart_still_opens(
    installation: Installation,
) -> None:
    """A key in memory that is not the one stored would lose what it sealed."""
    slugs = [f"larkspur-{number}" for number in range(6)]
    question = (b"value",)
    async with running_warden(installation) as warden:
        made = await asyncio.gather(*[warden.organisation(slug) for slug in slugs])
        assert len(set(made)) == len(slugs)
        before = [await tokens(warden, slug, question) for slug in slugs]
        assert len(set(before)) == len(slugs)
    async with running_warden(installation) as warden:
        assert [await tokens(warden, slug, question) for slug in slugs] == before


async def tokens(
    warden: RunningWarden, slug: str, values: tuple[bytes, ...]
) -> tuple[int, ...]:
    session = await warden.import_session(slug)
    answer = await warden.operator.ask(ComputeTokens(session, values), Tokens)
    assert isinstance(answer, Tokens)
    return answer.tokens


async def test_accounts_are_listed_with_their_passkeys_and_their_end(
    installation: Installation,
) -> None:
    async with running_warden(installation) as warden:
        await found(warden, "bramble")
        rowan = await warden.account("doctor", organisation="bramble", name="Rowan Ash")
        await warden.enrol(rowan)
        hazel = await warden.account(
            "ward_nurse", organisation="bramble", name="Hazel Birch"
        )
        assert await warden.operator.ask(EndAccount(hazel), Done) == Done()
        listed = await warden.operator.ask(ListAccounts("bramble"), Accounts)
        assert isinstance(listed, Accounts)
        shown = [
            (one.account, one.display_name, one.role, one.passkeys, one.is_ended)
            for one in listed.accounts
        ]
        assert shown == [
            (hazel, "Hazel Birch", "ward_nurse", 0, True),
            (rowan, "Rowan Ash", "doctor", 1, False),
        ]


async def test_an_account_that_ended_is_refused_everything_more(
    installation: Installation,
) -> None:
    async with running_warden(installation) as warden:
        await found(warden)
        account = await warden.account("ward_nurse")
        token, _ = await warden.enrol(account)
        await warden.relate(account, "p-1")
        assert await warden.operator.ask(EndAccount(account), Done) == Done()
        answer = await warden.door.ask(CheckSession(token), SessionView)
        assert isinstance(answer, Refusal)
        for question in (
            EndAccount(account),
            Invite(account, 1),
            AddRelationships("fernhill", ((account, "p-1", "ward"),)),
        ):
            assert (await refusal(warden, question)).code == "no-such-account"


async def test_relationships_have_a_time_each_or_none_has(
    installation: Installation,
) -> None:
    async with running_warden(installation) as warden:
        await found(warden)
        account = await warden.account("ward_nurse")
        pairs = ((account, "p-1", "ward"), (account, "p-2", "ward"))
        asked = AddRelationships("fernhill", pairs, ((1, 2),))
        assert (await refusal(warden, asked)).code == "not-understood"
        whole = AddRelationships("fernhill", pairs, ((1, 2), (0, 0)))
        assert await warden.operator.ask(whole, Done) == Done()


async def test_an_import_session_is_shown_and_ended_at_the_desk(
    installation: Installation,
) -> None:
    async with running_warden(installation) as warden:
        await found(warden)
        begun = await warden.operator.ask(BeginImport("fernhill"), SignedIn)
        assert isinstance(begun, SignedIn)
        shown = await warden.operator.ask(CheckSession(begun.token), SessionView)
        assert isinstance(shown, SessionView)
        assert (shown.role, shown.display_name) == (
            "importer",
            "Import by the operator",
        )
        assert await warden.operator.ask(EndSession(begun.token), Done) == Done()
        answer = await warden.operator.ask(CheckSession(begun.token), SessionView)
        assert isinstance(answer, Refusal)


async def test_every_act_of_the_operator_is_in_the_ledger(
    installation: Installation,
) -> None:
    async with running_warden(installation) as warden:
        await found(warden)
        ledger = warden.service._ledger
        start = ledger.committed_size
        account = await warden.account("doctor")
        await warden.tell(Invite(account, 1))
        await warden.relate(account, "p-1")
        client = await warden.tell(RegisterClient("fernhill", " ", jwks(), ANY, 1))
        await warden.operator.ask(EndAccount(client), Done)
        await warden.import_session()
        written = [
            (entry.action, entry.account, entry.role)
            for entry in ledger.entries(start, ledger.committed_size)
        ]
        assert written == [
            ("create-account", account, "operator"),
            ("invite", account, "operator"),
            ("add-relationships", "", "operator"),
            ("register-client", client, "operator"),
            ("end-account", client, "operator"),
            ("begin-import", "importer", "importer"),
        ]


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Installation]:
    with installation_in(tmp_path) as made:
        yield made


async def test_an_import_that_names_nobody_goes_where_there_is_one_only(
    fresh: Installation,
) -> None:
    async with running_warden(fresh) as warden:
        empty = await refusal(warden, BeginImport(""))
        assert empty.code == "no-organisation"
        await found(warden)
        begun = await warden.operator.ask(BeginImport(""), SignedIn)
        assert isinstance(begun, SignedIn), begun
        view = await warden.operator.ask(CheckSession(begun.token), SessionView)
        assert isinstance(view, SessionView)
        assert view.organisation_slug == "fernhill"
        await found(warden, "larkspur")
        which = await refusal(warden, BeginImport(""))
        assert which.code == "which-organisation"
        assert "fernhill, larkspur" in which.mend
