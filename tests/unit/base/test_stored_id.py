# SPDX-License-Identifier: Apache-2.0
"""Ids as rows have them: short for UUIDs, and never two for one."""

import pytest
from hypothesis import given, strategies as st

from wardkeep.base.stored_id import id_of, stored_id

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-."
FHIR_IDS = st.text(_LETTERS, min_size=1, max_size=64) | st.uuids().map(str)


@given(FHIR_IDS)
def test_an_id_comes_back(id_: str) -> None:
    assert id_of(stored_id(id_)) == id_


@given(FHIR_IDS, FHIR_IDS)
def test_two_ids_have_two_forms(one: str, other: str) -> None:
    assert (stored_id(one) == stored_id(other)) == (one == other)


@pytest.mark.parametrize(
    ("id_", "size"),
    [
        ("0ef7a3b5-53ee-e765-10e2-c63a904ad0fd", 16),
        ("0EF7A3B5-53EE-E765-10E2-C63A904AD0FD", 36),
        ("sixteen-letters1", 17),
        ("p-1", 3),
    ],
)
def test_only_a_uuid_in_small_letters_is_shortened(id_: str, size: int) -> None:
    assert len(stored_id(id_)) == size
    assert id_of(stored_id(id_)) == id_
