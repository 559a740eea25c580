# SPDX-License-Identifier: Apache-2.0
"""A letter comes back from its DocumentReference as it was, in every state."""

import msgspec
import pytest

from wardkeep.fhir.letters.letter import (
    Letter,
    State,
    letter_resource,
    read_letter,
)
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.validation import check

DRAFT = Letter(
    subject="Your patient was seen",
    to="Larkspur Surgery\n1 High Street",
    body="Dear colleague,\n\n# What we found\n- Łódź",
    copies="The patient",
    author=Person("Practitioner/finch", "Cara Finch"),
    written="2026-11-28T09:00:00+00:00",
)
APPROVED = msgspec.structs.replace(
    DRAFT,
    approver=Person("Practitioner/ash", "Rowan Ash"),
    approved="2026-11-28T10:00:00+00:00",
    pdf=b"%PDF-1.4 \x00\xff",
)
SENT = msgspec.structs.replace(
    APPROVED, sent="2026-11-28T11:00:00+00:00", sent_how="By post"
)
STATES = [
    (DRAFT, State.DRAFT),
    (msgspec.structs.replace(DRAFT, copies="", author=Person()), State.DRAFT),
    (APPROVED, State.APPROVED),
    (SENT, State.SENT),
    (msgspec.structs.replace(DRAFT, withdrawn_why="Wrong person"), State.WITHDRAWN),
    (msgspec.structs.replace(SENT, withdrawn_why="Wrong person"), State.WITHDRAWN),
]


@pytest.mark.parametrize(("letter", "state"), STATES)
def test_it_comes_back_as_it_was(letter: Letter, state: State) -> None:
    made = letter_resource(letter, patient="ann", id_="l-1")
    assert read_letter(made.compact) == letter
    assert letter.state is state


@pytest.mark.parametrize("letter", [one for one, _ in STATES[:1] + STATES[2:]])
def test_it_is_valid_fhir(letter: Letter) -> None:
    assert check(letter_resource(letter, patient="ann", id_="l-1")) == ()


@pytest.mark.parametrize(
    "text",
    [
        b"{}",
        b"nothing",
        b'{"content": [{"attachment": {"contentType": "text/plain", "data": "?"}}]}',
        b'{"content": [{"attachment": {"contentType": "text/plain", "data": "YQ=="}}]}',
        b'{"content": [{"attachment": {"contentType": "text/plain", "data": "/w=="}}]}',
        b'{"content": {"attachment": 1}}',
    ],
)
def test_a_document_from_elsewhere_is_no_letter_of_ours(text: bytes) -> None:
    assert read_letter(text) is None


def test_one_that_another_program_entered_in_error_is_withdrawn() -> None:
    made = letter_resource(APPROVED, patient="ann", id_="l-1")
    text = made.compact.replace(b'"current"', b'"entered-in-error"')
    found = read_letter(text)
    assert found is not None
    assert found.state is State.WITHDRAWN
