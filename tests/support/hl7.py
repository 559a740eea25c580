# SPDX-License-Identifier: Apache-2.0
"""Every example that HL7 published with FHIR R4: npm `hl7.fhir.r4.examples` (CC0)."""

import json
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = "hl7.fhir.r4.examples@4.0.1"
ARCHIVE = ROOT / ".cache" / "hl7.fhir.r4.examples-4.0.1.tgz"
ALL_EXAMPLES = 5306
NO_LIMIT = 64 * 1024 * 1024
"""Two bundles of HL7's definitions are larger than what one request may have."""

_NO_BASE = "SearchParameter.base is 1..*, and it has none"
_NO_NAME = "ImplementationGuide.name and status are 1..1, and it has neither"
FAULTS = {
    "DeviceMetric-example.json": "parent may be a Device only; it is a DeviceMetric",
    "DeviceUseStatement-example.json": "reasonReference may not be what it points to",
    "ImplementationGuide-fhir.json": _NO_NAME,
    "ig-r4.json": _NO_NAME,
    "MedicationRequest-medrx0301.json": "performer may be an Organization only",
    "Observation-clinical-gender.json": "performer may not be what it points to",
    "Questionnaire-qs1.json": "item.linkId is 1..1, and 32 items have none",
    "SearchParameter-questionnaireresponse-extensions-QuestionnaireResponse"
    "-item-subject.json": "its id has more than 64 characters",
} | {
    f"SearchParameter-{kind}-extensions-{name}-{code}.json": _NO_BASE
    for kind, name in (("codesystem", "CodeSystem"), ("valueset", "ValueSet"))
    for code in ("author", "effective", "end", "keyword", "workflow")
}
"""Refused because the specification itself does not allow them."""


@cache
def archive() -> Path:
    if not ARCHIVE.exists():
        npm = shutil.which("npm")
        if npm is None:
            pytest.fail(f"Install Node.js with npm, or put {PACKAGE} at {ARCHIVE}.")
        ARCHIVE.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=ARCHIVE.parent) as folder:
            fetched = subprocess.run(
                [npm, "pack", PACKAGE],
                cwd=folder,
                capture_output=True,
                text=True,
                check=False,
            )
            if fetched.returncode:
                pytest.fail(f"npm could not fetch {PACKAGE}: {fetched.stderr}")
            (Path(folder) / ARCHIVE.name).rename(ARCHIVE)
    return ARCHIVE


def examples() -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive()) as opened:
        for member in opened:
            content = opened.extractfile(member)
            name = member.name.removeprefix("package/")
            if content is not None and name != "package.json":
                yield name, content.read()


def is_equal(raw: bytes, compact: bytes) -> bool:
    """Equal in content, and every decimal with the digits that it came with."""
    first, second = (
        json.loads(text, parse_float=lambda written: str(Decimal(written)))
        for text in (raw, compact)
    )
    return bool(first == second)
