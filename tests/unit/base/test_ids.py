# SPDX-License-Identifier: Apache-2.0
"""Identifiers and secrets."""

import uuid

import pytest

from wardkeep.base import ids
from wardkeep.base.outcome import Problem


def test_new_uuids_are_random_version_four_and_differ() -> None:
    made = {ids.new_uuid() for _ in range(100)}
    assert len(made) == 100
    assert all(uuid.UUID(one).version == 4 for one in made)


def test_a_secret_has_256_bits_in_43_characters() -> None:
    made = {ids.new_secret() for _ in range(100)}
    assert len(made) == 100
    assert {len(one) for one in made} == {43}


@pytest.mark.parametrize("good", ["a", "A-1.b", "x" * 64])
def test_fhir_ids_are_known(good: str) -> None:
    assert ids.is_fhir_id(good)


@pytest.mark.parametrize("bad", ["", "x" * 65, "a/b", "a b", "a\n", "é", "a_b"])
def test_what_is_no_fhir_id_is_refused(bad: str) -> None:
    assert not ids.is_fhir_id(bad)


def test_a_problem_reads_as_a_sentence_with_its_place() -> None:
    problem = Problem(place="port", wrong="no number", mend="Give one.")
    assert str(problem) == "port: no number. Give one."
