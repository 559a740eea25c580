# SPDX-License-Identifier: Apache-2.0
"""A protocol of one's own: written rule by rule, judged, compared, reviewed, held."""

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from support.triage import Json, question, rule, written_as
from wardkeep.base.outcome import Problem
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.triage.authoring import (
    Head,
    QuestionTyped,
    RuleTyped,
    begun_from,
    examples_read,
    head_of,
    questions_typed,
    rules_typed,
    with_head,
    with_question,
    with_rule,
    without_question,
    without_rule,
)
from wardkeep.fhir.triage.comparing import compared
from wardkeep.fhir.triage.content import Content
from wardkeep.fhir.triage.held import (
    Held,
    counted,
    marked_by_id,
    marks_in,
    marks_library,
)
from wardkeep.fhir.triage.judging import examples_run, judged
from wardkeep.fhir.triage.library import NAMES, shipped, shipped_content
from wardkeep.fhir.triage.protocol import (
    IN_REVIEW,
    MOST_BYTES,
    REVIEWED,
    SENT_BACK,
    Protocol,
    Review,
    frozen_id,
    protocol_in,
    protocol_library,
    read_pair,
)

AUTHOR, SECOND = "a-author", "a-second"
WORDS = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=30)


def text(resource: Resource) -> str:
    return resource.compact.decode()


def compiled(pair: tuple[Resource, Resource]) -> Content:
    content = judged(*pair).content
    assert content is not None, judged(*pair).problems
    return content


def ruled(
    pair: tuple[Resource, Resource], typed: RuleTyped
) -> tuple[Resource, Resource]:
    examples = examples_read(typed.examples)
    assert not isinstance(examples, Problem)
    return with_rule(pair[0], typed, examples, was=typed.id), pair[1]


@pytest.mark.parametrize("name", NAMES)
def test_what_a_page_shows_and_saves_unchanged_means_the_same(name: str) -> None:
    plan, asked = shipped(name)
    for typed in rules_typed(plan):
        plan, _ = ruled((plan, asked), typed)
    for one in questions_typed(asked):
        asked = with_question(asked, one, was=one.link)
    found, before = compiled((plan, asked)), shipped_content(name)
    assert judged(plan, asked).problems == ()
    assert [one.digest for one in found.rules] == [one.digest for one in before.rules]
    assert compared(before, found).is_same
    assert [one.unchecked for one in found.rules] == [
        one.unchecked for one in before.rules
    ]


@given(words=WORDS, condition=WORDS, clause=WORDS, unchecked=WORDS)
@settings(max_examples=40, deadline=None)
def test_whatever_is_typed_into_a_rule_is_kept_and_told_at_that_rule(
    words: str, condition: str, clause: str, unchecked: str
) -> None:
    pair = written_as([question("a")], [rule("a", "%a"), rule("b", "%a")])
    typed = RuleTyped(
        id="b", words=words, condition=condition, clause=clause, unchecked=unchecked
    )
    made = ruled(pair, typed)
    assert rules_typed(made[0])[1] == typed
    told = judged(*made)
    assert told.of_rule(1)
    assert not told.of_rule(0)
    assert set(told.of_rule(1)) | set(told.elsewhere) == set(told.problems)


def test_examples_are_lines_and_a_line_that_is_none_is_told() -> None:
    found = examples_read(
        "age=40; a=yes -> holds, clinician-1h\n\na=no -> does not hold"
    )
    assert not isinstance(found, Problem)
    assert len(found) == 2
    for wrong in ("a=yes", "a=yes -> perhaps", "-> holds, Ambulance!", "a -> holds b"):
        told = examples_read(f"a=no -> holds\n{wrong}")
        assert isinstance(told, Problem), wrong
        assert "line 2" in told.wrong


def test_a_rule_shows_beside_each_example_what_came_out() -> None:
    pair = ruled(
        written_as([question("a")], [rule("a", "%a")]),
        RuleTyped(
            id="a",
            words="It is a",
            condition="%a and %age >= 50",
            disposition="clinician-1h",
            citation="x",
            clause="1",
            url="https://example.org",
            examples="age=50; a=yes -> holds, clinician-1h\n"
            "age=49; a=yes -> holds\nb=yes -> holds",
        ),
    )
    content = compiled(pair)
    passed, failed, unread = examples_run(content, content.rules[0])
    assert (passed.passes, passed.came_to) == (True, "clinician-1h")
    assert (failed.passes, failed.held, failed.wrong) == (False, False, "")
    assert not unread.passes
    assert "names b" in unread.wrong
    assert len(judged(*pair).of_rule(0)) == 3


