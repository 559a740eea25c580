# SPDX-License-Identifier: Apache-2.0
"""Every example that HL7 published with FHIR R4 is read, checked, indexed, kept equal.

They come from npm `hl7.fhir.r4.examples` 4.0.1 (CC0), fetched once into .cache/.
"""

import runpy

from support.hl7 import (
    ALL_EXAMPLES,
    FAULTS,
    NO_LIMIT,
    ROOT,
    archive,
    examples,
    is_equal,
)
from wardkeep.fhir.model import Resource, parse
from wardkeep.fhir.search import clinical_date, index_of, patients_of
from wardkeep.fhir.search.terms import MOST_TERM_BYTES
from wardkeep.fhir.validation import check


def test_every_example_is_accepted_and_kept_equal_or_faulty_by_the_specification() -> (
    None
):
    seen, refused, unequal, longest = 0, set(), [], [0]
    for name, raw in examples():
        seen += 1
        found = parse(raw, most_bytes=NO_LIMIT)
        if not isinstance(found, Resource) or check(found):
            refused.add(name)
            continue
        if not is_equal(raw, found.compact):
            unequal.append(name)
        longest.append(max(map(len, index_of(found).terms), default=0))
        assert isinstance(clinical_date(found), int | None)
        assert isinstance(patients_of(found), tuple)
    assert seen == ALL_EXAMPLES
    assert refused == set(FAULTS)
    assert unequal == []
    assert max(longest) <= MOST_TERM_BYTES


def test_the_committed_definitions_are_what_the_tool_makes_of_the_package() -> None:
    tool = runpy.run_path(str(ROOT / "tools" / "compile_fhir.py"))
    committed = tool["ARTEFACT"].read_text(encoding="utf-8")
    assert tool["compiled"](archive()) == committed
    committed = tool["TERMINOLOGY"].read_text(encoding="utf-8")
    assert tool["compiled_terminology"](archive()) == committed
