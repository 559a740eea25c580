# SPDX-License-Identifier: Apache-2.0
"""Who works in a clinic, at its desk or in its rooms."""

from wardkeep.web.gates import Gate

CLINICIANS = frozenset(
    {
        *("doctor", "ward_nurse", "urgent_care_clinician", "hospice_nurse"),
        *("crisis_worker", "community_coordinator"),
    }
)
CLINIC = Gate.SIGNED_IN.only("receptionist", "shift_lead", *CLINICIANS)
"""The desk; clinicians check somebody in too, when nobody sits there."""
ROOMS = Gate.SIGNED_IN.only(*CLINICIANS)
"""Who calls and sees people; the door decides about the record all the same."""