def test_rules_and_questions_come_and_go() -> None:
    plan, asked = written_as([question("a")], [rule("a", "%a")])
    asked = with_question(asked, QuestionTyped(link="b", words="B?", help="h"), was="")
    plan, _ = ruled((plan, asked), RuleTyped(id="n", words="N", condition="%b"))
    assert [one.id for one in rules_typed(plan)] == ["a", "n"]
    assert [one.help for one in questions_typed(asked)] == ["", "h"]
    assert without_question(asked, "b").content["item"] == [question("a")]
    assert [one.id for one in rules_typed(without_rule(plan, "a"))] == ["n"]
    assert "action" not in without_rule(without_rule(plan, "a"), "n").content


def test_a_copy_has_a_name_of_its_own_and_says_where_it_came_from() -> None:
    of = head_of(shipped("adult-danger-signs")[0])
    head = Head(
        title="Chest",
        url="urn:example:chest",
        version="3",
        engine=of.engine,
        applies=of.applies,
        otherwise=of.otherwise,
    )
    pair = begun_from(
        *shipped("adult-danger-signs"), head, publisher="Larkspur", day="2026-11-29"
    )
    assert judged(*pair).problems == ()
    assert head_of(pair[0]) == head
    assert f'derived-from","resource":"{of.url}|{of.version}' in text(pair[0])
    again = with_head(*pair, msgspec.structs.replace(head, version="4", applies=""))
    assert head_of(again[0]).version == "4"
    assert compiled(again).asks == "urn:example:chest:questions|4"


def test_both_come_in_any_order_or_as_a_bundle_and_nothing_else_does() -> None:
    plan, asked = written_as([question("a")], [rule("a", "%a")])
    entries = ",".join(f'{{"resource":{text(one)}}}' for one in (asked, plan))
    bundle = f'{{"resourceType":"Bundle","type":"collection","entry":[{entries}]}}'
    for texts in ([text(plan), text(asked)], [text(asked), text(plan)], [bundle, ""]):
        assert read_pair(texts) == (plan, asked)
    for texts, says in (
        ([text(plan), ""], "no Questionnaire"),
        ([text(plan), text(plan)], "wanted once"),
        (["{", text(asked)], ""),
        (["[" * 50_000, text(asked)], ""),
        ([text(plan), '{"resourceType":"Patient"}'], "Patient"),
        (["", ""], "no PlanDefinition and no Questionnaire"),
    ):
        told = read_pair(texts)
        assert isinstance(told[0], Problem), texts
        assert says in told[0].wrong
        assert told[0].place in ("text-1", "text-2")
    padded = f'{text(plan)[:-1]},"purpose":"{"x" * MOST_BYTES}"}}'
    told = read_pair([padded, text(asked)])
    assert isinstance(told[0], Problem)
    assert "longer than" in told[0].wrong


def test_what_would_take_an_hour_is_not_run() -> None:
    many = [question(f"q{number}") for number in range(151)]
    told = judged(*written_as(many, [rule("a", "%q1")]))
    assert told.content is None
    assert "151 questions" in told.problems[0].wrong
    lines = {f"age={n % 90}; a=yes": True for n in range(801)}
    told = judged(*written_as([question("a")], [rule("a", "%a", examples=lines)]))
    assert told.content is not None, "the same example twice is one"
    long = {"age=40; " + "; ".join(["a=yes"] * 999 + [str(n)]): True for n in range(99)}
    pair = written_as(
        [question("a")], [rule("a", "%a", examples=long), rule("b", "%a")]
    )
    assert "take too long" in judged(*pair).problems[0].wrong
    rules = [rule(f"r{n}", "%a") for n in range(201)]
    assert judged(*written_as([question("a")], rules)).content is None


def test_what_changed_and_which_answers_come_to_something_else_is_told() -> None:
    before = compiled(
        written_as([question("a"), question("b")], [rule("a", "%a"), rule("b", "%b")])
    )
    now = compiled(
        written_as(
            [question("a"), question("c")],
            [rule("a", "%a", "clinician-6h"), rule("c", "%c")],
        )
    )
    found = compared(before, now)
    assert [one.id for one in found.added] == ["c"]
    assert [one.id for one in found.removed] == ["b"]
    assert [(one.id, one.how) for one in found.changed] == [("a", ("what follows",))]
    assert [one.id for one in found.asked_more] == ["c"]
    assert [one.id for one in found.asked_less] == ["b"]
    [other] = found.others
    assert (other.given, other.before, other.now) == (
        "age=40; a=yes",
        "clinician-1h",
        "clinician-6h",
    )
    assert found.not_run > 0
    assert compared(now, now).is_same


