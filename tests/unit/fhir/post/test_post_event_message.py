# SPDX-License-Identifier: Apache-2.0
"""What a surgery is told: the same document each time, in its order, and once."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from support.journeys import (
    ANN,
    BEGAN,
    MINUTE,
    PUDDLE,
    case,
    journey,
    patient,
    stepped,
    waited,
    whole,
)
from support.triage import answered
from wardkeep.base.ids import OrganisationId
from wardkeep.fhir.bars.outgoing import bundle_in
from wardkeep.fhir.model.resource import Resource, from_content
from wardkeep.fhir.post.document import (
    Sender,
    in_communication,
    post_event_document,
    read_document,
)
from wardkeep.fhir.post.journey import Silence, Surgery, silence_of, surgery_in
from wardkeep.fhir.post.never_send import NEVER, is_never_sent
from wardkeep.fhir.post.rows import Post
from wardkeep.fhir.post.sections import NOTHING, TITLES, Section, lines_in, narrative
from wardkeep.fhir.post.telling import By, Ground, telling
from wardkeep.fhir.triage.engine import About
from wardkeep.fhir.triage.library import engine_of, shipped_content
from wardkeep.fhir.triage.record import Decision, Triaged, response
from wardkeep.fhir.urgent.caller import unknown_patient
from wardkeep.fhir.urgent.case import case_content, case_in
from wardkeep.fhir.urgent.disposition import DISPOSITIONS, SYSTEM
from wardkeep.fhir.urgent.outcome import REVOKED
from wardkeep.fhir.urgent.queueing import entry_content, queued
from wardkeep.fhir.urgent.steps import Step
from wardkeep.fhir.validation import check

Json = dict[str, Any]
GOLDEN = Path(__file__).with_name("golden")
NOW = BEGAN + timedelta(minutes=30)
SENDER = Sender(name="Fernhill", ods="X99999")


def triage() -> Json:
    content = shipped_content("adult-checklist")
    engine = engine_of(content)
    turn = answered(
        engine, engine.start(About(years=70, sex="female")), pulse="96", wheeze="yes"
    )
    who = Triaged(
        id="triage", patient="pat", author=ANN, completed=NOW, encounter="pat-case"
    )
    decision = Decision(
        disposition="own-surgery-24h", why="Muscular, by examination of the chest."
    )
    made = response(content, turn, decision, who)
    written: Json = json.loads(made.compact)
    return written


def not_reached() -> list[Json]:
    first, entry = waited()
    tries = [(Step.TAKE, "")] + [(Step.NO_ANSWER, "")] * 2
    entry = stepped(entry, *tries, (Step.END, "Nobody could be reached. Rang thrice."))
    return [
        patient(),
        case(is_over=True),
        {**first, "status": REVOKED},
        entry_content(entry),
    ]


def at_once() -> list[Json]:
    """A call taker's, for which nobody waits, in which nothing was assessed."""
    said = case(code="self-care", is_over=True)
    last = queued(
        "pat-case",
        "pat",
        DISPOSITIONS["self-care"],
        given=BEGAN + 5 * MINUTE,
        author=ANN,
    )
    return [patient(), said, {**last[0], "id": "pat-last"}]


JOURNEYS = {
    "rung-back": [*whole(), triage()],
    "not-reached": not_reached(),
    "self-care": at_once(),
}


def document(resources: list[Json], **more: Any) -> Json:
    return post_event_document(
        journey(resources), sender=SENDER, surgery=PUDDLE, now=NOW, **more
    )


@pytest.mark.parametrize("name", JOURNEYS)
def test_the_document_is_the_golden_one(name: str) -> None:
    made = document(JOURNEYS[name])
    text = json.dumps(made, indent=1, ensure_ascii=False) + "\n"
    path = GOLDEN / f"{name}.json"
    assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("name", JOURNEYS)
def test_it_is_valid_fhir_whose_references_all_lie_in_it(name: str) -> None:
    made = document(JOURNEYS[name])
    for resource in (made, *(one["resource"] for one in made["entry"])):
        parsed = from_content(resource)
        assert isinstance(parsed, Resource), parsed
        assert check(parsed) == ()
    text = json.dumps(made)
    urls = {one["fullUrl"] for one in made["entry"]}
    named = {part.partition('"')[0] for part in text.split('"reference": "')[1:]}
    assert named <= urls
    assert made["entry"][0]["resource"]["resourceType"] == "Composition"


