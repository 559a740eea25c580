# SPDX-License-Identifier: Apache-2.0
"""Drills on kept forms: thieves read nothing, crashes lose and double nothing."""

import asyncio
import os
import secrets
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from support.form_pages import FormPage
from support.leaks import leaked
from support.ledgers import entries_in
from support.note_pages import open_ward
from support.note_writer import JSON, doctor, part
from support.served import Served, eventually, served
from wardkeep.assembly.database import WEB, WORKER, address_for
from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import connect

LETTER = {"to": "Dr Finch", "subject": "Visit", "body": "Seen today.", "copies": ""}
FORMS = ("letters/new", "plans/risk/change", "entries/problem/new", "observations/new")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("forms")) as running:
        open_ward(running, tmp_path_factory.mktemp("keys"))
        yield running


@pytest.fixture(autouse=True)
def everybody_leaves() -> Iterator[None]:
    yield
    part()


@pytest.mark.parametrize("path", FORMS)
def test_a_colleagues_session_neither_reads_nor_writes_nor_ends_what_is_unfinished(
    server: Served, path: str
) -> None:
    author, thief = doctor(server), doctor(server)
    page = FormPage(author, path)
    assert page.save({"body": "Half a sentence about Quixotry"})[0] == 200
    # Given a session of the same ward, when it tries every address
    for below in ("", "/keep", "/throw-away", "/bring-back"):
        method = "POST" if below else "GET"
        body = b"body=mine" if below else b""
        status, answer = thief.ask(method, page.words + below, body)
        assert status == 404
        assert b"Quixotry" not in answer
    status, answer = thief.ask("GET", f"{page.action}?draft={page.draft}")
    assert (status, b"Quixotry" in answer) == (404, False)
    body = page.sealed({"body": "Mine now"}, 9)
    assert thief.ask("POST", f"/notes/drafts/{page.draft}/save", body, JSON)[0] == 404
    # Then it reads that there is something, and its author reads the words
    shown = thief.get("/patients/pat/unfinished")
    assert b"has not finished" in shown
    assert page.draft.encode() not in shown
    assert b"Quixotry" in author.get(page.words)


@pytest.mark.parametrize("below", ["", "/texts", "/take-over"])
def test_a_forms_draft_is_no_note_whoever_asks(server: Served, below: str) -> None:
    author, leader = doctor(server), doctor(server)
    page = FormPage(author, "letters/new")
    page.save(LETTER)
    address = f"/patients/pat/drafts/{page.draft}{below}"
    assert author.ask("GET", address)[0] == 404
    assert leader.ask("GET", address)[0] == 404
    assert (
        author.ask("POST", f"/patients/pat/drafts/{page.draft}/sign", b"x=1")[0] == 404
    )
    assert page.draft.encode() not in author.get("/notes")


def test_another_patients_address_opens_no_draft(server: Served) -> None:
    author = doctor(server, "pat", "other")
    page = FormPage(author, "letters/new")
    page.save(LETTER)
    for address in (
        f"/patients/other/unfinished/{page.draft}",
        f"/patients/other/letters/new?draft={page.draft}",
        f"/patients/pat/entries/problem/new?draft={page.draft}",
    ):
        assert author.ask("GET", address)[0] == 404


def test_a_receptionists_session_is_refused_every_page(server: Served) -> None:
    page = FormPage(doctor(server), "letters/new")
    page.save(LETTER)
    desk = doctor(server, role="receptionist")
    for address in ("/unfinished", "/patients/pat/unfinished", page.words):
        assert desk.ask("GET", address)[0] == 403


@pytest.mark.parametrize("path", FORMS)
def test_a_form_that_is_begun_says_each_thing_once_in_the_ledger(
    server: Served, path: str
) -> None:
    author = doctor(server)
    before = len(entries_in(server.layout.ledger))
    page = FormPage(author, path)
    told = [
        (subject.patient, *one)
        for entry in entries_in(server.layout.ledger)[before:]
        for subject in entry.subjects
        for one in subject.resources()
    ]
    assert told
    assert sorted(told) == sorted(set(told))
    # And the key that came with it is the draft's own
    page.save({"body": "Half a sentence"})
    assert b"Half a sentence" in author.get(page.words)


def test_a_form_that_nobody_typed_into_is_on_no_list(server: Served) -> None:
    author = doctor(server)
    page = FormPage(author, "letters/new")
    assert b"Nothing. What you begin" in author.get("/unfinished")
    page.save(LETTER)
    assert page.draft.encode() in author.get("/unfinished")


def test_what_was_sent_is_unfinished_no_longer_and_late_words_go_on(
    server: Served,
) -> None:
    author = doctor(server)
    page = FormPage(author, "letters/new")
    page.save(LETTER)
    assert page.send(LETTER)[0] == 303
    assert b"Nothing. What you begin" in author.get("/unfinished")
    # The last save again, late, changes nothing; words that nobody sent do
    page.number = 0
    assert not page.save(LETTER)[1]["is_new"]
    assert b"Nothing. What you begin" in author.get("/unfinished")
    assert page.save({**LETTER, "body": "And one more thing."})[1]["ended"] == "signed"
    assert b"And one more thing." in author.get(page.words)


