# SPDX-License-Identifier: Apache-2.0
"""CSV for people who open it in a spreadsheet, where no cell becomes a formula."""

import csv
import io
from collections.abc import Iterable, Sequence

_FORMULA = frozenset({"=", "+", "-", "@", "\t", "\r"})


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """One line for the columns, and one for each row (RFC 4180)."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([plain_cell(value) for value in row] for row in rows)
    return text.getvalue()


def plain_cell(value: object) -> str:
    """A reason that begins like a formula is none for the program that opens it.

    https://owasp.org/www-community/attacks/CSV_Injection
    """
    text = str(value)
    return f"'{text}" if text[:1] in _FORMULA else text
