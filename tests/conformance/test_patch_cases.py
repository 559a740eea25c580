# SPDX-License-Identifier: Apache-2.0
"""HL7's test cases for JSON Patch (16) and FHIRPath Patch (33), where they are.

From https://github.com/FHIR/fhir-test-cases; a folder beside the repository, or the one
that WARDKEEP_FHIR_TEST_CASES names.
"""

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from support.fhir_xml import resource_of
from support.hl7 import ROOT
from wardkeep.base.outcome import Problem
from wardkeep.fhir.patch import apply_fhirpath_patch, apply_json_patch

CASES = (
    Path(
        os.environ.get(
            "WARDKEEP_FHIR_TEST_CASES",
            str(ROOT.parent / "shared" / "data" / "fhir-test-cases"),
        )
    )
    / "patch"
)
pytestmark = pytest.mark.skipif(
    not CASES.exists(), reason="HL7's fhir-test-cases are not beside the repository"
)


def test_hl7_json_patch_cases() -> None:
    cases = json.loads(
        (CASES / "json-patch-tests.json").read_text(encoding="utf-8"),
        parse_float=Decimal,
    )
    failed = []
    for case in cases:
        found = apply_json_patch(case["doc"], case["patch"])
        if "error" in case:
            is_right = isinstance(found, Problem)
        else:
            is_right = found == case["expected"]
        if not is_right:
            failed.append(case.get("comment", ""))
    assert len(cases) == 16
    assert failed == []


def fhirpath_cases() -> list[tuple[str, dict[str, Any], Any, dict[str, Any]]]:
    if not CASES.exists():
        return []
    # The cases are HL7's own and lie on this disk: no stranger's XML is read.
    tree = ET.parse(CASES / "fhir-patch-tests.xml")  # noqa: S314
    found = []
    for case in tree.getroot().iter("case"):
        parts = {part.tag: part for part in case}
        found.append(
            (
                case.get("name", ""),
                resource_of(parts["input"][0]),
                resource_of(parts["diff"][0]),
                resource_of(parts["output"][0]) if "output" in parts else {},
            )
        )
    return found


def test_hl7_fhirpath_patch_cases() -> None:
    cases = fhirpath_cases()
    failed = []
    for name, before, diff, after in cases:
        found = apply_fhirpath_patch(before, diff)
        is_right = isinstance(found, Problem) if not after else found == after
        if not is_right:
            failed.append((name, found, after))
    assert len(cases) == 33
    assert failed == []