def test_a_draft_writes_nothing_into_the_record(server: Served) -> None:
    author, colleague = doctor(server), doctor(server)
    for path in FORMS:
        FormPage(author, path).save({"body": "Zugzwang", "words": "Zugzwang"})
    for section in (
        "",
        "/letters",
        "/plans",
        "/problems",
        "/observations",
        "/timeline",
    ):
        assert b"Zugzwang" not in colleague.get(f"/patients/pat{section}")
    assert b"Zugzwang" not in colleague.get("/patients/pat/print?part=whole")


def test_a_letter_is_written_once_and_no_word_is_lost_whatever_dies_in_between(
    server: Served,
) -> None:
    author = doctor(server)
    for turn in range(3):
        subject = f"Once {turn} {secrets.token_hex(4)}"
        typed = {**LETTER, "subject": subject}
        page = FormPage(author, "letters/new")
        assert page.save(typed)[0] == 200
        before = server.child("web")
        killer = threading.Timer(
            secrets.randbelow(40) / 1000, os.kill, (before, signal.SIGKILL)
        )
        killer.start()
        with suppress(OSError):
            page.send(typed)
        killer.join()
        comes_back(server, before)
        # It is in the record, or still unfinished, or both; and sent again it is once
        shown = author.get("/patients/pat/letters") + author.get(page.words)
        assert subject.encode() in shown
        assert page.send(typed)[0] == 303
        assert author.get("/patients/pat/letters").count(subject.encode()) == 1
        assert page.draft.encode() not in author.get("/unfinished")


def comes_back(server: Served, before: int) -> None:
    eventually(lambda: server.child("web") not in (0, before), server.log)
    server.await_ready()


def test_values_typed_a_day_ago_are_no_set_of_now(server: Served) -> None:
    author = doctor(server)
    page = FormPage(author, "observations/new")
    page.save({"pulse": "81"})
    again = FormPage(author, f"observations/new?draft={page.draft}")
    assert 'value="81"' in again.page
    assert 'id="time" name="time" type="text" value=""' not in again.page
    asyncio.run(_age(server, page.draft))
    address = f"/patients/pat/observations/new?draft={page.draft}"
    status, shown = author.ask("GET", address)
    assert status == 422
    assert b"typed more than a day ago" in shown


async def _age(server: Served, draft: str) -> None:
    connection = await connect(address_for(server.settings, server.layout, WEB))
    try:
        await connection.serve(OrganisationId(1))
        await connection.execute(
            "update record.note_text set saved_at = now() - interval '25 hours'"
            " where draft = $1::text::uuid",
            draft,
        )
    finally:
        await connection.close()


def test_words_lie_sealed_in_the_database_and_in_no_log(server: Served) -> None:
    author = doctor(server)
    FormPage(author, "plans/safety/change").save({"signs": "Ultracrepidarian"})
    by_hand = FormPage(author, "letters/new")
    body = f"over=&draft={by_hand.draft}&body=Sesquipedalian".encode()
    assert author.ask("POST", f"{by_hand.words}/keep", body)[0] == 303
    assert b"Sesquipedalian" in author.get(by_hand.words)
    files = Path(server.log).parent.rglob("*")
    assert leaked(("Ultracrepidarian", "Sesquipedalian"), files) == set()


def test_old_drafts_are_forgotten_and_younger_ones_and_notes_are_not(
    server: Served,
) -> None:
    author = doctor(server)
    looked_at, typed = FormPage(author, "letters/new"), FormPage(author, "letters/new")
    thrown = FormPage(author, "letters/new")
    for page in (typed, thrown):
        page.save(LETTER)
    author.ask("POST", f"{thrown.words}/throw-away", b"x=1")
    drafts = (looked_at.draft, typed.draft, thrown.draft)
    assert asyncio.run(_left(server, days=1, drafts=drafts)) == set(drafts)
    assert asyncio.run(_left(server, days=3, drafts=drafts)) == set(drafts[1:])
    assert asyncio.run(_left(server, days=8, drafts=drafts)) == {typed.draft}
    assert asyncio.run(_left(server, days=31, drafts=drafts)) == set()


async def _left(server: Served, *, days: int, drafts: tuple[str, ...]) -> set[str]:
    """What the worker's job leaves, as if so many days had gone by."""
    worker = await connect(address_for(server.settings, server.layout, WORKER))
    web = await connect(address_for(server.settings, server.layout, WEB))
    try:
        await worker.execute(
            "select record.forget_drafts(now() + make_interval(days => $1))", days
        )
        await web.serve(OrganisationId(1))
        rows = await web.fetch(
            "select id::text from record.note_draft"
            " where id = any ($1::text[]::uuid[])",
            list(drafts),
        )
    finally:
        await worker.close()
        await web.close()
    return {row["id"] for row in rows}
