# SPDX-License-Identifier: Apache-2.0
"""Drills on protocols and CDS Hooks: a stolen session alone, hostile content, tokens.

The real processes over HTTP. One clinical lead's session is in a thief's hands, and one
program's token.
"""

import hashlib
import json
import re
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from support.program import Program, Reply
from support.served import Served, Visitor
from support.triage import question, resource, rule, written_as
from wardkeep.base.ids import derived_uuid, new_uuid
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.triage.in_use import Approval, library_of
from wardkeep.fhir.triage.library import shipped_content
from wardkeep.fhir.triage.protocol import (
    REVIEWED,
    Protocol,
    Review,
    frozen_id,
    protocol_library,
)

HOME, ELSEWHERE = "larkspur", "tansy"
FORBIDDEN = 403
LEAD = "Dr Ada Example, GMC 0000000"
EVIL = "</textarea><script>alert(1)</script><img src=x onerror=alert(2)>"
Json = dict[str, Any]
Pair = tuple[Resource, Resource]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    running = Served(tmp_path_factory.mktemp("protocols"), WARDKEEP_WEB_WORKERS="1")
    try:
        running.await_ready()
        running.found(HOME)
        running.found(ELSEWHERE)
        yield running
    finally:
        running.process.send_signal(signal.SIGINT)
        running.process.wait(60)


@pytest.fixture(scope="module")
def thief(stack: Served) -> Iterator[Visitor]:
    """A clinical lead's session, in a thief's hands."""
    with closing(Visitor(stack.port, stack.sign_in(HOME, [], "shift_lead"))) as one:
        yield one


@pytest.fixture(scope="module")
def second(stack: Served) -> Iterator[Visitor]:
    """Another clinical lead, at work."""
    with closing(Visitor(stack.port, stack.sign_in(HOME, [], "doctor"))) as one:
        yield one


def post(who: Visitor, path: str, **said: str) -> tuple[int, str]:
    status, page = who.ask("POST", path, urlencode(said).encode())
    return status, unescape(page.decode())


def get(who: Visitor, path: str) -> str:
    status, page = who.ask("GET", path)
    assert status == 200, (path, status)
    return page.decode()


def texts(pair: Pair) -> dict[str, str]:
    plan, asked = pair
    return {"text-1": plan.compact.decode(), "text-2": asked.compact.decode()}


def own(version: str, **unlike: Any) -> Pair:
    """A checklist without a fault, that sends everybody home."""
    made = rule("well", "%well", "self-care")
    plan, asked = written_as([question("well")], [made | unlike])
    content = {**plan.content, "version": version, "url": "urn:example:thief"}
    return resource(content), asked


def listed(who: Visitor) -> list[str]:
    page = get(who, "/protocols")
    return re.findall(r'href="/protocols/([0-9a-f-]{36})"', page)


def brought_in(who: Visitor, pair: Pair) -> str:
    """The id of a protocol that somebody brought in."""
    before = set(listed(who))
    status, page = post(who, "/protocols/bring-in", **texts(pair))
    assert status == 303, page
    [new] = set(listed(who)) - before
    return new


def version_in(page: str) -> str:
    return str(re.findall(r'name="version" value="(\d+)"', page)[0])


def sent(who: Visitor, pair: Pair) -> str:
    """The id of a version that waits for review."""
    id_ = brought_in(who, pair)
    page = get(who, f"/protocols/{id_}")
    before = set(listed(who))
    assert post(who, f"/protocols/{id_}/send", version=version_in(page))[0] == 303
    [new] = set(listed(who)) - before
    return new


def decided(who: Visitor, id_: str, pair: Pair, **more: str) -> tuple[int, str]:
    said = {
        "name": LEAD,
        "words": "Each rule against its source",
        "decision": "reviewed",
        "which": digest(pair),
        "version": "1",
    }
    return post(who, f"/protocols/{id_}/review", **(said | more))


def digest(pair: Pair) -> str:
    return hashlib.sha256(pair[0].compact + b"\n" + pair[1].compact).hexdigest()


def standing_version(who: Visitor) -> str:
    """Of what says whether the checklist is in use."""
    form = r'/triage/adult-checklist/(?:use|end)".*?name="version" value="(\d+)"'
    return str(re.findall(form, get(who, "/triage"), re.DOTALL)[0])


