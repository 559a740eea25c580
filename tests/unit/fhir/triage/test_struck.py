# SPDX-License-Identifier: Apache-2.0
"""A triage that was struck out: it stays whole, and says who took it out and why."""

from datetime import UTC, datetime, timedelta

from wardkeep.fhir.model.person import Person
from wardkeep.fhir.triage.struck import (
    PUT_BACK_WITHIN,
    STRUCK,
    Struck,
    struck_in,
    struck_out,
)

NOW = datetime(2026, 11, 30, 4, tzinfo=UTC)
ANN, BEN = Person("Practitioner/ann", "Ann"), Person("Practitioner/ben", "Ben")
TRIAGE: dict[str, object] = {
    "resourceType": "QuestionnaireResponse",
    "status": "completed",
    "extension": [{"url": "urn:wardkeep:triage:log", "valueString": "{}"}],
    "item": [{"linkId": "wheeze"}],
}
STRUCK_OUT = Struck(by=ANN, at=NOW, why="Another person's")


def test_it_says_who_when_and_why_and_keeps_all_the_rest() -> None:
    out = struck_out(TRIAGE, STRUCK_OUT)
    assert struck_in(out) == STRUCK_OUT
    assert out["status"] == "entered-in-error"
    assert out["item"] == TRIAGE["item"]
    extensions = out["extension"]
    assert isinstance(extensions, list)
    assert extensions[:1] == TRIAGE["extension"]
    assert struck_in(TRIAGE) is None


def test_struck_out_anew_it_says_the_last_one_alone() -> None:
    again = Struck(by=BEN, at=NOW, why="It was not so after all")
    out = struck_out(struck_out(TRIAGE, STRUCK_OUT), again)
    assert struck_in(out) == again
    extensions = out["extension"]
    assert isinstance(extensions, list)
    assert [one["url"] for one in extensions].count(STRUCK) == 1


def test_it_is_put_back_by_whoever_struck_it_out_for_a_quarter_of_an_hour() -> None:
    last = NOW + PUT_BACK_WITHIN
    assert STRUCK_OUT.may_be_put_back(ANN, last)
    assert not STRUCK_OUT.may_be_put_back(BEN, NOW)
    assert not STRUCK_OUT.may_be_put_back(ANN, last + timedelta(seconds=1))
    assert not STRUCK_OUT.may_be_put_back(ANN, NOW - timedelta(seconds=1))
    nobody = Struck(by=Person("", "Somebody"), at=NOW, why="It was not so")
    assert not nobody.may_be_put_back(Person("", "Somebody"), NOW)
