# SPDX-License-Identifier: Apache-2.0
"""A triage in the record: valid FHIR, its log whole, and proof that it was so."""

from datetime import UTC, datetime

import msgspec
import pytest

from support.triage import answered, aside
from wardkeep.base.outcome import Problem
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.triage.engine import About, Turn
from wardkeep.fhir.triage.library import engine_of, shipped_content
from wardkeep.fhir.triage.record import (
    Decision,
    Stored,
    Triaged,
    disproved,
    response,
    stored_in,
    undecided,
)
from wardkeep.fhir.validation import check

CONTENT = shipped_content("adult-checklist")
ENGINE = engine_of(CONTENT)
WHO = Triaged(
    id="5d1f2b2e-0000-4000-8000-0000000000aa",
    patient="5d1f2b2e-0000-4000-8000-0000000000bb",
    author=Person("Practitioner/5d1f2b2e-0000-4000-8000-000000000001", "Nurse Test"),
    completed=datetime(2026, 11, 29, 4, 0, tzinfo=UTC),
    encounter="5d1f2b2e-0000-4000-8000-0000000000cc",
)


def turn_of(**said: str) -> Turn:
    return answered(ENGINE, ENGINE.start(About(years=70, sex="female")), **said)


def stored(made: Resource) -> Stored:
    found = stored_in(made.compact)
    assert found is not None
    return found


def test_it_is_valid_fhir_and_comes_back_whole() -> None:
    turn = turn_of(temperature="38.5", pulse="96", wheeze="yes", cough="not-sure")
    decision = Decision(disposition=turn.result.disposition)
    made = response(CONTENT, turn, decision, WHO)
    assert check(made) == ()
    found = stored(made)
    assert found.log == turn.log
    assert found.suggested == found.decided == turn.result.disposition
    assert disproved(ENGINE, found) is None
    text = made.compact.decode()
    assert '"valueDecimal":38.5' in text
    assert '"valueInteger":96' in text
    assert '"linkId":"cough"' not in text, "nobody was sure, so nobody said it"
    assert made.content["encounter"] == {"reference": f"Encounter/{WHO.encounter}"}


def test_a_reason_and_what_was_set_aside_are_in_it() -> None:
    turn = aside(
        ENGINE, turn_of(stridor="yes"), "stridor", "it was a snore, I listened"
    )
    decision = Decision(disposition="base-2h", why="to be looked at tonight")
    assert undecided(turn, decision) is None
    found = stored(response(CONTENT, turn, decision, WHO))
    assert found.why == "to be looked at tonight"
    assert found.suggested == ""
    assert disproved(ENGINE, found) is None
    assert "it was a snore" in str(found.log.entries)


@pytest.mark.parametrize(
    ("said", "decision", "says"),
    [
        ({}, Decision(disposition="nowhere"), "no disposition"),
        ({"wheeze": "yes"}, Decision(disposition="pharmacy"), "not what was suggested"),
        (
            {"wheeze": "yes"},
            Decision(disposition="pharmacy", why="  short "),
            "not what was suggested",
        ),
        (
            {"stridor": "yes"},
            Decision(disposition="clinician-1h", why="sounds well enough to me"),
            "the red flag",
        ),
    ],
)
def test_a_decision_that_lacks_its_reason_or_passes_a_red_flag_is_refused(
    said: dict[str, str], decision: Decision, says: str
) -> None:
    problem = undecided(turn_of(**said), decision)
    assert problem is not None
    assert says in problem.wrong
    assert problem.mend


def test_more_than_was_suggested_needs_a_reason_and_no_setting_aside() -> None:
    turn = turn_of(snakeBite="yes")
    more = Decision(disposition="ambulance-1", why="getting worse as we speak")
    assert undecided(turn, more) is None
    assert undecided(turn, Decision(disposition="ambulance-2")) is None


def test_a_log_that_was_changed_is_found_out() -> None:
    turn = turn_of(wheeze="yes")
    decision = Decision(disposition=turn.result.disposition)
    found = stored(response(CONTENT, turn, decision, WHO))
    entries = msgspec.structs.replace(found.log, entries=())
    problem = disproved(ENGINE, msgspec.structs.replace(found, log=entries))
    assert problem is not None
    assert "another result" in problem.wrong
    other = msgspec.structs.replace(found.log.named, version="0")
    named = msgspec.structs.replace(found.log, named=other)
    problem = disproved(ENGINE, msgspec.structs.replace(found, log=named))
    assert isinstance(problem, Problem)
    assert "another content" in problem.wrong


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{}",
        b'{"extension":[{"url":"urn:wardkeep:triage:log","valueString":"no"}]}',
        b'{"extension":[{"url":"urn:wardkeep:triage:log"}]}',
    ],
)
def test_what_is_no_triage_is_none(text: bytes) -> None:
    assert stored_in(text) is None
