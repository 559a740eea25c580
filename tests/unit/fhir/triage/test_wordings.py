# SPDX-License-Identifier: Apache-2.0
"""A question in words of whom it is about, and of those alone whom it may concern."""

import pytest

from support.triage import Json, content, question, rule, written_as
from wardkeep.base.outcome import Problem
from wardkeep.care.triage_shown import shown_in
from wardkeep.fhir.triage import written
from wardkeep.fhir.triage.checking import check_content
from wardkeep.fhir.triage.comparing import compared
from wardkeep.fhir.triage.content import CHECKLIST, STRICT_ORDER, Content, content_of
from wardkeep.fhir.triage.engine import About, Answer, Question, Turn, take
from wardkeep.fhir.triage.evaluating import known
from wardkeep.fhir.triage.library import engine_of, shipped_content

CHILDREN = shipped_content("child-danger-signs")
ADULTS = shipped_content("adult-danger-signs")


def asked_in(content: Content, about: About) -> dict[str, Question]:
    """Every question that somebody without any danger sign is asked, by its link."""
    engine, seen = engine_of(content), {}
    turn = engine.start(about)
    while turn.asks:
        one = turn.asks[0]
        seen[one.link] = one
        found = take(engine, turn, Answer(link=one.link, value="no"))
        assert isinstance(found, Turn), str(found)
        turn = found
    return seen


@pytest.mark.parametrize(
    ("years", "words"),
    [
        (0, "Is the baby sleepier than usual"),
        (1, "Is the child sleepier than usual"),
        (4, "Is the child sleepier than usual"),
        (5, "Are they very drowsy or floppy"),
        (15, "Are they very drowsy or floppy"),
    ],
)
def test_a_baby_a_small_child_and_an_older_one_are_asked_of_in_their_words(
    years: int, words: str
) -> None:
    found = asked_in(CHILDREN, About(years=years))["drowsy"]
    assert found.words.startswith(words)
    # Nobody asks a baby; an older child may answer
    assert bool(found.to_patient) is (years >= 5)


@pytest.mark.parametrize(
    ("link", "first", "last"),
    [("strangeCry", 0, 4), ("babyFever", 0, 0), ("youngBaby", 0, 0)],
)
def test_signs_of_the_very_young_are_asked_of_them_alone(
    link: str, first: int, last: int
) -> None:
    for years in range(16):
        is_asked = link in asked_in(CHILDREN, About(years=years))
        assert is_asked is (first <= years <= last), years


@pytest.mark.parametrize(
    ("years", "sex", "is_asked"),
    [
        (11, "female", False),
        (12, "female", True),
        (15, "female", True),
        # Whose sex nobody knows is asked: one question too many is no danger
        (12, "", True),
        (12, "other", True),
        (12, "male", False),
    ],
)
def test_girls_who_may_be_pregnant_are_asked_whether_they_are(
    years: int,
    sex: str,
    is_asked: bool,  # noqa: FBT001 - what is expected
) -> None:
    seen = asked_in(CHILDREN, About(years=years, sex=sex))
    assert ("pregnancyDanger" in seen) is is_asked


def test_nobody_of_sixty_is_asked_of_pregnancy() -> None:
    of_it = {"labour", "pregnantWarning"}
    assert of_it <= asked_in(ADULTS, About(years=16)).keys()
    assert of_it <= asked_in(ADULTS, About(years=59)).keys()
    assert not of_it & asked_in(ADULTS, About(years=60)).keys()


@pytest.mark.parametrize(
    ("link", "years", "words"),
    [
        ("confused", 64, "Are they suddenly confused?"),
        ("confused", 65, "more confused than is usual for them"),
        ("fever", 74, "Are they feverish"),
        ("fever", 75, "with a fever or without one"),
    ],
)
def test_the_old_are_asked_of_what_illness_is_like_in_them(
    link: str, years: int, words: str
) -> None:
    found = asked_in(ADULTS, About(years=years))[link]
    assert words in found.words
    assert "you" in found.to_patient.lower()


@pytest.mark.parametrize("content", [CHILDREN, ADULTS])
def test_other_words_name_who_gives_them(content: Content) -> None:
    found = [one for fit in content.fits.values() for one in fit.wordings]
    assert found
    assert all(
        "NICE" in o.source
        or "NHS" in o.source
        or "HSE" in o.source
        or "Health Service" in o.source
        for o in found
    )


