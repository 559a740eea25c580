# SPDX-License-Identifier: Apache-2.0
"""The examples of Booking and Referral (BaRS 1.4.0): stored and returned equal.

From https://github.com/NHSDigital/booking-and-referral-fhir-api; a folder beside the
repository, or the one that WARDKEEP_BARS names.
"""

import json
import os
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from support.hl7 import ROOT
from support.program import Program
from support.served import served
from wardkeep.fhir.model.strict_json import compact_json

EXAMPLES = Path(
    os.environ.get("WARDKEEP_BARS", str(ROOT.parent / "shared" / "data" / "bars"))
)
pytestmark = pytest.mark.skipif(
    not EXAMPLES.exists(), reason="the examples of BaRS are not beside the repository"
)
Json = dict[str, Any]
_CONCEPT_LIST = "connectionType is a Coding, and it has a `coding`"
_OBJECT = "is one object, and it is an array"
_ISSUE = "issue.code is not of the value set issue-type"
_REFERENCE = "a reference has spaces or brackets, or names no type"
REFUSED = {
    "Endpoint/post_Endpoint_Atomic.json": "Identifier has no `display`",
    "Endpoint/post_Endpoint_template.json": _CONCEPT_LIST,
    "Endpoint/success_Endpoint_Atomic.json": "Identifier has no `display`",
    "Endpoint/success_Endpoint_template.json": _CONCEPT_LIST,
    "Endpoint/success_bundle.json": "Identifier has no `display`",
    "Endpoint/success_bundle_template.json": _CONCEPT_LIST,
    "HealthcareService/post_HealthcareService_Atomic.json": f"providedBy {_OBJECT}",
    "HealthcareService/success_HealthcareService_Atomic.json": f"providedBy {_OBJECT}",
    "HealthcareService/success_bundle.json": f"providedBy {_OBJECT}",
    "OperationOutcome/REC/500-REC_SERVER_ERROR-too costly.json": _ISSUE,
    "appointment/PATCH-body.json": "a part of an Appointment: participant is 1..*",
    "document_reference/POST-body.json": "status and content are required",
    "document_reference/POST-success.json": "status and content are required",
    "document_reference/id/GET-success.json": f"masterIdentifier {_OBJECT}",
    "document_reference/id/PUT-body.json": f"format {_OBJECT}",
    "invalid-base64.json": _ISSUE,
    "message_definition/MessageDefinition_ServiceRequest-request_CaseTransfer.json": (
        f"useContext.code {_OBJECT}"
    ),
    "metadata/BaRS_API_Capability_Statement.json": f"security {_OBJECT}",
    "process_message/POST-success.json": _REFERENCE,
    "process_message/response/Booking (HTTP Response) .json": _REFERENCE,
    "process_message/response/ValidationRequest (HTTP Response) .json": _REFERENCE,
    "service_request/GET-success.json": "an entry has the resource's own elements",
    "service_request/PATCH-body.json": "a part of a ServiceRequest: subject is 1..1",
    "service_request/PUT-body.json": "basedOn is an array, and it is one object",
    "service_request/id/GET-success.json": "basedOn is an array, and it is one object",
    "unavailable.json": _ISSUE,
}
"""Refused for what R4's own structure says; below `examples-1.4.0/`."""


def examples() -> Iterator[tuple[str, Json]]:
    """Every example that is a FHIR resource, by its path."""
    for path in sorted(EXAMPLES.rglob("*.json")):
        try:
            content = json.loads(path.read_bytes(), parse_float=Decimal)
        except json.JSONDecodeError:
            continue  # as they were published: a comma is missing, or they are empty
        if isinstance(content, dict) and "resourceType" in content:
            yield str(path.relative_to(EXAMPLES)), content


def exact(text: bytes) -> Any:
    return json.loads(text, parse_float=lambda written: str(Decimal(written)))


def without_stamp(content: Json) -> Json:
    meta = {
        name: value
        for name, value in content.get("meta", {}).items()
        if name not in ("versionId", "lastUpdated")
    }
    rest = {name: value for name, value in content.items() if name != "meta"}
    return rest | ({"meta": meta} if meta else {})


def test_every_example_of_bars_comes_back_as_it_went(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("bars")
    refused, unequal, count = [], [], 0
    with served(folder) as server:
        server.found("fernhill")
        with closing(Program(server, folder, organisation="fernhill")) as program:
            for name, content in examples():
                count += 1
                content["id"] = f"bars-{count}"
                path = f"{content['resourceType']}/{content['id']}"
                sent = compact_json(content)
                reply = program.ask("PUT", path, sent)
                if reply.status not in (200, 201):
                    assert reply.status == 422, reply
                    refused.append(name)
                    continue
                given = exact(program.get(path).raw)
                if without_stamp(given) != without_stamp(exact(sent)):
                    unequal.append(name)
    assert count == 95
    assert unequal == []
    assert refused == sorted(f"examples-1.4.0/{name}" for name in REFUSED)
