# SPDX-License-Identifier: Apache-2.0
"""Drills on assessments: a thief's session reaches no more; a kill doubles nothing."""

import base64
import html
import json
import os
import re
import secrets
import signal
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from support.note_writer import JSON, doctor, fields_of, part
from support.program import Program
from support.served import Served, Visitor, eventually, served
from wardkeep.base.ids import new_uuid
from wardkeep.crypto.aead import Cipher, Key
from wardkeep.fhir.assessments.library import library
from wardkeep.fhir.notes.words import Section, Words, write_words

Json = dict[str, Any]
FOREIGN, OWN = "foreign-scale", "phq-9"
ONES = {f"q{n}": "1" for n in range(1, 10)}


def shelved(id_: str) -> Json:
    return {**library()[0].content, "id": id_, "status": "active"}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("assessed")) as running:
        for home, questionnaire in (("fernhill", OWN), ("larkspur", FOREIGN)):
            running.found(home)
            with closing(Program(running, keys, organisation=home)) as program:
                program.put(shelved(questionnaire))
                for id_ in ("pat", "other"):
                    program.put(
                        {
                            "resourceType": "Patient",
                            "id": id_ if home == "fernhill" else f"far-{id_}",
                            "name": [{"family": "HAZEL"}],
                            "birthDate": "1950-02-03",
                        }
                    )
        yield running


@pytest.fixture(autouse=True)
def everybody_leaves() -> Iterator[None]:
    yield
    part()


class Window:
    """A window with a half-filled assessment: it seals what is ticked itself."""

    def __init__(self, visitor: Visitor, draft: str, patient: str = "pat") -> None:
        self.visitor, self.draft = visitor, draft
        self.address = f"/patients/{patient}/assessments/drafts/{draft}"
        page = visitor.get(self.address)
        said = fields_of(page)
        self.key = Key(base64.b64decode(said["key"]))
        self.identity = said["identity"]
        self.over = json.loads(html.unescape(said["over"]))
        self.editor = re.findall(rb'name="editor" value="([^"]+)"', page)[0].decode()
        asked = re.findall(rb'name="questionnaire" value="([^"]+)"', page)[0]
        self.beside = {"questionnaire": asked.decode(), "encounter": ""}

    def save(self, typed: dict[str, str], *, why: str = "", **beside: str) -> int:
        said = {**self.beside, **beside, **typed}
        sections = tuple(Section(name, text) for name, text in said.items())
        words = Words(
            title="PHQ-9", when="2026-01-09T10:00", sections=sections, why=why
        )
        identity = f"{self.identity}{self.editor}|1".encode()
        box = Cipher(self.key).seal(write_words(words), identity)
        sent = {
            "editor": self.editor,
            "number": 1,
            "box": base64.b64encode(box).decode(),
            "over": self.over,
        }
        return self.visitor.ask(
            "POST", f"/notes/drafts/{self.draft}/save", json.dumps(sent).encode(), JSON
        )[0]

    def sign(self, **more: str) -> tuple[int, bytes]:
        body = urlencode({"place": f"{self.editor}:1", **more}).encode()
        return self.visitor.ask("POST", f"{self.address}/sign", body)


def begin(
    visitor: Visitor, questionnaire: str = OWN, patient: str = "pat"
) -> tuple[int, str]:
    draft = new_uuid()
    body = urlencode({"draft": draft, "questionnaire": questionnaire}).encode()
    status, _ = visitor.ask("POST", f"/patients/{patient}/assessments", body)
    return status, draft


def signed(visitor: Visitor) -> str:
    """An assessment that stands in the record; its id."""
    status, draft = begin(visitor)
    assert status == 303
    window = Window(visitor, draft)
    assert window.save(ONES) == 200
    assert window.sign()[0] == 303
    return draft


