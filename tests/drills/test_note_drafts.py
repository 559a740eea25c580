# SPDX-License-Identifier: Apache-2.0
"""Drills on drafts: killed processes lose and double nothing; thieves read nothing."""

import asyncio
import json
import os
import re
import secrets
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlencode

import pytest

from support.leaks import leaked
from support.note_pages import open_ward
from support.note_writer import JSON, Page, begin, doctor, part
from support.served import Served, Visitor, eventually, served
from wardkeep.assembly.database import WEB, address_for
from wardkeep.base.clock import SystemClock
from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import connect
from wardkeep.db.errors import DatabaseRefusedError
from wardkeep.fhir.notes import draft_rows
from wardkeep.fhir.notes.draft_rows import Place

KILLS = 6


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("drafts")) as running:
        open_ward(running, tmp_path_factory.mktemp("keys"))
        yield running


@pytest.fixture(autouse=True)
def everybody_leaves() -> Iterator[None]:
    yield
    part()


def postmaster(server: Served) -> int:
    for path in (server.log.parent / "data").rglob("postmaster.pid"):
        with suppress(OSError, IndexError):
            return int(path.read_text(encoding="ascii").split()[0])
    return 0


def process(server: Served, name: str) -> int:
    return postmaster(server) if name == "database" else server.child(name)


def comes_back(server: Served, name: str, before: int) -> None:
    """Wait until a killed process was started anew."""
    eventually(lambda: process(server, name) not in (0, before), server.log)
    server.await_ready()


class Typist(threading.Thread):
    """Saves one number after the other, and writes down what was confirmed."""

    def __init__(self, page: Page) -> None:
        super().__init__(daemon=True)
        self.page = page
        self.confirmed = 0
        self.tried = 0
        self.is_over = False

    def run(self) -> None:
        number = 1
        while not self.is_over:
            self.tried = number
            try:
                status, told = self.page.save(words(number), number)
            except (OSError, ValueError):
                status, told = 0, {}
            if status == 200:
                assert told["number"] == number, told
                self.confirmed = number
                number += 1
            else:
                time.sleep(0.05)

    def goes_on(self, server: Served) -> None:
        """Wait until one more was confirmed."""
        reached = self.confirmed
        eventually(lambda: self.confirmed > reached, server.log)


def words(number: int) -> str:
    return f"Word for word, number {number}.\n" * 5


def test_kills_at_random_points_lose_nothing_that_was_confirmed(
    server: Served,
) -> None:
    visitor = doctor(server)
    typist = Typist(Page(visitor, begin(visitor)))
    typist.start()
    for turn in range(KILLS):
        time.sleep(secrets.randbelow(1500) / 1000)
        name = ("web", "database", "warden")[turn % 3]
        before = process(server, name)
        with suppress(ProcessLookupError):
            os.kill(before, signal.SIGKILL)
        comes_back(server, name, before)
        typist.goes_on(server)
    typist.is_over = True
    typist.join(30)
    again = Page(visitor, typist.page.draft)
    [place] = again.over
    assert place[0] == typist.page.editor
    assert typist.confirmed <= int(str(place[1])) <= typist.tried
    assert again.text == words(int(str(place[1])))


def test_signing_is_done_once_whatever_dies_in_between(server: Served) -> None:
    visitor = doctor(server)
    for turn in range(3):
        page = Page(visitor, begin(visitor))
        assert page.save(f"Signed once {turn}.")[0] == 200
        before = server.child("web")
        killer = threading.Timer(
            secrets.randbelow(40) / 1000, os.kill, (before, signal.SIGKILL)
        )
        killer.start()
        with suppress(OSError):
            page.sign()
        killer.join()
        comes_back(server, "web", before)
        # Sent again until it is done, as a person does
        assert page.sign()[0] == 303
        assert page.sign()[0] == 303
        shown = visitor.get(f"/patients/pat/notes/{page.draft}/history")
        assert shown.count(b"<h3>Version") == 1
        assert shown.count(f"Signed once {turn}.".encode()) == 1


def test_other_words_signed_late_without_scripts_are_kept_and_shown(
    server: Served,
) -> None:
    visitor = doctor(server)
    page = Page(visitor, begin(visitor))
    [(editor, number)] = page.over

    def press_sign(text: str) -> int:
        form = {"over": f"{editor}:{number}", "title": "T", "text-0": text}
        body = urlencode(form).encode()
        return visitor.ask("POST", f"{page.address}/sign", body)[0]

    assert press_sign("The first window.") == 303
    assert press_sign("The first window.") == 303, "pressed twice, done once"
    assert press_sign("The second window.") == 409
    both = re.sub(rb"<[^>]+>", b"", visitor.get(f"{page.address}/texts"))
    assert b"The first window." in both
    assert b"The second window." in both


