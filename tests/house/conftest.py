# SPDX-License-Identifier: Apache-2.0
"""What the tests of the house share."""

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _nothing_is_collected_while_syntax_is_read() -> Iterator[None]:
    """`ast.parse` fails where the collector runs a finaliser that parses as well.

    A finaliser that warns has its traceback written, and that parses the line:
    "AST constructor recursion depth mismatch" (CPython issue 106905).
    """
    gc.disable()
    yield
    gc.enable()
