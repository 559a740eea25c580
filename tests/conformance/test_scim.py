# SPDX-License-Identifier: Apache-2.0
"""SCIM 2.0 from outside: what directories send, what the RFCs say, what is refused."""

import asyncio
import json
import secrets
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from support.acts import Colleague, confirm
from support.authenticator import SoftwareAuthenticator
from support.program import Program, Reply
from support.served import Served, served
from support.smart import ask
from support.warden import RunningWarden
from wardkeep.disclosure.answers import (
    Accounts,
    CeremonyOptions,
    Done,
    Refusal,
    SessionView,
    SignedIn,
)
from wardkeep.disclosure.people import (
    AcceptInvitation,
    ApproveRights,
    IssueLinks,
    Links,
    ListMyOrganisations,
    ListRightsRequests,
    MyOrganisations,
    RightsRequests,
    SwitchOrganisation,
)
from wardkeep.disclosure.questions import (
    BeginEnrolment,
    CheckSession,
    FinishEnrolment,
    Invite,
    ListAccounts,
)

SCIM = "application/scim+json"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
STATE = "urn:wardkeep:params:scim:schemas:extension:2.0:User"
Json = dict[str, Any]


class Directory(NamedTuple):
    """A directory's program, as it asks."""

    program: Program

    def ask(
        self,
        method: str,
        path: str,
        sent: object = None,
        *,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        told = {
            "Authorization": f"Bearer {self.program.token}",
            "Content-Type": SCIM,
            **(headers or {}),
        }
        body = b"" if sent is None else json.dumps(sent).encode()
        return self.program.raw(method, f"/scim/v2/{path}", body, told)

    def add(self, **changed: object) -> Json:
        reply = self.ask("POST", "Users", new_user(**changed))
        assert reply.status == 201, reply.raw
        found: Json = reply.json
        return found

    def patch(self, id_: str, *operations: Json, **headers: str) -> Reply:
        sent = {"schemas": [PATCH], "Operations": list(operations)}
        return self.ask("PATCH", f"Users/{id_}", sent, headers=headers)


def new_user(**changed: object) -> Json:
    name = secrets.token_hex(4)
    return {
        "schemas": [USER],
        "userName": f"{name}@fernhill.example",
        "externalId": f"ext-{name}",
        "displayName": f"Wren {name}",
        "active": True,
        "roles": [{"value": "ward_nurse", "primary": True}],
        **changed,
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("scim")) as running:
        running.found("fernhill")
        running.found("oakdale")
        yield running


def directory_of(
    server: Served, factory: pytest.TempPathFactory, slug: str
) -> Iterator[Directory]:
    folder = factory.mktemp(slug)
    program = Program(server, folder, organisation=slug, scope="scim")
    with closing(program) as running:
        yield Directory(running)


@pytest.fixture(scope="module")
def ours(
    server: Served, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Directory]:
    yield from directory_of(server, tmp_path_factory, "fernhill")


@pytest.fixture(scope="module")
def theirs(
    server: Served, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Directory]:
    yield from directory_of(server, tmp_path_factory, "oakdale")


async def _enrol(warden: RunningWarden, secret: str, origin: str) -> Colleague:
    options = await warden.door.ask(BeginEnrolment(secret), CeremonyOptions)
    assert isinstance(options, CeremonyOptions), options
    key = SoftwareAuthenticator(origin=origin)
    enrolled = await warden.door.ask(
        FinishEnrolment(secret, key.register(options.options), "key", "test"), SignedIn
    )
    assert isinstance(enrolled, SignedIn), enrolled
    return Colleague("", enrolled.token, key)


async def _confirm_and_enrol(
    server: Served, name: str, *, works_elsewhere: bool = False
) -> str:
    """An administrator says yes and makes the link; the joiner's session."""
    warden = RunningWarden(server, None)  # type: ignore[arg-type]
    try:
        secret = await _let_in(warden, server, name)
        if not works_elsewhere:
            return (await _enrol(warden, secret, server.origin)).token
        account = await warden.account("doctor", organisation="oakdale")
        own = await warden.tell(Invite(account=account, valid_hours=1))
        doctor = await _enrol(warden, own, server.origin)
        taken = await warden.door.ask(AcceptInvitation(doctor.token, secret), Done)
        assert taken == Done()
        mine = await warden.door.ask(ListMyOrganisations(doctor.token), MyOrganisations)
        assert isinstance(mine, MyOrganisations)
        there = next(one.number for one in mine.organisations if not one.is_current)
        gone = await warden.door.ask(SwitchOrganisation(doctor.token, there), SignedIn)
        assert isinstance(gone, SignedIn), gone
        return gone.token
    finally:
        await warden.door.close()
        await warden.operator.close()


async def _let_in(warden: RunningWarden, server: Served, name: str) -> str:
    """The link that the administrator hands over."""
    account = await warden.account("administrator", organisation="fernhill")
    secret = await warden.tell(Invite(account=account, valid_hours=1))
    ada = await _enrol(warden, secret, server.origin)
    listed = await warden.door.ask(ListRightsRequests(ada.token), RightsRequests)
    assert isinstance(listed, RightsRequests)
    request = next(one for one in listed.requests if name in one.title)
    assert request.asked_by == "A program"
    assert await confirm(warden, ada, ApproveRights(request.id), Done) == Done()
    listed = await warden.door.ask(ListRightsRequests(ada.token), RightsRequests)
    assert isinstance(listed, RightsRequests)
    made = next(one for one in listed.requests if one.id == request.id)
    links = await confirm(warden, ada, IssueLinks(made.accounts), Links)
    assert isinstance(links, Links)
    return links.links[0].secret


async def _state(server: Served, token: str) -> str:
    warden = RunningWarden(server, None)  # type: ignore[arg-type]
    seen = await warden.door.ask(CheckSession(token), SessionView)
    await warden.door.close()
    return seen.code if isinstance(seen, Refusal) else "live"


# What it is for


def test_a_joiner_waits_for_a_persons_yes_and_a_leaver_is_out_at_once(
    server: Served, ours: Directory
) -> None:
    made = ours.add()
    assert made[STATE] == {"state": "waiting"}
    token = asyncio.run(_confirm_and_enrol(server, made["displayName"]))
    assert asyncio.run(_state(server, token)) == "live"
    assert ours.ask("GET", f"Users/{made['id']}").json[STATE] == {"state": "working"}
    gone = ours.patch(made["id"], {"op": "Replace", "path": "active", "value": "False"})
    assert (gone.status, gone.json["active"]) == (200, False)
    assert gone.json[STATE] == {"state": "ended"}
    assert asyncio.run(_state(server, token)) == "not-signed-in"
    back = ours.patch(made["id"], {"op": "replace", "value": {"active": True}})
    assert back.json[STATE] == {"state": "waiting"}, "coming back needs a yes again"


def test_a_leaver_who_took_it_on_with_an_account_of_before_is_out_at_once_too(
    server: Served, ours: Directory
) -> None:
    made = ours.add()
    token = asyncio.run(
        _confirm_and_enrol(server, made["displayName"], works_elsewhere=True)
    )
    assert ours.ask("GET", f"Users/{made['id']}").json[STATE] == {"state": "working"}
    named = {"op": "replace", "path": "displayName", "value": "Somebody Else"}
    assert ours.patch(made["id"], named).status == 200
    names = asyncio.run(_names_elsewhere(server))
    assert "Rowan Ash" in names, "not theirs to change"
    assert "Somebody Else" not in names
    assert ours.ask("DELETE", f"Users/{made['id']}").status == 204
    assert asyncio.run(_state(server, token)) == "not-signed-in"


async def _names_elsewhere(server: Served) -> list[str]:
    warden = RunningWarden(server, None)  # type: ignore[arg-type]
    people = await warden.operator.ask(ListAccounts("oakdale"), Accounts)
    await warden.operator.close()
    assert isinstance(people, Accounts), people
    return [one.display_name for one in people.accounts if not one.is_ended]


def test_a_leaver_who_never_came_leaves_no_question_behind(
    server: Served, ours: Directory
) -> None:
    made = ours.add()
    assert ours.ask("DELETE", f"Users/{made['id']}").status == 204
    assert ours.ask("GET", f"Users/{made['id']}").status == 404
    with pytest.raises(AssertionError, match="not-open"):
        asyncio.run(_confirm_and_enrol(server, made["displayName"]))


def test_a_mover_waits_and_a_new_name_does_not(server: Served, ours: Directory) -> None:
    made = ours.add()
    token = asyncio.run(_confirm_and_enrol(server, made["displayName"]))
    name = {"op": "replace", "path": "displayName", "value": "Wren Newname"}
    assert ours.patch(made["id"], name).status == 200
    role = {"op": "replace", "path": "roles", "value": [{"value": "doctor"}]}
    moved = ours.patch(made["id"], role).json
    assert moved["roles"][0]["value"] == "doctor"
    warden_says = asyncio.run(_role(server, token))
    assert warden_says == "ward_nurse", "until somebody confirms it"


async def _role(server: Served, token: str) -> str:
    warden = RunningWarden(server, None)  # type: ignore[arg-type]
    seen = await warden.door.ask(CheckSession(token), SessionView)
    await warden.door.close()
    assert isinstance(seen, SessionView)
    return seen.role


# The protocol


def test_users_are_found_by_what_directories_ask(ours: Directory) -> None:
    made = ours.add()
    name = made["userName"]
    for filter_ in (
        f'userName eq "{name}"',
        f'USERNAME Eq "{name.upper()}"',
        f'externalId eq "{made["externalId"]}"',
        f'id eq "{made["id"]}"',
    ):
        found = ours.ask("GET", f"Users?filter={_quoted(filter_)}").json
        assert [one["id"] for one in found["Resources"]] == [made["id"]], filter_
    unknown = _quoted('userName eq "no"')
    nobody = ours.ask("GET", f"Users?filter={unknown}").json
    assert (nobody["totalResults"], nobody["Resources"]) == (0, [])
    for filter_ in ('userName co "a"', "userName", 'emails eq "x"', 'a eq "b" or c'):
        refused = ours.ask("GET", f"Users?filter={_quoted(filter_)}")
        assert (refused.status, refused.json["scimType"]) == (400, "invalidFilter")


def _quoted(text: str) -> str:
    return text.replace(" ", "%20").replace('"', "%22")


def test_pages_count_from_one_and_miss_nobody(ours: Directory) -> None:
    made = {ours.add()["id"] for _ in range(5)}
    seen: list[str] = []
    total = ours.ask("GET", "Users?count=0").json["totalResults"]
    while len(seen) < total:
        page = ours.ask("GET", f"Users?startIndex={len(seen) + 1}&count=2").json
        assert page["startIndex"] == len(seen) + 1
        seen += [one["id"] for one in page["Resources"]]
    assert made <= set(seen)
    assert len(seen) == len(set(seen)) == total
    assert ours.ask("GET", "Users?startIndex=x").status == 400


def test_versions_hold_against_two_who_change_at_once(ours: Directory) -> None:
    made = ours.ask("POST", "Users", new_user())
    etag = made.headers["etag"]
    assert etag == 'W/"1"' == made.json["meta"]["version"]
    assert made.headers["location"] == made.json["meta"]["location"]
    path = f"Users/{made.json['id']}"
    first = ours.ask("PUT", path, new_user(), headers={"If-Match": etag})
    assert (first.status, first.headers["etag"]) == (200, 'W/"2"')
    for stale in (etag, '"1"', 'W/"x"'):
        late = ours.ask("PUT", path, new_user(), headers={"If-Match": stale})
        assert late.status == 412, stale
        assert ours.ask("DELETE", path, headers={"If-Match": stale}).status == 412
    assert ours.ask("DELETE", path, headers={"If-Match": "*"}).status == 204


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "Replace", "path": "roles", "value": [{"value": "doctor"}]},
        {"op": "replace", "path": "roles[primary eq true].value", "value": "doctor"},
        {"op": "add", "path": 'roles[primary eq "True"].value', "value": "doctor"},
        {"op": "replace", "value": {"roles": [{"value": "doctor", "primary": True}]}},
        {"op": "replace", "path": f"{USER}:roles", "value": "doctor"},
    ],
)
def test_roles_are_patched_as_directories_write_it(
    ours: Directory, operation: Json
) -> None:
    made = ours.add()
    reply = ours.patch(made["id"], operation)
    assert reply.status == 200, reply.raw
    assert reply.json["roles"][0]["value"] == "doctor"