def test_a_text_saved_while_another_is_signed_keeps_the_draft_going(
    server: Served,
) -> None:
    visitor = doctor(server)
    page = Page(visitor, begin(visitor))
    other = Page(visitor, page.draft)
    assert page.save("Signed.")[0] == 200
    assert other.save("Saved just then.")[0] == 200

    assert asyncio.run(ended_at(server, page)) == ""


async def ended_at(server: Served, page: Page) -> str:
    """As signing ends it, over the text of one page; how it ended."""
    connection = await connect(address_for(server.settings, server.layout, WEB))
    organisation = OrganisationId(1)
    try:
        await connection.serve(organisation)
        await draft_rows.end(
            connection,
            organisation,
            page.draft,
            as_=draft_rows.SIGNED,
            at=SystemClock().now(),
            only=Place(page.editor, page.number),
        )
        found = await draft_rows.one(connection, organisation, page.draft)
    finally:
        await connection.close()
    assert found is not None
    return found.ended_as


def test_a_late_save_and_the_same_save_again_change_nothing(server: Served) -> None:
    visitor = doctor(server)
    page = Page(visitor, begin(visitor))
    assert page.save("Newer.", 7)[1]["is_new"]
    assert page.save("Older.", 3)[1] | {"at": ""} == {
        "number": 7,
        "at": "",
        "others": 0,
        "ended": "",
        "is_new": False,
        "beside": [],
    }
    assert not page.save("Another seven.", 7)[1]["is_new"]
    assert Page(visitor, page.draft).text == "Newer."


def test_a_session_that_sleeps_saves_nothing_and_says_so(server: Served) -> None:
    visitor = doctor(server)
    page = Page(visitor, begin(visitor))
    page.save("Before the lock.")
    visitor.ask("POST", "/lock", b"x=1")
    body = page.sealed("After the lock.", 2)
    status, said = visitor.ask("POST", f"/notes/drafts/{page.draft}/save", body, JSON)
    assert status == 401
    assert json.loads(said)["code"] == "asleep"


def test_words_that_come_after_the_signature_begin_the_draft_again(
    server: Served,
) -> None:
    visitor = doctor(server)
    page = Page(visitor, begin(visitor))
    page.save("As signed.")
    assert page.sign()[0] == 303
    # What was typed before, and comes late, changes nothing
    assert page.save("Never mind.", 1)[1]["ended"] == ""
    status, _ = visitor.ask("GET", page.address)
    assert status == 200
    assert b"This draft has ended" in visitor.get(page.address)
    # Words that the signature does not have are a draft again
    assert page.save("As signed. And more.", 2)[1]["ended"] == "signed"
    assert Page(visitor, page.draft).text == "As signed. And more."
    status, shown = page.sign()
    assert status == 409
    assert b"The note as it stands" in shown


def test_what_was_thrown_away_is_brought_back(server: Served) -> None:
    visitor = doctor(server)
    page = Page(visitor, begin(visitor))
    page.save("Not so bad after all.")
    assert visitor.ask("POST", f"{page.address}/throw-away", b"x=1")[0] == 303
    assert page.draft.encode() not in visitor.get("/notes")
    assert visitor.ask("POST", f"{page.address}/bring-back", b"x=1")[0] == 303
    assert Page(visitor, page.draft).text == "Not so bad after all."


def test_thirty_saves_are_no_entry_of_the_ledger(server: Served) -> None:
    visitor = doctor(server)
    page = Page(visitor, begin(visitor))
    before = visitor.get("/patients/pat/history").count(b"<tr")
    for number in range(1, 31):
        assert page.save(f"Letter by letter {number}", number)[0] == 200
    # Looking at the history is an entry each time, and the only one here.
    assert visitor.get("/patients/pat/history").count(b"<tr") <= before + 1


def test_a_colleagues_session_neither_reads_nor_writes_nor_ends_a_draft(
    server: Served,
) -> None:
    author, thief = doctor(server), doctor(server)
    page = Page(author, begin(author))
    page.save("Half a sentence about Quixotry")
    for path in ("", "/texts"):
        status, answer = thief.ask("GET", page.address + path)
        assert status == 404
        assert b"Quixotry" not in answer
    for path in ("", "/sign", "/throw-away", "/bring-back", "/texts"):
        body = f"place={page.editor}:1&text-0=mine&keep=both".encode()
        assert thief.ask("POST", page.address + path, body)[0] == 404
    body = page.sealed("Mine now", 9)
    assert thief.ask("POST", f"/notes/drafts/{page.draft}/save", body, JSON)[0] == 404
    # It is not in the record, and nobody takes it over while its author is about
    assert b"Quixotry" not in thief.get("/patients/pat/notes")
    assert thief.ask("GET", f"{page.address}/take-over")[0] == 403
    assert Page(author, page.draft).text == "Half a sentence about Quixotry"