def test_a_stolen_session_opens_no_assessment_of_a_stranger(server: Served) -> None:
    mine = doctor(server, "pat")
    id_ = signed(mine)
    thief = doctor(server, "other")
    for page in ("", f"/{id_}", f"/{id_}/versions", f"/of/{OWN}"):
        status, body = thief.ask("GET", f"/patients/pat/assessments{page}")
        assert status in (303, 404), (page, status)
        assert b"PHQ-9" not in body
    # Nor under the address of somebody whom the session may open
    for page in (f"/{id_}", f"/{id_}/versions"):
        status, body = thief.ask("GET", f"/patients/other/assessments{page}")
        assert status in (303, 404)
        assert b"9 of 27" not in body
    status, _ = begin(thief, patient="pat")
    assert status in (303, 404)
    assert b"Your assessment" not in mine.get("/patients/pat/assessments")


def test_a_draft_is_its_authors_alone_and_no_note(server: Served) -> None:
    mine, colleague = doctor(server, "pat"), doctor(server, "pat")
    _, draft = begin(mine)
    at = f"/patients/pat/assessments/drafts/{draft}"
    for method, page in (
        ("GET", at),
        ("GET", f"{at}/texts"),
        ("POST", f"{at}/sign"),
        ("POST", f"{at}/throw-away"),
        ("POST", at),
    ):
        assert (
            colleague.ask(method, page, b"a=b" if method == "POST" else b"")[0] == 404
        )
    # It is no draft of a note either, for anybody
    assert mine.ask("GET", f"/patients/pat/drafts/{draft}")[0] == 404
    assert mine.ask("POST", f"/patients/pat/drafts/{draft}/sign", b"place=x")[0] == 404
    assert mine.ask("GET", f"/patients/other/assessments/drafts/{draft}")[0] == 404


def test_another_organisations_questionnaire_is_neither_begun_nor_signed(
    server: Served,
) -> None:
    mine = doctor(server, "pat")
    assert begin(mine, FOREIGN)[0] == 409
    assert begin(mine, "no-such-one")[0] == 409
    _, draft = begin(mine)
    window = Window(mine, draft)
    assert window.save(ONES, questionnaire=f"{FOREIGN}|1") == 200
    assert window.sign()[0] == 404
    assert mine.ask("GET", f"/patients/pat/assessments/{draft}")[0] == 404


def test_a_strangers_stay_is_not_named_by_an_assessment(
    server: Served, keys: Path
) -> None:
    with closing(Program(server, keys, organisation="fernhill")) as it:
        it.put(
            {
                "resourceType": "Encounter",
                "id": "stay-of-other",
                "status": "in-progress",
                "class": {"code": "IMP"},
                "subject": {"reference": "Patient/other"},
            }
        )
    mine = doctor(server, "pat")
    _, draft = begin(mine)
    window = Window(mine, draft)
    assert window.save(ONES, encounter="stay-of-other") == 200
    assert window.sign()[0] == 404


@pytest.mark.parametrize("role", ["receptionist", "finance_clerk", "administrator"])
def test_roles_that_read_no_records_read_no_assessments(
    server: Served, role: str
) -> None:
    desk = doctor(server, "pat", role=role)
    for page in ("", "/x", f"/of/{OWN}"):
        assert desk.ask("GET", f"/patients/pat/assessments{page}")[0] == 403
    assert begin(desk)[0] == 403


def test_only_who_may_brings_questionnaires_in(server: Served) -> None:
    nurse = doctor(server, "pat", role="ward_nurse")
    assert nurse.ask("GET", "/assessments/bring-in")[0] == 403
    assert nurse.ask("POST", "/assessments/library/gad-7", b"")[0] == 403
    admin = doctor(server, role="administrator")
    assert admin.ask("POST", "/assessments/library/gad-7", b"")[0] == 303
    # And it is offered to nobody before somebody who may takes it into use
    listed = nurse.get("/patients/pat/assessments")
    assert b"GAD-7" not in listed
    kept = re.findall(
        rb'href="/questionnaires/([\w-]+)"><strong>GAD-7', admin.get("/questionnaires")
    )
    body = b"stored=1&verb=use"
    assert admin.ask("POST", f"/questionnaires/{kept[0].decode()}", body)[0] == 403
    lead = doctor(server, role="shift_lead")
    assert lead.ask("POST", f"/questionnaires/{kept[0].decode()}", body)[0] == 303
    assert b"GAD-7" in nurse.get("/patients/pat/assessments")