@pytest.mark.parametrize(
    ("operations", "scim_type"),
    [
        ([], "invalidSyntax"),
        ([{"op": "move", "path": "active"}], "invalidSyntax"),
        ([{"op": "replace", "path": "password", "value": "x"}], "invalidPath"),
        ([{"op": "replace", "value": "x"}], "invalidValue"),
        ([{"op": "remove", "path": "userName"}], "mutability"),
        ([{"op": "replace", "path": "active", "value": "maybe"}], "invalidValue"),
        ([{"op": "replace", "path": "roles", "value": "wizard"}], "invalidValue"),
        ([{"op": "add", "path": "active", "value": False}] * 51, "invalidSyntax"),
        (["x"], "invalidSyntax"),
    ],
)
def test_a_patch_with_a_fault_changes_nothing(
    ours: Directory, operations: list[Json], scim_type: str
) -> None:
    made = ours.add()
    reply = ours.patch(
        made["id"], {"op": "replace", "path": "externalId", "value": "n"}, *operations
    )
    if operations:
        assert (reply.status, reply.json["scimType"]) == (400, scim_type), reply.raw
        now = ours.ask("GET", f"Users/{made['id']}").json
        assert now["externalId"] == made["externalId"]


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"userName": ""}, 400),
        ({"userName": None}, 400),
        ({"displayName": "x" * 121}, 400),
        ({"displayName": "two\nlines"}, 400),
        ({"externalId": "a\0b"}, 400),
        ({"roles": []}, 400),
        ({"roles": [{"value": "wizard"}]}, 400),
        ({"roles": [{"value": "support"}]}, 400),
        ({"roles": [{"value": "administrator"}]}, 403),
        ({"roles": [{"value": "privacy_officer"}]}, 403),
        ({"active": "maybe"}, 400),
        ({"externalId": 7}, 400),
    ],
)
def test_a_user_with_a_fault_is_not_made(
    ours: Directory, changed: Json, status: int
) -> None:
    reply = ours.ask("POST", "Users", new_user(**changed))
    assert reply.status == status, reply.raw
    assert reply.json["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert reply.json["status"] == str(status)
    assert reply.json["detail"]


def test_a_user_name_is_somebodys_once(ours: Directory, theirs: Directory) -> None:
    made = ours.add()
    again = ours.ask("POST", "Users", new_user(userName=made["userName"].upper()))
    assert (again.status, again.json["scimType"]) == (409, "uniqueness")
    assert theirs.add(userName=made["userName"])["id"] != made["id"]


def test_the_service_says_what_it_can(ours: Directory) -> None:
    said = ours.ask("GET", "ServiceProviderConfig").json
    assert said["patch"]["supported"]
    assert said["etag"]["supported"]
    assert not said["bulk"]["supported"]
    for path in ("Schemas", "ResourceTypes"):
        found = ours.ask("GET", path).json
        for one in found["Resources"]:
            assert ours.ask("GET", f"{path}/{one['id']}").json == one
    assert ours.ask("GET", "Groups").status == 404
    assert ours.ask("POST", "Schemas", {}).status == 405
    wrong = {"Content-Type": "text/plain"}
    assert ours.ask("POST", "Users", new_user(), headers=wrong).status == 415


# Attacks


def test_a_directorys_key_reads_no_record_and_a_records_key_names_nobody(
    server: Served, ours: Directory, tmp_path: Path
) -> None:
    for path in ("Patient", "Patient/anna", "metadata", "AuditEvent"):
        reply = ours.program.get(path)
        assert reply.status == (200 if path == "metadata" else 403), (path, reply.raw)
    body = {"resourceType": "Patient"}
    assert ours.program.ask("POST", "Patient", body).status == 403
    page = ask(
        server, "GET", "/people", headers={"Cookie": f"wardkeep={ours.program.token}"}
    )
    assert page.status in (303, 403)
    with closing(Program(server, tmp_path, organisation="fernhill")) as other:
        assert Directory(other).ask("GET", "Users").status == 403
        assert Directory(other).ask("POST", "Users", new_user()).status == 403
        wider = other.ask_for_token(other.assertion(), "scim")
        assert wider.status == 400
    narrower = ours.program.ask_for_token(ours.program.assertion(), "system/*.rs")
    assert narrower.status == 400


def test_another_organisations_people_are_not_there(
    ours: Directory, theirs: Directory
) -> None:
    made = theirs.add()
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        sent = new_user() if method == "PUT" else None
        if method == "PATCH":
            reply = ours.patch(made["id"], {"op": "replace", "value": {"active": 0}})
        else:
            reply = ours.ask(method, f"Users/{made['id']}", sent)
        assert reply.status == 404, method
    filter_ = _quoted(f'userName eq "{made["userName"]}"')
    assert ours.ask("GET", f"Users?filter={filter_}").json["totalResults"] == 0


def test_without_a_token_nobody_is_told_anything(server: Served) -> None:
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic eDp5"}):
        reply = ask(server, "GET", "/scim/v2/Users", headers=headers)
        assert reply.status == 401
        assert "Bearer" in reply.headers["www-authenticate"]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "userName",
                    "displayName",
                    "roles",
                    "active",
                    "value",
                    "op",
                    "path",
                    "Operations",
                    "name",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    sent=_JSON,
    method=st.sampled_from(["POST", "PUT", "PATCH", "GET", "DELETE"]),
    path=st.sampled_from(["Users", "Users/x", "Users/a/b", "", "Schemas/x"]),
)
def test_whatever_is_sent_is_answered_in_words(
    ours: Directory, sent: object, method: str, path: str
) -> None:
    reply = ours.ask(method, path, sent)
    assert reply.status < 500, (method, path, sent, reply.raw)
    if reply.status >= 400:
        assert reply.json["status"] == str(reply.status)