def test_a_stranger_to_the_patient_is_asked_why_before_a_draft_is_begun(
    server: Served,
) -> None:
    stranger = doctor(server, "other")
    body = b"draft=0b5a9c1e-0000-4000-8000-000000000001&template="
    assert stranger.ask("POST", "/patients/pat/notes", body)[0] == 303
    status, _ = stranger.ask(
        "GET", "/patients/pat/drafts/0b5a9c1e-0000-4000-8000-000000000001"
    )
    assert status == 404


def test_garbage_is_refused_and_changes_nothing(server: Served) -> None:
    visitor = doctor(server)
    page = Page(visitor, begin(visitor))
    page.save("Safe.")
    good = json.loads(page.sealed("x", 9))
    for wrong in (
        {"number": -1},
        {"number": 2**31},
        {"editor": "x"},
        {"box": ""},
        {"box": "%%%"},
        {"box": "A" * 400_000},
        {"over": [["x", 1]]},
    ):
        sent = json.dumps({**good, **wrong}).encode()
        status, _ = visitor.ask("POST", f"/notes/drafts/{page.draft}/save", sent, JSON)
        assert status in (400, 413), wrong
    assert Page(visitor, page.draft).text == "Safe."


async def test_the_web_role_can_not_put_an_older_text_in_place_or_delete_one(
    server: Served,
) -> None:
    visitor = await asyncio.to_thread(doctor, server)
    page = Page(visitor, begin(visitor))
    page.save("Kept.", 5)
    connection = await connect(address_for(server.settings, server.layout, WEB))
    try:
        await connection.serve(OrganisationId(1))
        for sql in (
            "update record.note_text set number = number - 1",
            "update record.note_text set box = 'x'",
            "update record.note_text set editor = gen_random_uuid()",
            "delete from record.note_text",
            "delete from record.note_draft",
            "update record.note_draft set wrapped_key = 'x'",
        ):
            with pytest.raises(DatabaseRefusedError):
                await connection.execute(sql)
    finally:
        await connection.close()
    assert Page(visitor, page.draft).text == "Kept."


def test_drafts_lie_sealed_in_the_database_and_in_no_log(server: Served) -> None:
    visitor = doctor(server)
    page = Page(visitor, begin(visitor))
    page.save("Ultracrepidarian, said the patient")
    sealed = Page(visitor, begin(visitor, sealed="yes"))
    sealed.save("Sesquipedalian, in confidence")
    assert Page(visitor, sealed.draft).text == "Sesquipedalian, in confidence"
    files = Path(server.log).parent.rglob("*")
    assert leaked(("Ultracrepidarian", "Sesquipedalian"), files) == set()


def test_a_sealed_note_is_for_the_care_and_in_no_list_or_search(
    server: Served,
) -> None:
    author, colleague = doctor(server), doctor(server)
    page = Page(author, begin(author, sealed="yes"))
    page.save("Told in confidence")
    assert page.sign()[0] == 303
    address = f"/patients/pat/notes/{page.draft}"
    assert b"Told in confidence" in author.get(address)
    assert b"Told in confidence" in colleague.get(address)
    shown = colleague.get("/patients/pat/notes")
    assert b"Told in confidence" not in shown
    assert b"Sealed note" in shown
    found = colleague.post("/patients/pat/notes/search", {"words": "confidence"})
    assert b"Told in confidence" not in found
    # A receptionist, and a carer, who may set none, read none
    for role in ("receptionist", "carer"):
        status, answer = doctor(server, role=role).ask("GET", address)
        assert status == 403
        assert b"Told in confidence" not in answer


def test_a_note_with_a_code_of_a_home_is_not_signed_and_not_lost(
    server: Served,
) -> None:
    visitor = doctor(server)
    page = Page(visitor, begin(visitor))
    page.save("Key safe 4821 by the door.")
    status, shown = page.sign()
    assert status == 422
    assert b"seems to hold a code that opens a home" in shown
    assert Page(visitor, page.draft).text == "Key safe 4821 by the door."


def test_without_scripts_the_buttons_save_and_sign(server: Served) -> None:
    visitor: Visitor = doctor(server)
    page = Page(visitor, begin(visitor))
    over = " ".join(f"{editor}:{number}" for editor, number in page.over)
    body = f"over={over}&title=T&text-0=By+hand&heading-0=&hint-0=&when=".encode()
    assert visitor.ask("POST", page.address, body)[0] == 303
    again = Page(visitor, page.draft)
    assert again.text == "By hand"
    over = " ".join(f"{editor}:{number}" for editor, number in again.over)
    body = f"over={over}&title=T&text-0=By+hand%0D%0Asigned&when=".encode()
    assert visitor.ask("POST", f"{page.address}/sign", body)[0] == 303
    assert b"By hand\nsigned" in visitor.get(f"/patients/pat/notes/{page.draft}")
