# SPDX-License-Identifier: Apache-2.0
"""Codes and words of depot injections: routes, sites, units, reasons.

The SNOMED CT codes of routes were written from memory and are **not checked** against a
release; sites and reasons have codes of ours alone. dm+d codes are typed by whoever
writes the schedule, and only their check digit is looked at (`userSelected` says so).
"""

import msgspec

SNOMED, DMD, UCUM = (
    "http://snomed.info/sct",
    "https://dmd.nhs.uk",
    "http://unitsofmeasure.org",
)
SYSTEM = "urn:wardkeep:depot"
CODE = "long-acting-injection"
REASONS, KINDS = f"{SYSTEM}:reason", f"{SYSTEM}:entry"


class Coded(msgspec.Struct, frozen=True):
    """A value of a list: its words, and a SNOMED CT code where one is known."""

    words: str
    snomed: str = ""


ROUTES = {
    "im": Coded("Into a muscle (IM)", "78421000"),
    "sc": Coded("Under the skin (SC)", "34206005"),
}
SITES = {
    "deltoid": Coded("Upper arm (deltoid)"),
    "dorsogluteal": Coded("Buttock (dorsogluteal)"),
    "ventrogluteal": Coded("Hip (ventrogluteal)"),
    "thigh": Coded("Thigh (vastus lateralis)"),
    "abdomen": Coded("Abdomen"),
}
SIDES = {"left": "Left", "right": "Right"}
UNITS = {"mg": "mg", "ug": "micrograms", "[iU]": "units", "mL": "ml"}
"""UCUM's code and the words."""
COUNTS = {
    "given": "From the day on which it was given",
    "due": "From the day on which it was due",
}
"""From which day the next one is counted: the prescriber says."""
NOT_GIVEN = {
    "declined": "Declined",
    "did-not-attend": "Did not attend",
    "not-at-home": "Not at home",
    "unwell": "Unwell",
    "no-stock": "The medicine was not there",
    "on-hold": "The prescriber said not to give it",
    "other": "Something else",
}


def is_snomed_id(text: str) -> bool:
    """Whether digits are an identifier of SNOMED CT, as dm+d has them.

    https://confluence.ihtsdotools.org/display/DOCRELFMT/6+SNOMED+CT+Identifiers: 6 to
    18 digits, the last of them Verhoeff's check.
    """
    shape = text.isascii() and text.isdigit() and 6 <= len(text) <= 18  # noqa: PLR2004 - the standard's bounds
    if not shape or text[0] == "0":
        return False
    check = 0
    for place, digit in enumerate(reversed(text)):
        check = _TIMES[check][_TURNED[place % 8][int(digit)]]
    return check == 0


_TIMES = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
_TURNED = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 5, 7, 6, 2, 8, 3, 0, 9, 4),
    (5, 8, 0, 3, 7, 9, 6, 1, 4, 2),
    (8, 9, 1, 6, 0, 4, 3, 5, 2, 7),
    (9, 4, 5, 3, 1, 2, 6, 8, 7, 0),
    (4, 2, 8, 6, 5, 7, 3, 9, 0, 1),
    (2, 7, 9, 3, 8, 0, 6, 4, 1, 5),
    (7, 0, 4, 6, 9, 1, 3, 2, 5, 8),
)
