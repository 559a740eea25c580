# SPDX-License-Identifier: Apache-2.0
"""Whatever is answered: the same bits again, red flags on top, and an end."""

import pytest
from hypothesis import given, settings, strategies as st

from support.triage import NURSE
from wardkeep.fhir.triage.content import Content
from wardkeep.fhir.triage.engine import (
    About,
    Answer,
    Engine,
    Entry,
    SetAside,
    Turn,
    fingerprint,
    replay,
    take,
)
from wardkeep.fhir.triage.library import engine_of, shipped_content
from wardkeep.fhir.triage.pressing import urgency

CHECKLIST = shipped_content("adult-checklist")
STRICT = shipped_content("adult-danger-signs")
AGES = st.builds(About, years=st.one_of(st.none(), st.integers(0, 110)))
ADULTS = st.builds(About, years=st.integers(16, 110))
TICKS = [link for link, item in CHECKLIST.items.items() if item.type == "boolean"]
NUMBERS = [link for link, item in CHECKLIST.items.items() if item.type != "boolean"]
ONE = st.one_of(
    st.builds(
        Answer,
        link=st.sampled_from(TICKS),
        value=st.sampled_from(["yes", "no", "not-sure", ""]),
    ),
    st.builds(
        Answer,
        link=st.sampled_from(NUMBERS),
        value=st.integers(-5, 320).map(str),
    ),
)
ASIDE = st.builds(
    SetAside,
    rule=st.sampled_from([one.id for one in CHECKLIST.rules if one.is_red_flag]),
    by=st.just(NURSE),
    why=st.just("looked at again: it is not so"),
)
LOGS = st.lists(st.one_of(ONE, ASIDE), max_size=25)


def played(engine: Engine, about: About, entries: list[Entry]) -> Turn:
    """What is refused changes nothing, and the next is tried."""
    turn = engine.start(about)
    for entry in entries:
        found = take(engine, turn, entry)
        turn = found if isinstance(found, Turn) else turn
    return turn


def rule_of(content: Content, id_: str) -> str:
    found = content.rule(id_)
    assert found is not None
    return found.disposition


@settings(max_examples=1_000, deadline=None)
@given(about=AGES, entries=LOGS)
def test_a_thousand_logs_of_a_checklist_replay_to_the_same_bits(
    *, about: About, entries: list[Entry]
) -> None:
    turn = played(engine_of(CHECKLIST), about, entries)
    again = replay(engine_of(CHECKLIST), turn.log)
    assert again == turn
    assert isinstance(again, Turn)
    assert fingerprint(again.result) == fingerprint(turn.result)


@settings(max_examples=1_000, deadline=None)
@given(
    about=ADULTS,
    said=st.lists(st.sampled_from(["yes", "no", "not-sure"]), min_size=23, max_size=23),
    calm=st.integers(0, 23),
)
def test_a_thousand_calls_in_strict_order_end_and_replay_to_the_same_bits(
    *, about: About, said: list[str], calm: int
) -> None:
    """`calm`: so many are answered with no first, so that some come to the end."""
    engine = engine_of(STRICT)
    turn = engine.start(about)
    for value in ["no"] * calm + said:
        if turn.is_ended:
            break
        found = take(engine, turn, Answer(link=turn.asks[0].link, value=value))
        assert isinstance(found, Turn)
        turn = found
    assert turn.is_ended
    assert turn.result.disposition
    assert len(turn.log.entries) <= len(STRICT.items)
    again = replay(engine, turn.log)
    assert isinstance(again, Turn)
    assert fingerprint(again.result) == fingerprint(turn.result)


@settings(max_examples=300, deadline=None)
@given(
    about=ADULTS,
    answers=st.lists(ONE, max_size=15, unique_by=lambda one: one.link),
    data=st.data(),
)
def test_the_order_of_answers_does_not_matter_to_a_checklist(
    *, about: About, answers: list[Answer], data: st.DataObject
) -> None:
    other = data.draw(st.permutations(answers))
    first = played(engine_of(CHECKLIST), about, list(answers))
    second = played(engine_of(CHECKLIST), about, list(other))
    assert fingerprint(first.result) == fingerprint(second.result)


@settings(max_examples=300, deadline=None)
@given(about=ADULTS, entries=LOGS, later=st.lists(ONE, max_size=10))
def test_no_answer_takes_down_or_outdoes_a_red_flag(
    *, about: About, entries: list[Entry], later: list[Answer]
) -> None:
    engine = engine_of(CHECKLIST)
    before = played(engine, about, entries)
    turn = before
    for entry in later:
        found = take(engine, turn, entry)
        turn = found if isinstance(found, Turn) else turn
    assert set(before.result.raised) <= set(turn.result.raised)
    for id_ in turn.result.raised:
        flag = urgency(rule_of(CHECKLIST, id_))
        assert urgency(turn.result.disposition) <= flag


@settings(max_examples=300, deadline=None)
@given(about=ADULTS, entries=LOGS)
def test_what_holds_is_raised_or_was_set_aside_with_its_reason(
    *, about: About, entries: list[Entry]
) -> None:
    turn = played(engine_of(CHECKLIST), about, entries)
    fired = {one.rule for one in turn.result.fired if one.is_red_flag}
    assert fired == set(turn.result.raised)
    for one in turn.result.overruled:
        assert one.why
        assert one.by == NURSE
        assert one.rule not in turn.result.raised


@pytest.mark.parametrize("content", [CHECKLIST, STRICT], ids=lambda one: one.title)
def test_each_red_flag_alone_ends_in_what_it_asks_for_or_more(
    content: Content,
) -> None:
    for one in content.rules:
        for example in one.examples:
            if one.is_red_flag and example.fires and example.suggests:
                assert urgency(example.suggests) <= urgency(one.disposition)