def used(who: Visitor, id_: str, pair: Pair) -> tuple[int, str]:
    said = {
        f"lead-{id_}": LEAD,
        f"words-{id_}": "All of it",
        "own": id_,
        "which": digest(pair),
        "version": standing_version(who),
    }
    return post(who, "/triage/adult-checklist/use", **said)


def ended(who: Visitor) -> int:
    said = {
        "lead-adult-checklist": LEAD,
        "words-adult-checklist": "It was a drill",
        "version": standing_version(who),
    }
    return post(who, "/triage/adult-checklist/end", **said)[0]


def test_one_stolen_session_writes_content_and_switches_nothing(
    thief: Visitor, second: Visitor
) -> None:
    pair = own("1")
    id_ = sent(thief, pair)
    # It neither reviews its own nor takes into use what nobody reviewed
    assert thief.ask("GET", f"/protocols/{id_}/review")[0] == FORBIDDEN
    assert decided(thief, id_, pair)[0] == FORBIDDEN
    assert used(thief, id_, pair)[0] == 409
    assert post(thief, f"/protocols/{id_}/head", title="x")[0] == 409
    assert post(thief, f"/protocols/{id_}/rules/well", words="x")[0] == 409
    assert post(thief, f"/protocols/{id_}/fhir", **texts(own("1b")))[0] == 409
    assert f'value="{id_}"' not in get(second, "/triage")
    # Nor can it put other content under a name that waits for review
    other = own("1", title="It is something else")
    draft = brought_in(thief, other)
    at = version_in(get(thief, f"/protocols/{draft}"))
    status, page = post(thief, f"/protocols/{draft}/send", version=at)
    assert (status, "was sent to review before" in page) == (422, True)
    # A second person who read it and says no leaves nothing to switch on
    assert decided(second, id_, pair, decision="sent-back")[0] == 303
    assert used(thief, id_, pair)[0] == 409
    assert decided(second, id_, pair)[0] == 409, "it does not wait any more"


def test_what_a_second_person_reviewed_is_used_as_it_was_reviewed(
    thief: Visitor, second: Visitor
) -> None:
    pair = own("2")
    id_ = sent(thief, pair)
    assert decided(second, id_, pair, which="0" * 64)[0] == 409
    assert decided(second, id_, pair, name="")[0] == 422
    assert decided(second, id_, pair, words="ok")[0] == 422
    assert decided(second, id_, pair)[0] == 303
    assert used(second, id_, own("3"))[0] == 409, "not what was shown"
    assert used(second, id_, pair)[0] == 303
    assert "<strong>In use</strong>: version 2," in get(second, "/triage")
    # Ended, it says what it was, and nothing is in use
    assert ended(second) == 303
    page = get(second, "/triage")
    assert "<strong>In use</strong>" not in page
    assert "It was a drill" in page


def test_an_old_triage_is_worked_out_by_the_content_that_was_replaced(
    stack: Served, tmp_path: Path, thief: Visitor, second: Visitor
) -> None:
    """Whatever is in use since: the same answers, the same rules, the same result."""
    with closing(Program(stack, tmp_path, organisation=HOME)) as program:
        program.put({"resourceType": "Patient", "id": "old", "birthDate": "1980-02-03"})
    pair = own("7")
    id_ = sent(thief, pair)
    assert decided(second, id_, pair)[0] == 303
    assert used(second, id_, pair)[0] == 303
    which = new_uuid()
    token = stack.sign_in(HOME, ["old"], "urgent_care_clinician")
    with closing(Visitor(stack.port, token)) as ann:
        said = {"which": which, "q-well": "yes", "disposition": "self-care"}
        status, page = post(ann, "/patients/old/triage/new", **said)
        assert status == 303, page[-3000:]
        path = f"/patients/old/triage/{derived_uuid('triage', 'old', which)}"
        same = "the same answers come to the same result"
        assert same in get(ann, path)
        assert ended(second) == 303
        assert same in get(ann, path)
        shipped = {
            "lead-adult-checklist": LEAD,
            "words-adult-checklist": "All rules",
            "which": shipped_content("adult-checklist").named.digest,
            "version": standing_version(second),
        }
        assert post(second, "/triage/adult-checklist/use", **shipped)[0] == 303
        page = get(ann, path)
        assert same in page
        assert "It was done with another version" not in page
    assert ended(second) == 303


