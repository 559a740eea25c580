# SPDX-License-Identifier: Apache-2.0
"""A directory whose programs change one user at once, or while somebody says yes.

What it asks for and loses must not wait for a yes beside the right one: an account that
came of it would belong to nobody in the directory, and nobody would end it.
"""

import asyncio
import json

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from support.acts import Colleague, colleague, confirm
from support.owner import until_waited_for
from support.smart import assertion
from support.warden import ORIGIN, RunningWarden
from wardkeep.db.connection import Connection
from wardkeep.disclosure.answers import Accounts, Done, SignedIn
from wardkeep.disclosure.people import (
    ApproveRights,
    ListRightsRequests,
    RightsRequests,
    RightsRequestView,
)
from wardkeep.disclosure.provisioning import (
    DeleteProvisioned,
    ProvisionedUser,
    ProvisioningRefused,
    SaveProvisioned,
)
from wardkeep.disclosure.questions import ClientSignIn, ListAccounts, RegisterClient

TOKEN_URL = f"{ORIGIN}/oauth/token"


@pytest.fixture
async def ada(warden: RunningWarden) -> Colleague:
    return await colleague(warden, "administrator", name="Ada Holt")


@pytest.fixture
async def wren(warden: RunningWarden) -> SaveProvisioned:
    """A joiner who waits, as the directory would send her again."""
    key = ec.generate_private_key(ec.SECP256R1())
    public = {**ECAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": "k1"}
    keys = json.dumps({"keys": [public]}).encode()
    asked = RegisterClient(warden.home, "Directory", keys, "scim", 0)
    client = await warden.tell(asked)
    proof = ClientSignIn(assertion(key, client, TOKEN_URL))
    program = await warden.door.ask(proof, SignedIn)
    assert isinstance(program, SignedIn), program
    joins = SaveProvisioned(
        session=program.token,
        user_name="wren@example.org",
        display_name="Wren Alder",
        role="ward_nurse",
        is_active=True,
    )
    made = await warden.door.ask_any(joins)
    assert isinstance(made, ProvisionedUser), made
    assert made.state == "waiting"
    return msgspec.structs.replace(joins, id=made.id)


async def open_requests(
    warden: RunningWarden, ada: Colleague
) -> list[RightsRequestView]:
    listed = await warden.door.ask(ListRightsRequests(ada.token), RightsRequests)
    assert isinstance(listed, RightsRequests), listed
    return [
        one for one in listed.requests if one.approved_at == 0 and one.withdrawn_at == 0
    ]


async def test_of_two_changes_at_once_one_asks_for_rights(
    warden: RunningWarden, ada: Colleague, wren: SaveProvisioned, owner: Connection
) -> None:
    changes = [
        msgspec.structs.replace(wren, display_name=name)
        for name in ("Wren Ash", "Wren Birch")
    ]
    before = len(warden.entries())
    async with owner.transaction():
        await hold(owner, "provisioned", wren.id)
        asked = [asyncio.create_task(warden.door.ask_any(one)) for one in changes]
        await until_waited_for(owner, many=2)
    answers = [await one for one in asked]
    [done] = [one for one in answers if isinstance(one, ProvisionedUser)]
    [lost] = [one for one in answers if isinstance(one, ProvisioningRefused)]
    assert lost.status == 412, "it reads the user again, and sends it again"
    [request] = await open_requests(warden, ada)
    assert done.display_name in request.title
    told = [one.request for one in warden.entries()[before:]]
    assert told == [f"rights {request.id}"], "nothing that nobody was asked for"


async def test_what_is_asked_for_while_a_leaver_is_forgotten_ends_with_the_next_try(
    warden: RunningWarden, ada: Colleague, wren: SaveProvisioned, owner: Connection
) -> None:
    [request] = await open_requests(warden, ada)
    forgets = DeleteProvisioned(wren.session, wren.id)
    renames = msgspec.structs.replace(wren, display_name="Wren Ash")
    async with owner.transaction():
        await hold(owner, "provisioned", wren.id)
        renaming = asyncio.create_task(warden.door.ask_any(renames))
        await until_waited_for(owner)
        forgetting = asyncio.create_task(warden.door.ask_any(forgets))
        await until_waited_for(owner, many=2)
    assert isinstance(await renaming, ProvisionedUser)
    refused = await forgetting
    assert isinstance(refused, ProvisioningRefused), refused
    assert refused.status == 412
    assert [one.id for one in await open_requests(warden, ada)] != [request.id]
    assert await warden.door.ask_any(forgets) == Done()
    assert await open_requests(warden, ada) == []


@pytest.mark.parametrize("is_forgotten", [False, True], ids=["leaves", "forgotten"])
async def test_a_leaver_whom_somebody_lets_in_at_that_moment_is_out_again(
    warden: RunningWarden,
    ada: Colleague,
    wren: SaveProvisioned,
    owner: Connection,
    *,
    is_forgotten: bool,
) -> None:
    [request] = await open_requests(warden, ada)
    leaves = (
        DeleteProvisioned(wren.session, wren.id)
        if is_forgotten
        else msgspec.structs.replace(wren, is_active=False)
    )
    async with owner.transaction():
        await hold(owner, "rights_request", request.id)
        yes = ApproveRights(request.id)
        letting_in = asyncio.create_task(confirm(warden, ada, yes, Done))
        await until_waited_for(owner)
        leaving = asyncio.create_task(warden.door.ask_any(leaves))
        await until_waited_for(owner, many=2)
    assert await letting_in == Done()
    gone = await leaving
    assert gone == Done() if is_forgotten else isinstance(gone, ProvisionedUser)
    if isinstance(gone, ProvisionedUser):
        assert gone.state == "ended"
    people = await warden.operator.ask(ListAccounts(warden.home), Accounts)
    assert isinstance(people, Accounts)
    ended = {one.display_name: one.is_ended for one in people.accounts}
    assert ended["Wren Alder"]
    assert not ended["Ada Holt"]


async def hold(owner: Connection, table: str, id_: str) -> None:
    """Whoever changes that row waits, one behind the other."""
    found = await owner.fetch_value(
        f"select true from warden.{table}"  # noqa: S608 - the test's own words
        " where id = $1::text::uuid for update",
        id_,
    )
    assert found