def test_signing_is_done_once_whatever_dies_in_between(
    server: Served, keys: Path
) -> None:
    mine = doctor(server, "pat")
    ids = []
    for _ in range(2):
        _, draft = begin(mine)
        window = Window(mine, draft)
        assert window.save(ONES) == 200
        before = server.child("web")
        killer = threading.Timer(
            secrets.randbelow(60) / 1000, os.kill, (before, signal.SIGKILL)
        )
        killer.start()
        with suppress(OSError):
            window.sign()
        killer.join()
        eventually(lambda b=before: server.child("web") not in (0, b), server.log)  # type: ignore[misc]
        server.await_ready()
        assert window.sign()[0] == 303
        assert window.sign()[0] == 303
        ids.append(draft)
    with closing(Program(server, keys, organisation="fernhill")) as it:
        for id_ in ids:
            one = it.get(f"QuestionnaireResponse/{id_}").json
            assert one["meta"]["versionId"] == "1"
        flags = it.search("Flag", ("patient", "pat"))
        assert len(flags.ids) == 1


def test_an_alert_goes_with_the_error_that_set_it_and_with_no_other(
    server: Served,
) -> None:
    mine = doctor(server, "other")
    first, second = (_of_other(mine) for _ in range(2))
    alert = b"Thoughts of being better off dead or of self-harm: answered"
    assert alert in mine.get("/patients/other")
    wrong = b"version=1&why=Wrong+person"
    at = "/patients/other/assessments"
    assert mine.ask("POST", f"{at}/{first}/wrong", wrong)[0] == 303
    assert alert in mine.get("/patients/other"), "the second one set it last"
    assert mine.ask("POST", f"{at}/{second}/wrong", wrong)[0] == 303
    assert alert not in mine.get("/patients/other")
    # Struck out once: sent again, it says that somebody was faster
    assert mine.ask("POST", f"{at}/{second}/wrong", wrong)[0] == 409
    # Its score is no result of the record any more
    assert b"PHQ-9 total" not in mine.get("/patients/other")


def test_an_error_does_not_take_along_what_another_assessment_alarms_about(
    server: Served,
) -> None:
    mine = doctor(server, "other")
    first, second = (_of_other(mine) for _ in range(2))
    alert = b"Thoughts of being better off dead or of self-harm: answered"
    at, wrong = "/patients/other/assessments", b"version=1&why=Wrong+person"
    # The second one set it last and was an error; the first one still says so
    assert mine.ask("POST", f"{at}/{second}/wrong", wrong)[0] == 303
    assert alert in mine.get("/patients/other")
    assert mine.ask("POST", f"{at}/{first}/wrong", wrong)[0] == 303
    assert alert not in mine.get("/patients/other")


def _of_other(visitor: Visitor) -> str:
    _, draft = begin(visitor, patient="other")
    window = Window(visitor, draft, "other")
    assert window.save(ONES) == 200
    assert window.sign()[0] == 303
    return draft


def test_what_somebody_left_out_is_never_signed_as_a_nought(server: Served) -> None:
    mine = doctor(server, "pat")
    _, draft = begin(mine)
    window = Window(mine, draft)
    assert window.save({"q1": "3"}) == 200
    status, body = window.sign()
    assert status == 422
    assert b"Without these there is no total" in body
    assert window.sign(gaps="yes")[0] == 303
    page = mine.get(f"/patients/pat/assessments/{draft}")
    assert b"No total: 1 of 9 answered" in page
    assert b"Minimal</strong>" not in page


