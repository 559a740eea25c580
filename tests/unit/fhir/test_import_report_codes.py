# SPDX-License-Identifier: Apache-2.0
"""An import's report says where codes that open homes seem to be, and not which."""

from wardkeep.fhir.loading.outcomes import Loaded
from wardkeep.fhir.loading.report import ImportReport

PLACE = "notes.json: Observation/o-1: Observation.note[0].text"


def test_places_are_listed_after_the_problems() -> None:
    report = ImportReport(organisation="larkspur")
    report.count(Loaded(resources=3, patients=1, entry_codes=(PLACE,)))
    report.count(Loaded(resources=3, patients=1, entry_codes=(PLACE, PLACE)))
    assert report.entry_codes == [PLACE] * 3
    assert report.lines()[-4:] == [
        "Texts that seem to hold a code that opens a home: 3. Move each:",
        *[f"  {PLACE}"] * 3,
    ]


def test_nothing_is_said_where_there_is_none() -> None:
    report = ImportReport()
    report.count(Loaded(resources=1, patients=1))
    assert not any("home" in line for line in report.lines())
