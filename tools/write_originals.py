# SPDX-License-Identifier: Apache-2.0
"""Writes docs/originals.md from the marks of shipped rules.

    python tools/write_originals.py

A rule whose words changed has no mark: it is named with its digest, and nothing is
written before somebody has read its original again (`originals.toml` says what they
read). A house test holds the page to the content.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from wardkeep.fhir.triage.content import Content, Rule
from wardkeep.fhir.triage.held import is_by_authors
from wardkeep.fhir.triage.library import NAMES, shipped_content
from wardkeep.fhir.triage.originals import (
    TEXTS,
    VERDICTS,
    Original,
    originals,
)

PAGE = Path(__file__).parents[1] / "docs" / "originals.md"

HEAD = """# Triage rules, each held against its original

Written by `tools/write_originals.py` from the marks beside the content; never typed. What a mark is and what it is not: [record 75](decisions/0075-rules-held-against-their-originals.md).
All of it was read by the authors of this project. **No clinical safety officer signed any of it**, and no source gives our dispositions or their times: a source says what is dangerous, and at most that it is for 999, for an emergency department or for a call.
"""

KINDS = """## What was read

Most guidelines and charts were read in stored public pages, not all of them whole. *The publisher’s own text*: the page of whoever answers for it. *A word-for-word copy*: the publisher’s text as somebody else keeps it. *A reproduction*: a table or list in somebody else’s work; a rule that was read in nothing better counts as held by nobody, and says so beside itself.
"""


def page() -> str:
    """The whole text."""
    contents = [shipped_content(name) for name in NAMES]
    rules = [rule for content in contents for rule in content.rules]
    parts = [HEAD, *_share(rules), KINDS]
    for content in contents:
        parts += [*_table(content)]
    return "\n".join(parts)


def unmarked() -> list[str]:
    """Rules that nobody held as they stand, and marks of no rule that stands."""
    found, used = [], set()
    for name in NAMES:
        for rule in shipped_content(name).rules:
            used.add(rule.digest)
            if rule.original is None:
                found.append(f"{name}/{rule.id} has no mark: {rule.digest}")
    left = [one.rule for one in originals() if one.digest not in used]
    return [*found, *(f"a mark is of no rule that stands: {one}" for one in left)]


def _share(rules: list[Rule]) -> Iterator[str]:
    marks = [rule.original for rule in rules if rule.original is not None]
    held = sum(map(is_by_authors, rules))
    left = len(rules) - held
    said = f"{held} of {len(rules)} rules were held against the original text itself"
    yield f"**{said}; {left} were not.**\n"
    texts = Counter(one.text for one in marks)
    yield "| read | rules |\n| --- | --- |"
    for text, words in TEXTS.items():
        if texts[text]:
            yield f"| {words} | {texts[text]} |"
    yield ""
    verdicts = Counter(one.verdict for one in marks)
    yield "| verdict | rules |\n| --- | --- |"
    for verdict, words in VERDICTS.items():
        yield f"| {words} | {verdicts[verdict]} |"
    yield ""


def _table(content: Content) -> Iterator[str]:
    held = sum(map(is_by_authors, content.rules))
    named = f"{content.title}, version {content.named.version}"
    yield f"## {named}: {held} of {len(content.rules)}\n"
    yield "| rule | source and clause | read in | verdict | compared |"
    yield "| --- | --- | --- | --- | --- |"
    for rule in content.rules:
        if rule.original is not None:
            yield _row(rule, rule.original)
    yield ""


def _row(rule: Rule, mark: Original) -> str:
    flag = " (red flag)" if rule.is_red_flag else ""
    left = f" Not held: {rule.unchecked}" if rule.unchecked else ""
    cells = (
        f"`{rule.id}` {rule.words}{flag}",
        f"{mark.edition}; {rule.clause}",
        f"{TEXTS[mark.text]}, {mark.day}: `{mark.where}`",
        f"**{VERDICTS[mark.verdict]}**",
        f"{mark.compared}{left}",
    )
    return "| " + " | ".join(one.replace("|", "/") for one in cells) + " |"


def main() -> None:
    wrong = unmarked()
    if wrong:
        sys.exit("\n".join([*wrong, "Read their originals; then write what you read."]))
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
