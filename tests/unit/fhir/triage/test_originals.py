# SPDX-License-Identifier: Apache-2.0
"""Each shipped rule has a mark of what its authors read, and loses it with a word."""

from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec
import pytest

from support.triage import resource
from wardkeep.fhir.triage.content import Content, Rule, content_of
from wardkeep.fhir.triage.held import Held, counted
from wardkeep.fhir.triage.library import NAMES, shipped, shipped_content
from wardkeep.fhir.triage.originals import Original, originals

RULES = [rule for name in NAMES for rule in shipped_content(name).rules]
Change = Callable[[dict[str, Any], dict[str, Any]], object]


@pytest.mark.parametrize("rule", RULES, ids=lambda one: f"{one.id} {one.digest[:4]}")
def test_every_rule_has_a_mark_with_a_verdict_of_these_very_words(rule: Rule) -> None:
    mark = rule.original
    assert mark is not None, f"its original is to be read anew: {rule.digest}"
    # Adults and children share a mark where the rule is the same to the letter
    assert mark.rule.partition("/")[2] == rule.id
    assert mark.digest == rule.digest
    assert mark.verdict in ("agrees", "differs", "not-found")
    assert mark.clause == rule.clause
    assert mark.edition
    assert mark.where
    assert date.fromisoformat(mark.day) >= date(2026, 11, 30)
    assert mark.compared.endswith(".")
    if not mark.is_held:
        assert rule.unchecked, "it says beside itself that nobody read the original"


def test_no_mark_is_of_a_rule_that_is_gone_and_none_is_there_twice() -> None:
    digests = [one.digest for one in originals()]
    assert set(digests) == {rule.digest for rule in RULES}
    assert len(set(digests)) == len(digests)


def _action(plan: dict[str, Any], id_: str) -> dict[str, Any]:
    [found] = [one for one in plan["action"] if one["id"] == id_]
    assert isinstance(found, dict)
    return found


def _item(asked: dict[str, Any], link: str) -> dict[str, Any]:
    [found] = [
        one for group in asked["item"] for one in group["item"] if one["linkId"] == link
    ]
    assert isinstance(found, dict)
    return found


def changed(name: str, change: Change) -> Content:
    plan, asked = (msgspec.json.decode(one.compact) for one in shipped(name))
    change(plan, asked)
    made = content_of(resource(plan), resource(asked))
    assert isinstance(made, Content), str(made)
    return made


def mark_of(content: Content, id_: str) -> Original | None:
    rule = content.rule(id_)
    assert rule is not None
    return rule.original


def _condition(plan: dict[str, Any]) -> dict[str, Any]:
    found = _action(plan, "drowsy")["condition"][0]["expression"]
    assert isinstance(found, dict)
    return found


CHANGES: dict[str, Change] = {
    "its words": lambda plan, _: _action(plan, "drowsy").update(title="Drowsy"),
    "its condition": lambda plan, _: _condition(plan).update(
        expression="%drowsy and %age < 16"
    ),
    "its disposition": lambda plan, _: _action(plan, "drowsy")["code"][0]["coding"][
        0
    ].update(code="ambulance-3"),
    "its clause": lambda plan, _: _action(plan, "drowsy")["documentation"][0].update(
        label="Call 111 now"
    ),
    "whether it is a red flag": lambda plan, _: _action(plan, "drowsy")[
        "extension"
    ].pop(0),
    "its question": lambda _, asked: _item(asked, "drowsy").update(text="Drowsy?"),
    "its words for babies": lambda _, asked: _item(asked, "drowsy")["extension"][1][
        "extension"
    ][1].update(valueString="Is the baby drowsy?"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_changed_rule_loses_its_mark(what: str) -> None:
    assert mark_of(shipped_content("child-danger-signs"), "drowsy") is not None
    content = changed("child-danger-signs", CHANGES[what])
    assert mark_of(content, "drowsy") is None
    assert mark_of(content, "mottled") is not None, "its neighbour keeps its own"


def test_whoever_copies_a_rule_unchanged_has_its_mark() -> None:
    def copied(plan: dict[str, Any], asked: dict[str, Any]) -> None:
        plan["url"], plan["version"] = "urn:example:own", "1"
        asked["title"] = "Ours"
        _action(plan, "drowsy")["extension"].pop()  # an example: no word of the rule

    content = changed("child-danger-signs", copied)
    mark = mark_of(content, "drowsy")
    assert mark is not None
    assert mark.rule == "child-danger-signs/drowsy"


def test_a_reproduction_counts_as_held_by_nobody_until_somebody_reads_it() -> None:
    content = shipped_content("adult-checklist")
    rule = content.rule("qsofa-2")
    assert rule is not None
    assert rule.original is not None
    assert rule.original.text == "reproduction"
    assert not rule.original.is_held
    before = counted(content, {})
    mark = Held(
        rule=rule.digest,
        name="Dr Ada Example, GMC 0000000",
        day="2026-11-30",
        clause="Box 4",
        account="ada",
    )
    after = counted(content, {rule.digest: mark})
    assert after.by_nobody == before.by_nobody - 1
    assert (before.by_us, after.by_us) == (0, 1)


def test_a_mark_is_told_in_one_sentence_with_its_verdict() -> None:
    drowsy = mark_of(shipped_content("child-danger-signs"), "drowsy")
    stridor = mark_of(shipped_content("adult-checklist"), "stridor")
    assert drowsy is not None
    assert stridor is not None
    assert "it differs: " in drowsy.told
    assert stridor.told.startswith("Its authors held it against a word-for-word copy")
    assert "it agrees: Stridor." in stridor.told
    lost = msgspec.structs.replace(stridor, verdict="not-found", text="none")
    assert lost.told == "Its original was not found: Stridor."
    assert not lost.is_held