@pytest.mark.parametrize("role", ["urgent_care_clinician", "administrator", "carer"])
def test_nobody_but_a_lead_writes_reviews_or_marks(stack: Served, role: str) -> None:
    with closing(Visitor(stack.port, stack.sign_in(HOME, [], role))) as nurse:
        for path in ("/protocols", "/protocols/adult-checklist/held"):
            assert nurse.ask("GET", path)[0] == FORBIDDEN
        for path in (
            "/protocols/begin",
            "/protocols/bring-in",
            "/protocols/adult-checklist/held/stridor",
        ):
            assert post(nurse, path, title="x")[0] == FORBIDDEN


def test_hostile_content_is_told_and_harms_no_page(thief: Visitor) -> None:
    plan, asked = own("4")
    deep = '{"resourceType":"PlanDefinition","x":' + "[" * 40_000
    for one, says in (
        (deep, "cannot be"),
        ("{" * 9, "cannot be"),
        (plan.compact.decode().replace('"Content"', f'"{"y" * 160_000}"'), "longer"),
    ):
        said = {"text-1": one, "text-2": asked.compact.decode()}
        status, page = post(thief, "/protocols/bring-in", **said)
        assert status == 422
        assert "There is a problem" in page, says
    too_big = urlencode({"text-1": "y" * 300_000}).encode()
    assert thief.ask("POST", "/protocols/bring-in", too_big)[0] == 413
    # Markup, a script's address and conditions that look like a bomb are words
    bad: Any = rule("well", "(" * 600 + "%well" + ")" * 600, "self-care", title=EVIL)
    bad["documentation"][0] |= {"url": "javascript:alert(1)", "citation": EVIL}
    content = {**plan.content, "title": EVIL, "action": [bad]}
    id_ = brought_in(thief, (resource(content), asked))
    began = time.monotonic()
    for path in ("", "/rules/well", "/questions/well", "/fhir"):
        page = get(thief, f"/protocols/{id_}{path}")
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert 'href="javascript:' not in page
    assert "nested too deeply" in get(thief, f"/protocols/{id_}")
    assert time.monotonic() - began < 5
    assert thief.ask("GET", f"/protocols/{id_}/try")[0] == 409
    # Two pages that change one protocol: the second is told, and nothing is lost
    at = version_in(get(thief, f"/protocols/{id_}"))
    said = {"version": at, "words": "Well", "condition": "%well", "press": "keep"}
    status, told = post(thief, f"/protocols/{id_}/rules/well", **said)
    assert status == 200
    assert json.loads(told)["version"] == int(at) + 1
    assert post(thief, f"/protocols/{id_}/rules/well", **said)[0] == 409
    assert "Well" in get(thief, f"/protocols/{id_}/rules/well")


def test_a_mark_names_who_is_signed_in_and_is_of_the_rule_as_shown(
    thief: Visitor,
) -> None:
    found = shipped_content("adult-checklist").rule("stridor")
    assert found is not None
    path = "/protocols/adult-checklist/held/stridor"
    said = {"name": LEAD, "clause": "Page 1", "which": found.digest, "version": "0"}
    assert post(thief, path, **(said | {"which": "0" * 64}))[0] == 409
    assert post(thief, path, **(said | {"name": ""}))[0] == 422
    assert post(thief, path, **said)[0] == 303
    assert post(thief, path, **said)[0] == 409, "somebody marked one already"
    page = get(thief, "/triage")
    assert f"Held against the original by {LEAD}" in unescape(page)
    again = {"which": found.digest, "version": "1"}
    assert post(thief, f"{path}/withdraw", **again)[0] == 303
    assert "Held against the original by" not in get(thief, "/triage")


# CDS Hooks


def asked_cds(
    program: Program,
    method: str,
    path: str,
    body: Json | None = None,
    bearer: str | None = None,
) -> Reply:
    headers = {"Content-Type": "application/json"}
    bearer = program.token if bearer is None else bearer
    if bearer:
        headers["Authorization"] = f"Bearer {bearer}"
    raw = msgspec.json.encode(body) if body is not None else b""
    return program.raw(method, f"/cds-services{path}", raw, headers)


def ticked(**answers: bool) -> Json:
    return {
        "hook": "wardkeep.triage-answer",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {
            "userId": "Practitioner/example",
            "patientId": "1288992",
            "answers": {
                "resourceType": "QuestionnaireResponse",
                "status": "in-progress",
                "questionnaire": shipped_content("adult-checklist").asks,
                "item": [
                    {"linkId": link, "answer": [{"valueBoolean": value}]}
                    for link, value in answers.items()
                ],
            },
        },
        "prefetch": {
            "patient": {
                "resourceType": "Patient",
                "id": "1288992",
                "birthDate": "1980-01-01",
            }
        },
    }


