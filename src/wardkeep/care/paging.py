# SPDX-License-Identifier: Apache-2.0
"""Which page of a long list is asked for."""

from wardkeep.web.visit import Visit

_DIGITS = 2


def page_asked(visit: Visit) -> int:
    """The number in the address, from 0; 0 where it is none."""
    return page_number(visit.query("page"))


def page_number(asked: str) -> int:
    """The same, of a part of a page that is brought up to date by itself."""
    is_one = asked.isascii() and asked.isdecimal() and len(asked) <= _DIGITS
    return int(asked) if is_one else 0
