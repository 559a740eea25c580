# SPDX-License-Identifier: Apache-2.0
"""An app that was let into one patient's record opens no other's.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html: `patient/`
scopes are about the patient in context. Held here, because the web process may be
taken over; what is asked must be named, or no scope could be held against it.
"""

from wardkeep.warden.rules.opening import Explained, Opening, Refused

_REFUSED = Refused(
    code="another-patient",
    why="What asks was let into another patient's record, and into no other.",
    mend="Open it anew for this patient.",
)
EXPLAINS = (
    Explained(
        code="another-patient",
        because="An app, or a ticket of who checks in, asked for another patient than"
        " the one it was given for.",
        would_allow="Opening it anew for that patient.",
    ),
)


def patient_is_chosen(opening: Opening) -> Refused | None:
    return None if opening.is_within_consent else _REFUSED
