# SPDX-License-Identifier: Apache-2.0
"""What people sign on pages no program writes, whatever scopes it has."""

from typing import Any

import msgspec
import pytest

from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.store.reserved import forged


def resource(content: dict[str, Any]) -> Resource:
    read = parse(msgspec.json.encode(content))
    assert isinstance(read, Resource), read
    return read


def order(*urls: str) -> Resource:
    return resource(
        {
            "resourceType": "MedicationRequest",
            "status": "active",
            "intent": "order",
            "subject": {"reference": "Patient/x"},
            "medicationCodeableConcept": {"text": "Morphine 10 mg"},
            "extension": [{"url": url, "valueString": "x"} for url in urls],
        }
    )


@pytest.mark.parametrize("part", ["step", "schedule"])
def test_an_order_that_says_who_signed_it_is_none_of_a_programs(part: str) -> None:
    wrong = forged(
        order("https://other.example/x", f"urn:wardkeep:prescription:{part}")
    )
    assert wrong is not None
    assert wrong.place == "MedicationRequest.extension"


def test_triage_content_in_use_is_none_of_a_programs() -> None:
    library = {
        "resourceType": "Library",
        "status": "active",
        "type": {"text": "x"},
        "extension": [{"url": "urn:wardkeep:triage:by", "valueString": "x"}],
    }
    wrong = forged(resource(library))
    assert wrong is not None
    assert wrong.place == "Library.extension"


def packet(system: str) -> Resource:
    return resource(
        {
            "resourceType": "MedicationDispense",
            "status": "completed",
            "medicationCodeableConcept": {"text": "Morphine 10 mg"},
            "identifier": [{"value": "1"}, {"system": system, "value": "00ff"}],
        }
    )


def test_a_packet_that_names_an_entry_of_a_register_is_none_of_a_programs() -> None:
    wrong = forged(packet("urn:wardkeep:stock-entry"))
    assert wrong is not None
    assert wrong.place == "MedicationDispense.identifier"


def test_what_other_software_wrote_is_a_programs_to_write() -> None:
    assert forged(order("https://other.example/x")) is None
    assert forged(packet("https://other.example/packets")) is None
