# SPDX-License-Identifier: Apache-2.0
"""How much a dose for some days comes to: a proposal, which nobody has to take.

Only where a dose is counted in what is supplied: how many puffs are in an inhaler the
formulary does not know. Of what is taken when needed it is the most that can be.
"""

from decimal import ROUND_CEILING, Decimal

from wardkeep.fhir.prescriptions.prescription import FREQUENCIES

_HOURS_A_DAY = 24


def reckoned(
    *, dose: Decimal, often: str, days: int, unit: str, supplied: str
) -> int | None:
    """In what is supplied, rounded up to a whole one; None where it is not known."""
    if not _is_same(unit, supplied) or often not in FREQUENCIES:
        return None
    every = FREQUENCIES[often]
    if not every.period:
        times = Decimal(every.frequency)
    elif every.unit == "h":
        times = Decimal(every.frequency * _HOURS_A_DAY * days) / every.period
    else:
        # A dose of the week that a course begins is taken whole.
        periods = (Decimal(days) / every.period).to_integral_value(ROUND_CEILING)
        times = every.frequency * periods
    return int((dose * times).to_integral_value(ROUND_CEILING))


def _is_same(unit: str, supplied: str) -> bool:
    """Whether both count the same: tablet and tablets, ml and ml."""
    one, many = unit.casefold().strip(), supplied.casefold().strip()
    return bool(one) and many in (one, f"{one}s", f"{one}es")
