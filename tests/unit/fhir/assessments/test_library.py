# SPDX-License-Identifier: Apache-2.0
"""What comes with Wardkeep may be copied, says whose it is, is scored as published."""

import json

import pytest

from wardkeep.fhir.assessments.library import NAMES, Volume, library
from wardkeep.fhir.questionnaires.editing import resource_of
from wardkeep.fhir.questionnaires.importing import read_file
from wardkeep.fhir.questionnaires.questionnaire import Questionnaire, read_questionnaire
from wardkeep.fhir.questionnaires.response import answered
from wardkeep.fhir.questionnaires.scale import alarms_of, result_of, scale_of
from wardkeep.fhir.validation import check

FREE = ("No permission required to reproduce", "Wardkeep contributors, Apache-2.0")


def of(name: str) -> Questionnaire:
    volume = next(one for one in library() if one.name == name)
    read = read_questionnaire(json.dumps(volume.content).encode())
    assert read is not None
    return read


def test_all_files_are_offered_and_none_twice() -> None:
    assert tuple(one.name for one in library()) == NAMES
    urls = [one.content["url"] for one in library()]
    assert len(set(urls)) == len(urls)


@pytest.mark.parametrize("volume", library(), ids=NAMES)
def test_each_is_well_and_says_its_licence_and_source(volume: Volume) -> None:
    assert check(resource_of(volume.content)) == ()
    assert isinstance(read_file(json.dumps(volume.content).encode()), dict)
    assert any(one in volume.licence for one in FREE)
    one = of(volume.name)
    scale = scale_of(one)
    if scale.bands:
        assert scale.source
    else:
        assert "Unvalidated, for local approval" in one.description


@pytest.mark.parametrize(
    ("name", "questions", "bands"),
    [
        ("phq-9", 9, ((4, "Minimal"), (9, "Mild"), (14, "Moderate"),
                      (19, "Moderately severe"), (27, "Severe"))),
        ("gad-7", 7, ((4, "Minimal"), (9, "Mild"), (14, "Moderate"), (21, "Severe"))),
    ],
)  # fmt: skip
def test_totals_are_called_as_published_on_both_sides_of_every_limit(
    name: str, questions: int, bands: tuple[tuple[int, str], ...]
) -> None:
    one, least = of(name), 0
    for most, words in bands:
        for total in {least, most}:
            threes, rest = divmod(total, 3)
            picks = [3] * threes + [rest] + [0] * questions
            typed = {f"q{n}": str(picks[n - 1]) for n in range(1, questions + 1)}
            result = result_of(one, answered(one, typed).answers)
            assert result is not None
            assert result.band is not None
            assert result.total == total
            assert result.band.words == words
            assert result.score.most == bands[-1][0]
        least = most + 1


@pytest.mark.parametrize("pick", range(4))
def test_thoughts_of_self_harm_alarm_from_several_days_on(pick: int) -> None:
    one = of("phq-9")
    alarms = alarms_of(one, answered(one, {"q9": str(pick)}).answers)
    assert len(alarms) == (pick > 0)