def test_a_score_stays_what_it_was_when_the_scale_is_changed(
    server: Served, keys: Path
) -> None:
    mine = doctor(server, "pat")
    id_ = signed(mine)
    changed = shelved(OWN)
    heavier = json.loads(
        json.dumps(changed).replace('"valueDecimal": 1}', '"valueDecimal": 2}')
    )
    with closing(Program(server, keys, organisation="fernhill")) as it:
        it.put({**heavier, "version": "2"})
    assert b"9 of 27, Mild" in mine.get(f"/patients/pat/assessments/{id_}")
    newer = signed(mine)
    assert b"18 of 27" in mine.get(f"/patients/pat/assessments/{newer}")
    # One that is amended goes on with the version that it was answered under
    draft = new_uuid()
    at = f"/patients/pat/assessments/{id_}/amend"
    assert mine.ask("POST", at, f"draft={draft}".encode())[0] == 303
    window = Window(mine, draft)
    assert window.beside["questionnaire"] == f"{OWN}|1"


def test_an_alert_that_somebody_ended_stays_so_when_something_else_is_amended(
    server: Served,
) -> None:
    mine = doctor(server, "pat")
    id_ = signed(mine)
    alert = b"Thoughts of being better off dead or of self-harm: answered"
    page = mine.get("/patients/pat/allergies")
    assert alert in page
    flags = re.findall(rb"entries/alert/([\w-]{36})", page)
    assert flags
    ending = f"/patients/pat/entries/alert/{flags[0].decode()}"
    shown = mine.get(ending)
    version = re.findall(rb'name="version" value="(\d+)"', shown)[0].decode()
    body = urlencode({"version": version, "note": "Talked with her"}).encode()
    assert mine.ask("POST", f"{ending}/end", body)[0] == 303
    assert alert not in mine.get("/patients/pat").partition(b"</section>")[0]
    draft = new_uuid()
    at = f"/patients/pat/assessments/{id_}/amend"
    assert mine.ask("POST", at, f"draft={draft}".encode())[0] == 303
    window = Window(mine, draft)
    assert window.save({**ONES, "q1": "2"}, why="Heard wrongly") == 200
    assert window.sign()[0] == 303
    assert alert not in mine.get("/patients/pat").partition(b"</section>")[0]
    # But an answer that says more is told anew
    draft = new_uuid()
    assert mine.ask("POST", at, f"draft={draft}".encode())[0] == 303
    window = Window(mine, draft)
    assert window.save({**ONES, "q9": "3"}, why="She said more") == 200
    assert window.sign()[0] == 303
    assert b"Nearly every day" in mine.get("/patients/pat").partition(b"</section>")[0]


def test_what_a_child_or_somebody_pregnant_measures_is_stored_without_a_score(
    server: Served, keys: Path
) -> None:
    people = {"child": ("2018-02-03", ""), "expects": ("1990-02-03", "Pregnancy")}
    mine = doctor(server, *people)
    with closing(Program(server, keys, organisation="fernhill")) as it:
        for id_, (born, problem) in people.items():
            name = [{"family": "REED"}]
            it.put(
                {"resourceType": "Patient", "id": id_, "name": name, "birthDate": born}
            )
            if problem:
                it.put(
                    {
                        "resourceType": "Condition",
                        "id": f"{id_}-1",
                        "code": {"text": problem},
                        "subject": {"reference": f"Patient/{id_}"},
                    }
                )
    measured = {
        "respiration_rate": "30",
        "oxygen_saturation": "85",
        "air": "air",
        "systolic": "80",
        "pulse": "140",
        "level": "A",
        "temperature": "39.5",
        "scale": "1",
    }
    for id_, why in (("child", b"people under 16"), ("expects", b"in pregnancy")):
        at = f"/patients/{id_}/observations"
        assert why in mine.get(f"{at}/new")
        body = urlencode({**measured, "set": new_uuid()})
        _, looked = mine.ask("POST", f"{at}/new", body.encode())
        assert b"No NEWS2</p>" in looked
        assert why in looked
        status, _ = mine.ask(
            "POST", f"{at}/new", f"{body}&step=save&confirm=yes".encode()
        )
        assert status == 303
        page = mine.get(at)
        assert b"No NEWS2.</strong>" in page
        assert why in page
        assert b"emergency response" not in page