def test_sections_stand_in_the_prescribed_order_and_say_what_happened() -> None:
    read = read_document(document(JOURNEYS["rung-back"], services=["Night service"]))
    assert read is not None
    assert [one.code for one in read.sections] == list(TITLES)
    reported, came_to, consulted, assessed, advice = (
        "\n".join(one.lines) for one in read.sections
    )
    assert "Chest pain since noon,\nnow <worse> & sweating" in reported
    assert "Anne Quillfeather (daughter) rang" in reported
    assert came_to.startswith("Contact the own surgery within 24 hours, by 29-Nov-2026")
    assert "Selected service: Night service" in came_to
    assert "Before that, on 28-Nov-2026 19:35: Speak to a clinician" in came_to
    order = ["A clinician rings back.", "reached", "Feels no worse.", "Ended: Contact"]
    assert sorted(order, key=consulted.index) == order
    assert "Decided: Contact the own surgery" in assessed
    assert "Why: Muscular, by examination of the chest." in assessed
    assert advice == "Ring 999 if she cannot breathe."


def test_nothing_leaves_that_a_surgery_does_not_need() -> None:
    text = json.dumps(document(JOURNEYS["rung-back"]))
    for kept in ("Secret Lane", "XX1 1XX", "07700900123", "Practitioner/", "pat-entry"):
        assert kept not in text
    assert "9990000042" in text


def test_whom_nobody_reached_the_surgery_hears_of() -> None:
    found = journey(JOURNEYS["not-reached"])
    assert silence_of(found, PUDDLE) is None
    read = read_document(document(JOURNEYS["not-reached"]))
    assert read is not None
    assert read.sections[1].lines[0].startswith("Nobody could be reached.")
    assert read.sections[3].lines == (NOTHING,)


def test_an_end_that_was_taken_back_is_not_told() -> None:
    first, entry = waited()
    back = "Taken back by whoever had the call"
    taken = stepped(entry, (Step.TAKE, ""), (Step.END, back), minutes=1)
    rest = [one for one in whole() if one["id"] not in ("pat-first", "pat-entry")]
    both = [*rest, {**first, "status": REVOKED}, entry_content(taken)]
    text = json.dumps(document(both))
    assert back not in text
    assert "Before that" not in text


def test_a_coded_concern_goes_as_it_was_coded_and_no_doubt_beside_it() -> None:
    resources = whole()
    coding = {"system": "http://snomed.info/sct", "code": "29857009"}
    resources[1]["reasonCode"] = [{"coding": [coding], "text": "Suspected angina"}]
    made = document(resources)
    [concern] = [
        one["resource"]
        for one in made["entry"]
        if one["resource"]["resourceType"] == "Condition"
    ]
    assert concern["code"] == {"coding": [coding]}
    assert "verificationStatus" not in concern


# Of whom surgeries are not told


def test_the_never_send_list_and_our_dispositions_say_the_same() -> None:
    published = {"Dx22", "Dx23", "Dx28", "Dx45", "Dx46", "Dx52", "Dx60", "Dx63"}
    assert {one.dx for one in NEVER} == published
    ours = {code for one in NEVER for code in one.ours}
    silent = {one.code for one in DISPOSITIONS.values() if not one.tells_surgery}
    assert ours == silent
    for one in NEVER:
        for code in one.ours:
            assert one.dx in DISPOSITIONS[code].dx
        assert one.ours or one.dx in {"Dx23", "Dx63"}
    for disposition in DISPOSITIONS.values():
        is_listed = bool(published & set(disposition.dx))
        assert disposition.tells_surgery != is_listed


@pytest.mark.parametrize("code", DISPOSITIONS)
def test_each_disposition_is_told_or_is_on_the_list(code: str) -> None:
    coded = {"code": {"coding": [{"system": SYSTEM, "code": code}]}}
    assert is_never_sent(coded) != DISPOSITIONS[code].tells_surgery


@pytest.mark.parametrize("dx", ["Dx23", "dx63", "DX28"])
def test_a_licensed_engines_code_beside_ours_counts(dx: str) -> None:
    codings = [
        {"system": SYSTEM, "code": "own-surgery-24h"},
        {"system": "urn:licensed", "code": dx},
    ]
    assert is_never_sent({"code": {"coding": codings}})


def changed(resources: list[Json], **more: Any) -> list[Json]:
    made = [dict(one) for one in resources]
    made[1] |= more
    return made


