# SPDX-License-Identifier: Apache-2.0
"""Which terms of a quantity's unit are stored: not that it is UCUM's.

Nearly every unit is. A search that names UCUM takes the term of the code alone, and
what it finds is looked at once more (`query.needs_confirming`).
"""

from wardkeep.fhir.search.terms import SEPARATOR

UCUM = "http://unitsofmeasure.org"
_OF_UCUM = f"{SEPARATOR}s{SEPARATOR}{UCUM}{SEPARATOR}".encode()
_BY_CODE = f"{SEPARATOR}q{SEPARATOR}".encode()


def is_of_ucum(mark: bytes) -> bool:
    """Whether the term says that a unit is one of UCUM's."""
    return _OF_UCUM in mark


def stored_mark(mark: bytes) -> bytes:
    """The term that a row has in its place: that of the code."""
    return mark.replace(_OF_UCUM, _BY_CODE, 1)
