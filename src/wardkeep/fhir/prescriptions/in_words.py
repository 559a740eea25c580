# SPDX-License-Identifier: Apache-2.0
"""Whole numbers in English words, as the quantity of a controlled drug is written."""

MOST = 9999
_SMALL = (
    *("nought", "one", "two", "three", "four", "five", "six", "seven", "eight"),
    *("nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen"),
    *("sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = (
    *("", "", "twenty", "thirty", "forty", "fifty"),
    *("sixty", "seventy", "eighty", "ninety"),
)
_HUNDRED, _THOUSAND = 100, 1000


def in_words(number: int) -> str:
    """As in "one hundred and twelve"; up to 9,999."""
    if number < len(_SMALL):
        return _SMALL[number]
    if number < _HUNDRED:
        tens, rest = divmod(number, 10)
        return _TENS[tens] + (f"-{_SMALL[rest]}" if rest else "")
    if number < _THOUSAND:
        return _joined(*divmod(number, _HUNDRED), "hundred", "and ")
    thousands, rest = divmod(number, _THOUSAND)
    return _joined(thousands, rest, "thousand", "and " if rest < _HUNDRED else "")


def _joined(many: int, rest: int, unit: str, before: str) -> str:
    said = f"{in_words(many)} {unit}"
    return f"{said} {before}{in_words(rest)}" if rest else said
