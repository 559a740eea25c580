# SPDX-License-Identifier: Apache-2.0
"""A page that confirms an act says names where the warden's words have ids."""

import pytest

from wardkeep.disclosure.confirming import ActDescription
from wardkeep.web.confirming import _in_words

SAID = {"Practitioner/a": "Ann (Practitioner/a)", "p, q": "both"}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("Practitioner/a", "Ann (Practitioner/a)"),
        ("Practitioner/a, Location/b", "Ann (Practitioner/a), Location/b"),
        ("Because of Practitioner/a", "Because of Practitioner/a"),
        ("p, q", "both"),
        ("Nobody", "Nobody"),
    ],
)
def test_ids_are_named_alone_and_in_a_line_of_several(value: str, words: str) -> None:
    act = ActDescription(title="T", lines=(("In the record", value),), warning="W")
    assert _in_words(act, SAID).lines == (("In the record", words),)
