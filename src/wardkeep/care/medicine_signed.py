# SPDX-License-Identifier: Apache-2.0
"""Whether what a page is about was signed for with this session's passkey."""

from wardkeep.disclosure.medicine_signing import (
    ReadSignedMedicine,
    SignedMedicineView,
    SignMedicine,
)
from wardkeep.web.visit import Visit


async def is_signed(visit: Visit, act: SignMedicine) -> bool:
    """Whether the warden holds a signature for exactly this, as it stands now."""
    signed = await visit.warden.ask(
        ReadSignedMedicine(visit.token, act.id), SignedMedicineView
    )
    return isinstance(signed, SignedMedicineView) and signed.act == act
