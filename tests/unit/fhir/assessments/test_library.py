# SPDX-License-Identifier: Apache-2.0
"""What comes with Wardkeep may be copied, says whose it is, is scored as published."""

import json

import pytest

from wardkeep.fhir.assessments.library import NAMES, Volume, library
from wardkeep.fhir.questionnaires.editing import resource_of
from wardkeep.fhir.questionnaires.importing import read_file
from wardkeep.fhir.questionnaires.questionnaire import (
    Questionnaire,
    placed,
    read_questionnaire,
)
from wardkeep.fhir.questionnaires.response import answered
from wardkeep.fhir.questionnaires.scale import (
    MEAN,
    alarms_of,
    faults_of,
    result_of,
    scale_of,
    subjects_of,
    talks_of,
)
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
    if scale.bands or any(it.url == MEAN for it in one.extension):
        assert scale.source
    if not scale.bands:
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


SUBJECTS = (
    *("Mental health", "Physical health", "Job situation", "Accommodation"),
    *("Leisure activities", "Relationship with partner or family", "Friendships"),
    *("Personal safety", "Medication", "Practical help"),
    "Meetings with mental health professionals",
)


def rated(*steps: int) -> dict[str, str]:
    """Typed: one rating from 1 to 7 a subject; 0 is no answer."""
    places = [place for place, it in placed(of("dialog").item) if it.type == "choice"]
    pairs = zip(places, steps, strict=True)
    return {place: str(step - 1) for place, step in pairs if step}


def test_dialog_has_its_eleven_subjects_and_three_of_them_are_talked_about() -> None:
    one = of("dialog")
    assert tuple(it.words() for it in subjects_of(one)) == SUBJECTS
    assert talks_of(one) == 3
    assert talks_of(of("phq-9")) == 0
    assert tuple(faults_of(one)) == ()
    links = {it.link_id for _, it in placed(one.item)}
    assert all(f"{it.link_id}-help" in links for it in subjects_of(one))


@pytest.mark.parametrize(
    ("steps", "life", "treatment"),
    [
        ((1,) * 11, "1.00", "1.00"),
        ((7,) * 11, "7.00", "7.00"),
        ((4, 4, 4, 4, 4, 4, 4, 5, 3, 4, 4), "4.13", "3.67"),
    ],
)
def test_dialog_has_two_means_as_published(
    steps: tuple[int, ...], life: str, treatment: str
) -> None:
    one = of("dialog")
    result = result_of(one, answered(one, rated(*steps)).answers)
    assert result is not None
    assert result.words == f"Life {life} of 7; Treatment {treatment} of 7"
    assert str(result.total) == life
    assert result.most == 7


@pytest.mark.parametrize("left_out", [0, 10])
def test_dialog_has_a_mean_of_what_was_answered_as_a_whole_alone(left_out: int) -> None:
    one = of("dialog")
    steps = [0 if number == left_out else 5 for number in range(11)]
    result = result_of(one, answered(one, rated(*steps)).answers)
    assert result is not None
    is_of_life = left_out == 0
    life = "Life: 7 of 8 answered" if is_of_life else "Life 5.00 of 7"
    treatment = "Treatment 5.00 of 7" if is_of_life else "Treatment: 2 of 3 answered"
    assert result.words == f"{life}; {treatment}"
    assert (result.total is None) == is_of_life
    assert len(result.sums) == 1