def test_a_token_asks_its_own_organisations_content_and_no_other(
    stack: Served, tmp_path: Path, second: Visitor
) -> None:
    scope = "system/Library.r system/Basic.c"
    with (
        closing(Program(stack, tmp_path, organisation=HOME, scope=scope)) as client,
        closing(Program(stack, tmp_path, organisation=ELSEWHERE, scope=scope)) as other,
        closing(
            Program(stack, tmp_path, organisation=HOME, scope="system/Patient.rs")
        ) as less,
    ):
        said = {
            "lead-adult-checklist": LEAD,
            "words-adult-checklist": "All rules",
            "which": shipped_content("adult-checklist").named.digest,
            "version": standing_version(second),
        }
        assert post(second, "/triage/adult-checklist/use", **said)[0] == 303
        path = "/adult-checklist"
        body = ticked(stridor=True)
        for token in ("", "1.nothing", second_token(stack)):
            reply = asked_cds(client, "POST", path, body, bearer=token)
            assert reply.status in (401, 403), token
            assert b"stridor" not in reply.raw
        assert asked_cds(less, "POST", path, body).status == FORBIDDEN
        assert asked_cds(other, "POST", path, body).status == 404, "off there"
        assert asked_cds(other, "GET", "").json == {"services": []}
        assert {one["id"] for one in asked_cds(client, "GET", "").json["services"]} == {
            "adult-vital-signs",
            "adult-checklist",
        }
        reply = asked_cds(client, "POST", path, body)
        assert reply.status == 200, reply
        [card, *_] = reply.json["cards"]
        assert card["summary"].startswith("Red flag: ")
        # What became of it is kept once; no comment is, and nobody else's
        feedback = {
            "feedback": [
                {
                    "card": card["uuid"],
                    "outcome": "overridden",
                    "overrideReason": {"userComment": "Quixotic comment"},
                    "outcomeTimestamp": "2026-11-29T22:00:00Z",
                }
            ]
        }
        for _ in range(2):
            reply = asked_cds(client, "POST", f"{path}/feedback", feedback)
            assert reply.status == 200, reply
        assert ended(second) == 303
        assert asked_cds(client, "POST", path, body).status == 404
        with closing(Program(stack, tmp_path, organisation=HOME)) as reader:
            kept = reader.search("Basic", ("code", "urn:wardkeep:cds|feedback"))
            assert len(kept.resources) == 1
            assert b"stridor" in kept.raw
            assert b"Quixotic" not in kept.raw
        huge = ticked(stridor=True)
        huge["pad"] = "x" * 1_100_000
        assert asked_cds(client, "POST", path, huge).status == 413


def test_no_program_says_what_is_in_use_reviewed_or_held(
    stack: Served, tmp_path: Path, second: Visitor
) -> None:
    pair = own("9")
    reviewed = Protocol(
        id="",
        stage=REVIEWED,
        plan=pair[0],
        asked=pair[1],
        authors=("somebody",),
        by=Person("", "Somebody"),
        review=Review(name=LEAD, day="2026-11-29", words="All", account="else"),
    )
    reviewed = msgspec.structs.replace(reviewed, id=frozen_id(reviewed))
    approval = Approval(lead=LEAD, day="2026-11-29", words="All", by=Person("", "X"))
    used_ = library_of("adult-danger-signs", pair, approval, is_on=True)
    plain = {name: value for name, value in used_.items() if name != "extension"}
    with closing(Program(stack, tmp_path, organisation=HOME)) as program:
        for content in (protocol_library(reviewed), used_):
            path = f"Library/{content['id']}"
            assert program.ask("PUT", path, content).status == 422
            assert program.get(path).status == 404
        # Without saying so it is a Library like any other, and nothing is in use
        assert program.ask("PUT", f"Library/{used_['id']}", plain).status == 201
        assert "urn:example:thief|9" not in get(second, "/triage")
        assert asked_cds(program, "POST", "/adult-danger-signs", {}).status == 404


def second_token(stack: Served) -> str:
    """A person's session is no program's token."""
    return stack.sign_in(HOME, [], "doctor")
