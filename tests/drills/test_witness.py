# SPDX-License-Identifier: Apache-2.0
"""A witness in a process of its own: an older ledger put back is told of."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import msgspec
import pytest
import urllib3

from support.acts import Colleague, colleague
from support.outpost import Outpost
from support.waiting import until
from support.warden import (
    Installation,
    RunningWarden,
    given,
    installation_in,
    running_warden,
)
from wardkeep.assembly.proof import ledger_name, signing_key
from wardkeep.base.clock import SystemClock
from wardkeep.base.note_keys import LOG, NoteKey
from wardkeep.disclosure.answers import Health, SignedIn, WitnessView
from wardkeep.disclosure.containment import Containment, ReadContainment
from wardkeep.disclosure.questions import AskHealth
from wardkeep.ledger.verify import VerifyReport, verify
from wardkeep.ledger.witness import Witness, log_id

NAMES = ("witness.example.net/w1", "elsewhere.example.com/w2")


class Scene:
    """An installation with two witnesses."""

    def __init__(self, installation: Installation, folder: Path) -> None:
        self.installation = installation
        self.origin = ledger_name(installation.settings)
        self.verify_key = signing_key(installation.layout).verify_key
        public = self.verify_key.public_bytes
        log = NoteKey(name=self.origin, kind=LOG, public_bytes=public)
        self.outposts = [
            Outpost(folder / str(number), name, log)
            for number, name in enumerate(NAMES)
        ]
        installation.settings = msgspec.structs.replace(
            installation.settings,
            witnesses=tuple((one.witness.key, one.address) for one in self.outposts),
        )

    @property
    def keys(self) -> Sequence[NoteKey]:
        return [one.witness.key for one in self.outposts]

    def checked(self, seen: str = "") -> VerifyReport:
        return verify(
            self.installation.layout.ledger,
            self.verify_key,
            origin=self.origin,
            witnesses=self.keys,
            seen=seen,
        )

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[RunningWarden]:
        async with running_warden(self.installation) as warden:
            yield warden


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with installation_in(tmp_path / "data") as installation:
        found = Scene(installation, tmp_path / "witnesses")
        try:
            yield found
        finally:
            for one in found.outposts:
                one.stop()


async def views(warden: RunningWarden) -> Sequence[WitnessView]:
    health = given(await warden.operator.ask(AskHealth(), Health), Health)
    assert isinstance(health, Health)
    return health.witnesses


async def signed_by(warden: RunningWarden, number: int) -> None:
    """Until so many witnesses signed all that there is."""

    def is_signed() -> bool:
        size = warden.service.ledger.committed_size
        known = warden.service.witnessing.views
        return sum(one.entries == size and not one.fault for one in known) == number

    await until(is_signed)


async def test_an_older_ledger_put_back_is_told_to_everybody(
    scene: Scene, tmp_path: Path
) -> None:
    folder = scene.installation.layout.ledger
    for one in scene.outposts:
        one.start()
    # Given a ledger that two witnesses signed, and a copy of it
    async with scene.running() as warden:
        await warden.organisation()
        pia = await colleague(warden, "privacy_officer", name="Pia Marlow")
        await signed_by(warden, 2)
        assert [one.name for one in await views(warden)] == list(NAMES)
    shutil.copytree(folder, tmp_path / "old")
    async with scene.running() as warden:
        # When something is written that somebody wants forgotten
        await warden.account("doctor", name="Robin Elder")
        await signed_by(warden, 2)
    report = scene.checked()
    assert report.is_whole, report.faults
    assert {one.entries for one in report.seen} == {report.entries}
    # And the copy is put back, by somebody who owns the machine and all its keys
    shutil.rmtree(folder)
    shutil.copytree(tmp_path / "old", folder)
    assert scene.checked().is_whole
    told = scene.checked(scene.outposts[0].newest(scene.origin))
    assert [one.file for one in told.faults] == ["the witness's checkpoint"]
    async with scene.running() as warden:
        # Then the warden says so by itself, and still does when it has grown
        await at_odds(warden)
        for _ in range(report.entries):
            await warden.account("doctor", name="Somebody Else")
        warden.service.ledger.publish()
        await warden.service.witnessing.ask_all()
        await at_odds(warden)
        # And the privacy officer finds it on her desk, once
        assert await alarms_of(warden, pia) == [("two-stories", "The ledger itself")]
    # And the witness kept what it refused, signed by the ledger's own key
    refused = scene.outposts[0].witness.refused(scene.origin)
    assert refused.startswith(f"{scene.origin}\n")


async def at_odds(warden: RunningWarden) -> None:
    known = warden.service.witnessing
    await until(lambda: all(one.is_at_odds for one in known.views))
    for one in await views(warden):
        assert "an older copy was put back, or two ledgers run" in one.fault


async def alarms_of(warden: RunningWarden, who: Colleague) -> list[tuple[str, str]]:
    signed_in = given(await warden.sign_in(who.key), SignedIn)
    assert isinstance(signed_in, SignedIn)
    desk = await warden.door.ask(ReadContainment(signed_in.token), Containment)
    assert isinstance(desk, Containment), desk
    return [(one.kind, one.who) for one in desk.alarms]


async def test_a_witness_that_is_away_holds_up_nothing_and_catches_up(
    scene: Scene,
) -> None:
    first, second = scene.outposts
    first.start()
    async with scene.running() as warden:
        await warden.organisation()
        await until(lambda: not warden.service.witnessing.views[0].fault)
        here, away = await views(warden)
        assert (here.is_at_odds, away.is_at_odds) == (False, False)
        await until(
            lambda: warden.service.witnessing.views[1].fault.startswith(
                "does not answer"
            )
        )
        assert away.at == 0
        # When it comes, it signs what it never saw, from the beginning
        second.start()
        await signed_by(warden, 2)
        # And both names stand below one checkpoint
        cosigned = warden.service.ledger.cosigned()
        assert all(f"\u2014 {name} " in cosigned for name in NAMES)


async def test_an_answer_of_another_key_is_no_signature(scene: Scene) -> None:
    first, _ = scene.outposts
    # Somebody else answers at the witness's address, under its name
    shutil.rmtree(first.folder)
    public = scene.verify_key.public_bytes
    log = NoteKey(name=scene.origin, kind=LOG, public_bytes=public)
    Witness.begin(first.folder, NAMES[0], SystemClock()).watch(log)
    first.start()
    async with scene.running() as warden:
        await warden.organisation()
        await until(
            lambda: "its key did not sign" in warden.service.witnessing.views[0].fault
        )
        assert warden.service.witnessing.views[0].at == 0
        assert warden.service.ledger.cosigned() == ""


def test_the_process_refuses_what_is_no_request(scene: Scene) -> None:
    first = scene.outposts[0]
    first.start()
    pool = urllib3.PoolManager(retries=urllib3.Retry(40, backoff_factor=0.05))
    add = f"{first.address}/add-checkpoint"
    asked = [
        ("POST", add, b"x", 400),
        ("POST", add, b"x" * 70_000, 413),
        ("GET", add, None, 405),
        ("GET", f"{first.address}/logs/{log_id(scene.origin)}.json", None, 404),
        ("GET", f"{first.address}/..%2fwitness.key", None, 404),
        ("GET", f"{first.address}/", None, 404),
    ]
    for method, address, body, status in asked:
        answer = pool.request(method, address, body=body, timeout=5)
        assert answer.status == status, (method, address, answer.status)
        assert len(answer.data) < 200


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"409 Conflict\r\nContent-Length: 6\r\n\r\n<html>", "status 409"),
        (b"404 Not Found\r\nContent-Length: 0\r\n\r\n", "does not watch this ledger"),
        (b"403 Forbidden\r\nContent-Length: 0\r\n\r\n", "by another key"),
        (b"200 OK\r\nContent-Length: 3\r\n\r\nyes", "its key did not sign"),
        (b"200 OK\r\nContent-Length: 4\r\n\r\n\xff\n\n\n", "its key did not sign"),
        (b"503 Busy\r\nContent-Length: 0\r\n\r\n", "status 503"),
        (b"nonsense", "does not answer"),
    ],
)
async def test_what_something_in_between_answers_raises_no_alarm(
    scene: Scene, answer: bytes, words: str
) -> None:
    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 " + answer)
        await writer.drain()
        writer.close()

    first = scene.outposts[0]
    async with (
        await asyncio.start_server(reply, "127.0.0.1", first.port),
        scene.running() as warden,
    ):
        await warden.organisation()
        warden.service.ledger.publish()
        await warden.service.witnessing.ask_all()
        view = warden.service.witnessing.views[0]
        assert words in view.fault
        assert not view.is_at_odds
        assert warden.service.ledger.cosigned() == ""
