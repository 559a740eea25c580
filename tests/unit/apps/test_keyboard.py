# SPDX-License-Identifier: Apache-2.0
"""The page of shortcuts says what the script does."""

import re

from wardkeep.apps.my_account.keyboard import PLACES, SECTIONS
from wardkeep.ui.kit import kit_assets

ASSETS = kit_assets()
SCRIPT = ASSETS.files[ASSETS.url("keys.js")].decode()


def table(name: str) -> dict[str, tuple[str, str]]:
    [block] = re.findall(rf"const {name} = {{\n(.*?)\n}};", SCRIPT, re.DOTALL)
    lines = re.findall(r'(\w): \["([^"]+)", "([^"]+)"\]', block)
    return {letter: (to, words) for letter, to, words in lines}


def test_the_places_and_sections_are_those_of_the_script() -> None:
    assert table("PLACES") == PLACES
    said = {letter: words for letter, (_, words) in table("SECTIONS").items()}
    assert said == SECTIONS
