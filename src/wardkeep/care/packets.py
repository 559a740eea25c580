# SPDX-License-Identifier: Apache-2.0
"""The expiry of a packet, as it is copied from it: a month and a year."""

from datetime import date

from wardkeep.web.forms import Form


def read_expiry(form: Form, today: date) -> str:
    """As `2028-08`; empty, with the problem in the form, where it is wrong or past.

    A packet is used up to the end of the month that it names.
    """
    month = form.optional_text("expires-month", called="the month", at_most=2)
    year = form.optional_text("expires-year", called="the year", at_most=4)
    try:
        first = date(int(year), int(month), 1)
    except ValueError:
        form.reject(
            "expires-month",
            wrong="The month and year of expiry cannot be read",
            mend="Copy both from the packet, as in 8 2028.",
        )
        return ""
    if (first.year, first.month) < (today.year, today.month):
        form.reject(
            "expires-month",
            wrong="That packet has expired",
            mend="Take another packet, and put this one where it is destroyed.",
        )
        return ""
    return f"{first:%Y-%m}"
