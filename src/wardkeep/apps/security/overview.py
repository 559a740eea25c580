# SPDX-License-Identifier: Apache-2.0
"""The security desk: what is frozen now, and what waits to be looked at.

Done means: a privacy officer sees at a look what needs her today, and decides an item
in half a minute; a shift lead at night releases whom a budget stopped. Rejected:
a list of everything unusual (nobody reads hundreds of alerts), and mails about it.
"""

from starlette.responses import Response

from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.containment import (
    VERDICTS,
    AlarmView,
    Containment,
    ReadContainment,
)
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

LOOKERS = Gate.SIGNED_IN.only("privacy_officer", "administrator", "shift_lead")
DECIDERS = Gate.SIGNED_IN.only("privacy_officer", "administrator")
KINDS = {
    "glass-broken": "Glass was broken",
    "glass-again": "Glass was broken again and again",
    "soft-limit": "More openings than usual",
    "frozen": "An account was frozen",
    "searching": "Searches without opening",
    "slow": "Many strangers over weeks",
    "breaker": "The circuit breaker tripped",
    "canary": "Somebody opened a record of nobody",
    "prints": "More prints than the role makes",
    "sendings": "More went along with referrals than the role sends",
    "copy-made": "A copy of a record was signed for",
    "questioned": "A patient asks about an opening",
    "ledger-changed": "The ledger is not as it was written",
    "clock-set": "The clock of the system was moved",
    "incident": "An incident was declared that touches your patients",
    "letters": "Addresses were opened for letters about an incident",
    "two-stories": "The ledger is not the one that a witness saw",
}
_HOUR = 3_600 * 1_000_000


async def containment_of(visit: Visit) -> Containment | Refusal:
    return await visit.warden.ask(ReadContainment(visit.token), Containment)


@page("/security", gate=LOOKERS)
async def show_security(visit: Visit) -> Response:
    found = await containment_of(visit)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    return visit.render(
        "security/desk.html",
        frozen=[one for one in found.freezes if not one.released_at],
        released=[one for one in found.freezes if one.released_at],
        waiting=[one for one in found.alarms if not one.reviewed_at],
        reviewed=[one for one in found.alarms if one.reviewed_at],
        kinds=KINDS,
        verdicts=VERDICTS,
        may_decide=found.may_decide,
        is_officer=visit.session.role == "privacy_officer",
        hours_left={one.id: hours_left(visit, one) for one in found.alarms},
        notice=_NOTICES.get(visit.query("said"), ""),
    )


def hours_left(visit: Visit, alarm: AlarmView) -> int:
    """Until it should have been looked at; 0: it is late."""
    now = int(visit.clock.now().timestamp() * 1_000_000)
    return max(0, (alarm.due_at - now) // _HOUR)


_NOTICES = {
    "frozen": "It is frozen. It holds now, everywhere.",
    "released": "It is released.",
    "reviewed": "Noted.",
}
