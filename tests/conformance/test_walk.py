# SPDX-License-Identifier: Apache-2.0
"""Everybody of the demonstration follows every link that they are shown.

Real processes, real sessions, no browser. No page fails, lacks a title, a heading or a
way back, shows an id where a name belongs, or leads somewhere that is closed to the
very person whom it was shown to.
"""

import asyncio
import re
from collections.abc import Iterator, Sequence
from contextlib import closing

import pytest

from support.authenticator import SoftwareAuthenticator
from support.calls import SEE_OTHER
from support.served import Served, Visitor, eventually, served
from support.template import settings_for
from support.urgent import Desk
from support.walking import Page, Walk, shape_of, wrong_with
from wardkeep.assembly.demo import demo_accounts, demo_organisations
from wardkeep.assembly.demonstration import Person, make_demonstration
from wardkeep.disclosure.answers import CeremonyOptions, SignedIn
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.questions import BeginEnrolment, FinishEnrolment

EACH, DEPTH = 2, 12
"""Addresses of one shape that are looked at, and how far from the first page."""
WHO = [
    (organisation.name, role)
    for organisation in demo_organisations()
    for role in sorted({one.role for one in demo_accounts(organisation)})
]
WELL = "<title>A – Wardkeep</title><main><h1>A</h1><a href='/'>Back</a>{}</main>"


def in_silence(*_: object, **__: object) -> None:
    """What is told while the demonstration is made."""


@pytest.fixture(scope="module")
def demonstration(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Served, list[Person]]]:
    with served(tmp_path_factory.mktemp("walk")) as running:
        people = make_demonstration(
            # With its port: programs of the demonstration sign in at that origin.
            settings_for(running.settings.data, WARDKEEP_PORT=str(running.port)),
            running.layout,
            say=in_silence,
            show=in_silence,
        )
        yield running, people


_SESSIONS: dict[str, str] = {}
"""By link, which is good once."""


def session_of(running: Served, link: str) -> str:
    if link not in _SESSIONS:
        _SESSIONS[link] = asyncio.run(enrolled(running, link))
    return _SESSIONS[link]


async def enrolled(running: Served, link: str) -> str:
    """The session of whoever makes a passkey by a link."""
    secret = link.rpartition("/")[2]
    door = WardenClient(running.layout.door_socket, asker="web")
    try:
        options = await door.ask(BeginEnrolment(secret), CeremonyOptions)
        assert isinstance(options, CeremonyOptions), options
        made = SoftwareAuthenticator(origin=running.origin).register(options.options)
        signed_in = await door.ask(
            FinishEnrolment(secret, made, "key", "test"), SignedIn
        )
        assert isinstance(signed_in, SignedIn), signed_in
        return signed_in.token
    finally:
        await door.close()


@pytest.mark.parametrize(("organisation", "role"), WHO)
def test_every_link_that_somebody_is_shown_leads_to_a_page_in_order(
    demonstration: tuple[Served, list[Person]], organisation: str, role: str
) -> None:
    running, people = demonstration
    who = next(
        one for one in people if (one.organisation, one.role) == (organisation, role)
    )
    visitor = Visitor(running.port, session_of(running, who.link))
    walk = Walk(visitor, running.origin, each=EACH)
    walk.through("/", depth=DEPTH)
    visitor.close()
    assert not walk.faults, "\n".join(map(str, sorted(walk.faults)))
    assert walk.seen.total() > len(("/", "/account", "/keyboard")), walk.seen


def test_a_newcomer_sees_an_ambulance_go_there_and_back(
    demonstration: tuple[Served, list[Person]],
) -> None:
    """As docs/how-to/refer-by-message.md has it."""
    running, people = demonstration
    links = {one.name: one.link for one in people}
    nurse, desk = (
        Desk(running.port, session_of(running, links[name]))
        for name in ("Odette Fernsby", "Siobhan Magpiegate")
    )
    with closing(nurse), closing(desk):
        case = nurse.press("/urgent-queue/next", {})[1].partition("?")[0]
        fields = {"code": "ambulance-2", "why": "Grey and sweating"}
        version = _version(nurse.get(case))
        to = nurse.press(f"{case}/end", {**fields, "version": version})[1]
        assert to.endswith("said=asked")
        asked = to.partition("?")[0]
        eventually(lambda: b"Acknowledged: " in nurse.get(asked), running.log)
        page = nurse.get(asked).decode()
        assert "Request for an ambulance to Larkspur ambulance desk" in page
        mine = desk.get("/referrals").decode()
        team = re.search(r'href="([^"]+)"[^>]*>Larkspur ambulance desk', mine)
        assert team is not None, mine
        listed = re.search(
            r"/patients/[^/]+/referrals/[^\"]+", desk.get(team[1]).decode()
        )
        assert listed is not None
        request = desk.get(listed[0])
        assert b"Ring back on" in request
        said = {"do": "accept", "version": _version(request), "words": "Crew 12"}
        assert desk.press(listed[0], said)[0] == SEE_OTHER
        found = re.search(r'href="(/patients/[^"]+/sent)"', page)
        assert found is not None, page
        sent = found[1]
        eventually(lambda: b"Crew 12" in nurse.get(sent), running.log)


def _version(page: bytes) -> str:
    found = re.search(rb'name="version" value="(\d+)"', page)
    assert found is not None, page
    return found[1].decode()


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (WELL.format(""), []),
        (WELL.format("<p>Seen by Practitioner/8d1c</p>"), ["shows a reference"]),
        (WELL.format("<p>{{ words }}</p>"), ["shows a leftover"]),
        (WELL.format("<script>{{ words }}</script>"), []),
        (
            WELL.format("<p>11111111-1111-4111-8111-111111111111</p>"),
            ["shows an id"],
        ),
        (WELL.format("<i id='a'></i><i id='a'></i>"), ["has ids twice"]),
        (WELL.format("<h1>B</h1>"), ["has 2 headings"]),
        ("<title> – Wardkeep</title><main><h1>A</h1></main>", ["has no"] * 2),
    ],
)
def test_what_is_wrong_with_a_page_is_seen(text: str, what: Sequence[str]) -> None:
    found = list(wrong_with(Page(text), "/somewhere"))
    assert [one[: len(said)] for one, said in zip(found, what, strict=True)] == what


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/patients/ann/notes", "/patients/9f/notes"),
        ("/tasks/6f9619ff-8b86-4d01-b42d-00cf4fc964ff", "/tasks/t1"),
        ("/caseload?only=late", "/caseload?only=tasks"),
        ("/clinics/x1?day=2026-01-02", "/clinics/x2?day=2026-01-03"),
    ],
)
def test_addresses_of_one_page_are_of_one_shape(one: str, other: str) -> None:
    assert shape_of(one) == shape_of(other)
    assert shape_of(one) != shape_of("/people")
