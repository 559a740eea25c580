# SPDX-License-Identifier: Apache-2.0
"""A moment as FHIR writes it, read in one way wherever one is read.

https://hl7.org/fhir/R4/datatypes.html#instant. What is a day alone, or says no offset,
is no moment: nothing that was measured to the second can be compared with it.
"""

from datetime import UTC, datetime


def moment_in(said: object) -> datetime | None:
    """An instant or dateTime with its offset, in UTC; None where it is none.

    What lies beside the calendar once it is in UTC is none either.
    """
    if not isinstance(said, str):
        return None
    try:
        found = datetime.fromisoformat(said)
        return None if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def moment_told(said: object) -> datetime:
    """The same, where what is read is nothing without it.

    Raises:
        ValueError: it is none.
    """
    found = moment_in(said)
    if found is None:
        message = "it says no moment"
        raise ValueError(message)
    return found
