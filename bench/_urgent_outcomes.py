# SPDX-License-Identifier: Apache-2.0
"""What calls come to, drawn as it was published and where that is silent supposed."""

from wardkeep.assembly.demo.chance import Chance

COMES_TO = {
    "ambulance-1": 2,
    "ambulance-2": 5,
    "ambulance-3": 3,
    "ambulance-4": 1,
    "emergency-department-1h": 8,
    "clinician-now": 3,
    "clinician-1h": 12,
    "clinician-2h": 10,
    "clinician-6h": 6,
    "paediatric-1h": 4,
    "dental-2h": 5,
    "mental-health-1h": 3,
    "pharmacist-2h": 4,
    "prescription-next-day": 2,
    "base-2h": 5,
    "base-6h": 5,
    "visit-2h": 3,
    "own-surgery-24h": 8,
    "pharmacy": 3,
    "self-care": 8,
}
"""Of a hundred calls: ambulance 10 or 11, emergency department 8 or 9, primary care 61
to 63, none 15, as published of 2014-15; how primary care is shared is supposed."""
_REQUEST, _NO_REQUEST = "prescription-next-day", "clinician-2h"
_DRAWN = [code for code, many in COMES_TO.items() for _ in range(many)]


def comes_to(chance: Chance, *, has_requests: bool) -> str:
    """A disposition; where nobody prescribes, nobody asks for a medicine either."""
    code = chance.pick(_DRAWN)
    return _NO_REQUEST if code == _REQUEST and not has_requests else code
