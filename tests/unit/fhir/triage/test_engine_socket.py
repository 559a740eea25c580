# SPDX-License-Identifier: Apache-2.0
"""The socket: ours and somebody else's engine are asked, logged and replayed alike."""

import msgspec
import pytest

from support.licensed_engine import MadeUpEngine
from wardkeep.base.outcome import Problem
from wardkeep.fhir.triage.engine import (
    MOST_ENTRIES,
    About,
    Answer,
    CanSetAside,
    Engine,
    SetAside,
    Turn,
    fingerprint,
    replay,
    take,
)
from wardkeep.fhir.triage.library import NAMES, engine_of, shipped_content
from wardkeep.fhir.urgent.disposition import DISPOSITIONS

ENGINES = [MadeUpEngine(), *(engine_of(shipped_content(name)) for name in NAMES)]
ADULT = About(years=40)


def first_answer(turn: Turn) -> Answer:
    asked = turn.asks[0]
    value = asked.choices[0].code if asked.choices else "no"
    return Answer(link=asked.link, value=value)


def taken(engine: Engine, turn: Turn, entry: Answer | SetAside) -> Turn:
    found = take(engine, turn, entry)
    assert isinstance(found, Turn), str(found)
    return found


@pytest.mark.parametrize("engine", ENGINES, ids=lambda one: one.named.canonical)
def test_every_engine_asks_logs_and_replays_to_the_same_bits(engine: Engine) -> None:
    assert isinstance(engine, Engine)
    is_for_children = "child" in engine.named.canonical
    turn = engine.start(About(years=4) if is_for_children else ADULT)
    for _ in range(2):
        turn = taken(engine, turn, first_answer(turn))
    again = replay(engine, turn.log)
    assert again == turn
    assert isinstance(again, Turn)
    assert fingerprint(again.result) == fingerprint(turn.result)
    assert len(turn.log.entries) == 2
    assert turn.log.named == engine.named


@pytest.mark.parametrize("engine", ENGINES, ids=lambda one: one.named.canonical)
def test_what_is_refused_changes_nothing_and_says_how_to_mend_it(
    engine: Engine,
) -> None:
    turn = engine.start(ADULT)
    refused = take(engine, turn, Answer(link="nobody-asks-this", value="yes"))
    assert isinstance(refused, Problem)
    assert refused.mend
    assert turn == engine.start(ADULT)


@pytest.mark.parametrize("engine", ENGINES, ids=lambda one: one.named.canonical)
def test_a_log_of_other_content_is_not_replayed(engine: Engine) -> None:
    log = engine.start(ADULT).log
    other = msgspec.structs.replace(log.named, digest="f" * 64)
    refused = replay(engine, msgspec.structs.replace(log, named=other))
    assert isinstance(refused, Problem)
    assert "ffffffffffff" in refused.wrong


def test_another_engines_tree_ends_in_a_disposition_of_our_list() -> None:
    engine = MadeUpEngine()
    turn = taken(engine, engine.start(ADULT), Answer(link="where", value="head"))
    turn = taken(engine, turn, Answer(link="how-bad", value="worst"))
    assert turn.is_ended
    assert turn.result.disposition == "ambulance-2"
    assert turn.result.disposition in DISPOSITIONS


def test_an_engine_that_cannot_set_aside_says_what_to_do_instead() -> None:
    engine = MadeUpEngine()
    assert not isinstance(engine, CanSetAside)
    setting = SetAside(rule="x", by="Practitioner/1", why="because it is not so")
    refused = take(engine, engine.start(ADULT), setting)
    assert isinstance(refused, Problem)
    assert "with a reason" in refused.mend


def test_a_log_without_end_is_no_conversation() -> None:
    engine = engine_of(shipped_content("adult-checklist"))
    turn = engine.start(ADULT)
    many = (Answer(link="cough", value="no"),) * MOST_ENTRIES
    full = msgspec.structs.replace(
        turn, log=msgspec.structs.replace(turn.log, entries=many)
    )
    refused = take(engine, full, Answer(link="cough", value="yes"))
    assert isinstance(refused, Problem)
    assert str(MOST_ENTRIES) in refused.wrong


def test_the_same_result_has_one_fingerprint_and_another_one_another() -> None:
    engine = engine_of(shipped_content("adult-checklist"))
    turn = engine.start(ADULT)
    other = taken(engine, turn, Answer(link="wheeze", value="yes"))
    assert fingerprint(turn.result) != fingerprint(other.result)
    assert len(fingerprint(turn.result)) == 64