def test_what_was_shown_of_somebody_is_shown_in_the_same_words() -> None:
    baby = known(About(years=0))
    assert CHILDREN.words_of("drowsy", baby).startswith("Is the baby sleepier")
    assert CHILDREN.words_of("drowsy", {}).startswith("Are they very drowsy")
    assert CHILDREN.words_of("choking", baby).startswith("Are they choking")


def test_because_says_what_the_mother_was_asked() -> None:
    engine = engine_of(CHILDREN)
    turn = engine.start(About(years=0))
    while turn.asks:
        link = turn.asks[0].link
        value = "yes" if link == "drowsy" else "no"
        found = take(engine, turn, Answer(link=link, value=value))
        assert isinstance(found, Turn)
        turn = found
    [why] = shown_in(CHILDREN, turn, {}).raised
    assert why.because == ("Is the baby sleepier than usual, floppy, or hard to wake?",)
    assert why.original is not None
    assert why.original.is_held


# What an author is told


def _said(expression: str, language: str = "text/fhirpath") -> Json:
    return {
        "url": "of",
        "valueExpression": {"language": language, "expression": expression},
    }


def _worded(*parts: Json) -> list[Json]:
    return [{"url": written.WORDED, "extension": list(parts)}]


WORDS: Json = {"url": "text", "valueString": "Is the baby?"}
SOURCE: Json = {"url": "source", "valueString": "Somebody"}


@pytest.mark.parametrize(
    ("extension", "wrong"),
    [
        (_worded(WORDS, SOURCE), "of whom is not said"),
        (_worded(_said("%age < 1", "text/cql"), WORDS, SOURCE), "another language"),
        (_worded(_said("%age"), WORDS, SOURCE), "comes to a number"),
        (_worded(_said("%pain"), WORDS, SOURCE), "pain"),
        (_worded(_said("%age < 1"), SOURCE), "lack the words"),
        (_worded(_said("%age < 1"), WORDS), "who gives them"),
        ([{"url": written.ASKED_OF, "valueString": "women"}], "of whom is not said"),
        (
            [_said("%age + 1") | {"url": written.ASKED_OF}],
            "comes to a number",
        ),
    ],
)
def test_whom_it_is_for_is_refused_with_its_place(
    extension: list[Json], wrong: str
) -> None:
    made = content_of(
        *written_as(
            [question("pain", extension=extension)],
            [rule("pain", "%pain")],
            engine=STRICT_ORDER,
            otherwise="clinician-1h",
        )
    )
    assert isinstance(made, tuple)
    [problem] = made
    assert isinstance(problem, Problem)
    assert problem.place == "Questionnaire.item(pain)"
    assert wrong in problem.wrong


def _made(extension: list[Json], engine: str) -> Content:
    return content(
        written_as(
            [question("pain", extension=extension)],
            [rule("pain", "%pain")],
            engine=engine,
            otherwise="clinician-1h" if engine == STRICT_ORDER else "",
        )
    )


def test_a_checklist_asks_everybody_in_the_same_words() -> None:
    extension = _worded(_said("%age < 1"), WORDS, SOURCE)
    told = [one.wrong for one in check_content(_made(extension, CHECKLIST))]
    assert told == ["a checklist asks everybody, in the same words"]
    assert list(check_content(_made(extension, STRICT_ORDER))) == []


def test_whoever_compares_is_told_that_words_for_some_changed() -> None:
    before = _made([], STRICT_ORDER)
    now = _made(_worded(_said("%age > 90"), WORDS, SOURCE), STRICT_ORDER)
    found = compared(before, now)
    assert [one.id for one in found.asked_else] == ["pain"]
    assert [one.how for one in found.changed] == [("what its condition rests on",)]
    assert compared(now, now).is_same


def test_a_question_that_was_not_asked_raises_nothing() -> None:
    engine = engine_of(CHILDREN)
    turn = engine.start(About(years=9, sex="female"))
    while turn.asks:
        assert turn.asks[0].link not in ("strangeCry", "pregnancyDanger")
        found = take(engine, turn, Answer(link=turn.asks[0].link, value="no"))
        assert isinstance(found, Turn)
        turn = found
    assert turn.result.fired == ()
    assert turn.result.disposition == "clinician-now"
    refused = take(engine, turn, Answer(link="strangeCry", value="yes"))
    assert not isinstance(refused, Turn)