def test_why_nothing_goes_is_said() -> None:
    over = whole()
    for resources, surgery, why in (
        (over, PUDDLE, None),
        (over, Surgery(name="Dr Nobody"), Silence.NO_SURGERY),
        (whole("police"), PUDDLE, Silence.NEVER),
        (whole("police"), Surgery(), Silence.NEVER),
        (changed(over, status="in-progress"), PUDDLE, Silence.GOES_ON),
        (changed(over, status="entered-in-error"), PUDDLE, Silence.MISTAKE),
        ([unknown_patient("pat"), *over[1:]], PUDDLE, Silence.NOBODY),
        ([*over, entry_content(waited()[1])], PUDDLE, Silence.GOES_ON),
    ):
        assert silence_of(journey(resources), surgery) is why, why


def test_a_surgery_is_found_by_its_code_or_by_the_organisation_that_is_named() -> None:
    assert surgery_in(patient()) == (PUDDLE, "")
    named = {"reference": "Organization/s", "display": "Puddle Lane Surgery"}
    doctor = {"reference": "Practitioner/d", "display": "Dr Doc"}
    found = surgery_in({"generalPractitioner": [doctor, named]})
    assert found == (Surgery(name="Puddle Lane Surgery"), "s")
    assert surgery_in({"generalPractitioner": [{"display": "The old one"}]})[1] == ""
    assert surgery_in({}) == (Surgery(), "")


# Once


BY = By(organisation=OrganisationId(1), author=ANN, sender=SENDER, now=NOW)


def ground(resources: list[Json], post: Post | None = None) -> Ground:
    return Ground(journey=journey(resources), surgery=PUDDLE, services=(), post=post)


def post(**moments: datetime) -> Post:
    known = dict.fromkeys(
        ("send_after", "begun_at", "sent_at", "refused_at", "held_at", "dropped_at")
    )
    return Post(
        message="m",
        communication="c",
        case="pat-case",
        kind="document",
        addressee=PUDDLE.code,
        name=PUDDLE.name,
        made_at=NOW,
        last_error="",
        attempts=0,
        patient="pat",
        **{**known, **moments},
    )


def test_what_goes_is_what_the_page_shows() -> None:
    made = telling(ground(whole()), BY)
    [content] = made.contents
    assert json.loads(bundle_in(content)) == document(whole())
    assert in_communication(content) == read_document(document(whole()))
    resource = from_content(content)
    assert isinstance(resource, Resource)
    assert check(resource) == ()


@pytest.mark.parametrize(
    ("moments", "is_replaced"),
    [
        ({}, True),
        ({"dropped_at": NOW}, None),
        ({"held_at": NOW}, False),
        ({"begun_at": NOW}, False),
        ({"begun_at": NOW, "sent_at": NOW}, False),
        ({"begun_at": NOW, "refused_at": NOW}, False),
    ],
)
def test_an_end_makes_one_where_none_has_begun_to_go(
    moments: dict[str, datetime], *, is_replaced: bool | None
) -> None:
    made = telling(ground(whole(), post(**moments)), BY)
    assert bool(made.contents) is (is_replaced is not False)
    drops = [one for one in made.beside if "set dropped_at" in one.sql]
    assert len(drops) == (is_replaced is True)


def test_an_end_of_the_never_send_list_drops_what_has_not_gone() -> None:
    made = telling(ground(whole("pharmacy"), post()), BY)
    assert made.contents == ()
    assert len(made.beside) == 2


# What people type


@given(st.lists(st.text()))
def test_whatever_is_typed_comes_out_as_it_went_in(typed: list[str]) -> None:
    lines = tuple(one for one in typed if one)
    made = narrative(Section(code="x", title="X", lines=lines))
    assert lines_in(made) == (lines or (NOTHING,))


@given(st.text())
def test_no_word_breaks_the_document(typed: str) -> None:
    resources = whole()
    said = case_in(resources[1])
    assert said is not None
    assert said.outcome is not None
    resources[1] = {**resources[1], "reasonCode": [{"text": typed}]}
    made = document(resources)
    composition = from_content(made["entry"][0]["resource"])
    assert isinstance(composition, Resource)
    assert check(composition) == ()
    assert case_content(said)["resourceType"] == "Encounter"
    assert datetime.fromisoformat(made["timestamp"]).tzinfo == UTC
