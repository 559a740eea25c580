# SPDX-License-Identifier: Apache-2.0
"""The sheet of every page: has what pages use, and little else."""

import gzip
import re
from pathlib import Path

from wardkeep.ui.kit import PAGES_SHEET, kit_assets

SOURCE = Path(__file__).parents[2] / "src" / "wardkeep"
NAMES = re.compile(r"nhsuk-[A-Za-z0-9_-]*[A-Za-z0-9]")
ONLY_NAMES = {
    "nhsuk-frontend",
    "nhsuk-radios__item",
    "nhsuk-table__head",
    "nhsuk-table__body",
}
"""Named in words, or by the kit without a rule of its own."""
MOST_BYTES = 20_000


def sheet() -> bytes:
    assets = kit_assets()
    return assets.files[assets.url(PAGES_SHEET)]


def test_every_class_of_the_kit_that_a_template_uses_has_its_rule() -> None:
    there = set(NAMES.findall(sheet().decode()))
    lacking = {
        f"{path.name}: {name}"
        for path in SOURCE.rglob("*.html")
        for classes in re.findall(r'class="([^"]*)"', path.read_text(encoding="utf-8"))
        for name in NAMES.findall(re.sub(r"{{.*?}}|{%.*?%}", " ", classes))
        if name not in there | ONLY_NAMES and not is_begun(name, there)
    }
    assert not lacking, f"run python tools/vendor_ui.py: {sorted(lacking)}"


def is_begun(name: str, there: set[str]) -> bool:
    """A name to which a template puts an end, as in nhsuk-tag--{{ colour }}."""
    return any(one.startswith(f"{name}-") for one in there)


def test_the_sheet_is_small_on_the_wire() -> None:
    assert len(gzip.compress(sheet(), 9)) < MOST_BYTES
