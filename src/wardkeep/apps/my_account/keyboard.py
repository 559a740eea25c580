# SPDX-License-Identifier: Apache-2.0
"""How to use Wardkeep by the keyboard: every shortcut on one page, without a script."""

from starlette.responses import Response

from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

PLACES = {
    "m": ("/caseload", "My patients"),
    "f": ("/find", "Find a patient"),
    "h": ("/handover", "Handover"),
    "k": ("/tasks", "Tasks"),
    "e": ("/messages", "Messages"),
    "l": ("/letters", "Letters to approve"),
    "q": ("/urgent-queue", "Urgent care queue"),
    "v": ("/home-visits", "Home visits"),
    "c": ("/calls", "Calls"),
}
"""After `g`, from anywhere; those that the visitor has."""
SECTIONS = {
    "s": "Summary",
    "p": "Problems",
    "d": "Medicines",
    "a": "Allergies and alerts",
    "o": "Observations",
    "r": "Results",
    "t": "Timeline",
}
"""After `g`, within a record."""
EVERYWHERE = (
    ("Tab, Shift and Tab", "To the next link, field or button, and back"),
    ("Tab, then Enter, first of all", "Skip to the page’s own content"),
    ("Enter", "Press the button or follow the link that has the yellow frame"),
    ("Space", "Tick a box, press a button"),
    ("Escape", "Close a menu, a message, or a way in that is shown"),
    ("Ctrl, Alt and L", "Lock this screen"),
    ("?", "Show the shortcuts; there they are switched off, too"),
)
HERE_AND_THERE = (
    (
        "My patients",
        "Enter in Narrow",
        "Go to the first who is left",
    ),
    ("My patients", "Escape in Narrow", "Show everybody again"),
    ("A note", "Ctrl and Enter", "Sign it"),
    ("A letter to approve", "Ctrl and Enter", "Approve it, and show the next"),
)


@page("/keyboard", gate=Gate.ANYBODY_SIGNED_IN)
async def show_keyboard(visit: Visit) -> Response:
    mine = {place.path for place in visit.places}
    return visit.render(
        "my_account/keyboard.html",
        everywhere=EVERYWHERE,
        places=[(key, words) for key, (to, words) in PLACES.items() if to in mine],
        sections=[] if visit.session.role == "patient" else tuple(SECTIONS.items()),
        here_and_there=[] if visit.session.role == "patient" else HERE_AND_THERE,
    )
