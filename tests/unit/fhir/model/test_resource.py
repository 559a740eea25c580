# SPDX-License-Identifier: Apache-2.0
"""A resource is named by its type and id, and its content stays equal."""

import pytest

from wardkeep.fhir.model import Resource, from_content, parse, type_code, type_name
from wardkeep.fhir.model.type_codes import type_names


def test_a_resource_knows_its_type_id_and_text() -> None:
    found = parse(b'{ "resourceType": "Patient", "id": "p-1", "active": true }')
    assert isinstance(found, Resource)
    assert (found.type, found.id) == ("Patient", "p-1")
    assert found.compact == b'{"resourceType":"Patient","id":"p-1","active":true}'
    assert from_content(found.content) == found


def test_a_resource_may_have_no_id_yet() -> None:
    found = parse(b'{"resourceType":"Patient"}')
    assert isinstance(found, Resource)
    assert found.id is None


def test_a_resource_shows_no_content_in_tracebacks() -> None:
    found = parse(b'{"resourceType":"Patient","id":"p","gender":"female"}')
    assert repr(found) == "Resource(Patient/p)"


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        (b"{}", "resourceType"),
        (b'{"resourceType":"Patiant"}', "resourceType"),
        (b'{"resourceType":"DomainResource"}', "resourceType"),
        (b'{"resourceType":"HumanName"}', "resourceType"),
        (b'{"resourceType":["Patient"]}', "resourceType"),
        (b'{"resourceType":"Patient","id":"a b"}', "Patient.id"),
        (b'{"resourceType":"Patient","id":""}', "Patient.id"),
        (b'{"resourceType":"Patient","id":null}', "Patient.id"),
        (b'{"resourceType":"Patient","id":7}', "Patient.id"),
        (b"[", "the body"),
    ],
)
def test_what_is_no_resource_is_refused_with_its_place(raw: bytes, place: str) -> None:
    found = parse(raw)
    assert isinstance(found, tuple)
    assert [problem.place for problem in found] == [place]


def test_content_that_is_no_object_is_refused() -> None:
    found = from_content(["Patient"])
    assert isinstance(found, tuple)
    assert found[0].place == "the resource"


def test_the_numbers_of_types_never_move() -> None:
    """Rows in databases carry them."""
    assert (type_code("Account"), type_code("VisionPrescription")) == (1, 146)
    assert (type_code("Patient"), type_code("Observation")) == (103, 96)
    assert [type_code(name) for name in type_names()] == list(range(1, 147))
    assert [type_name(code) for code in range(1, 147)] == list(type_names())


def test_numbers_and_names_without_a_type_are_errors() -> None:
    for code in (0, -1, 147):
        with pytest.raises(KeyError):
            type_name(code)
    with pytest.raises(KeyError):
        type_code("Resource")