def protocol(**unlike: object) -> Protocol:
    plan, asked = written_as([question("a")], [rule("a", "%a")])
    made = Protocol(
        id="x",
        stage=IN_REVIEW,
        plan=plan,
        asked=asked,
        authors=(AUTHOR,),
        by=Person("", "Lil Marsh"),
        version=3,
    )
    return msgspec.structs.replace(made, id=frozen_id(made), **unlike)


def review(account: str) -> Review:
    return Review(name="Dr B", day="2026-11-29", words="All of it", account=account)


def test_it_is_stored_whole_and_what_is_no_protocol_is_none() -> None:
    one = protocol(stage=REVIEWED, review=review(SECOND))
    stored = msgspec.json.encode(protocol_library(one))
    assert protocol_in(stored, 3) == one
    assert protocol_in(b"{", 1) is None
    assert protocol_in(b'{"resourceType":"Library"}', 1) is None
    assert protocol_in(stored.replace(b"reviewed", b"approved"), 1) is None


def test_only_what_a_second_person_reviewed_may_be_used() -> None:
    assert protocol(stage=REVIEWED, review=review(SECOND)).may_be_used
    for unlike in (
        {"review": review(SECOND)},
        {"stage": SENT_BACK, "review": review(SECOND)},
        {"stage": REVIEWED, "review": review(AUTHOR)},
        {"stage": REVIEWED, "review": review("")},
        {"stage": REVIEWED, "review": review(SECOND), "authors": ()},
        {"stage": REVIEWED, "review": review(SECOND), "authors": (AUTHOR, SECOND)},
    ):
        assert not protocol(**unlike).may_be_used, unlike
    one = protocol(stage=REVIEWED, review=review(SECOND))
    assert not msgspec.structs.replace(one, id="other").may_be_used


def test_a_mark_stays_with_the_rule_and_goes_with_its_words() -> None:
    unread: Json = {"extension": _unread()}
    pair = written_as(
        [question("a"), question("b")], [rule("a", "%a") | unread, rule("b", "%b")]
    )
    content = compiled(pair)
    assert (counted(content, {}).by_nobody, counted(content, {}).by_authors) == (1, 1)
    mark = Held(
        rule=content.rules[0].digest,
        name="Dr B",
        day="2026-11-29",
        clause="Table 1",
        account=SECOND,
    )
    marks = {mark.rule: mark}
    assert counted(content, marks).by_nobody == 0
    assert marked_by_id(content, marks) == {"a": mark}
    assert (
        marks_in(msgspec.json.encode(marks_library("adult-checklist", marks))) == marks
    )
    assert marks_in(msgspec.json.encode(marks_library("adult-checklist", {}))) == {}
    typed = rules_typed(pair[0])[0]
    for changed in (
        {"condition": "%a or %b"},
        {"words": "It is not a"},
        {"disposition": "clinician-6h"},
        {"clause": "Table 2"},
        {"is_red_flag": True},
    ):
        other = compiled(ruled(pair, msgspec.structs.replace(typed, **changed)))
        assert marked_by_id(other, marks) == {}, changed
    worded = with_question(pair[1], QuestionTyped(link="a", words="Else?"), was="a")
    assert marked_by_id(compiled((pair[0], worded)), marks) == {}
    # What is said of it, its examples and its place change nothing of what it means
    said = msgspec.structs.replace(typed, unchecked="", examples="a=yes -> holds")
    assert marked_by_id(compiled(ruled(pair, said)), marks) == {"a": mark}


def _unread() -> list[dict[str, object]]:
    return [{"url": "urn:wardkeep:triage:unchecked", "valueString": "Nobody read it."}]


def test_who_held_what_comes_with_wardkeep_is_counted_by_its_marks() -> None:
    counts = [counted(shipped_content(name), {}) for name in NAMES]
    assert sum(one.rules for one in counts) == 121
    assert sum(one.by_authors for one in counts) == 116
    assert sum(one.by_nobody for one in counts) == 5
