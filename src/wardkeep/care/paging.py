# SPDX-License-Identifier: Apache-2.0
"""Which page of a long list is asked for."""

from wardkeep.web.visit import Visit

_DIGITS = 2


def page_asked(visit: Visit) -> int:
    """The number in the address, from 0; 0 where it is none."""
    asked = visit.query("page")
    is_one = asked.isascii() and asked.isdecimal() and len(asked) <= _DIGITS
    return int(asked) if is_one else 0
