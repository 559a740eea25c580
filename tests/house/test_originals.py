# SPDX-License-Identifier: Apache-2.0
"""docs/originals.md says of each shipped rule what the marks beside the content say."""

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOOL = runpy.run_path(str(ROOT / "tools" / "write_originals.py"))


def test_the_page_of_originals_is_what_the_marks_say() -> None:
    assert TOOL["unmarked"]() == []
    committed = (ROOT / "docs" / "originals.md").read_text(encoding="utf-8")
    assert TOOL["page"]() == committed, "run: python tools/write_originals.py"
