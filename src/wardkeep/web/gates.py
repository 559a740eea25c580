# SPDX-License-Identifier: Apache-2.0
"""The gates: who may see a page. Every page has one; these are all there are."""

from typing import ClassVar

import msgspec

PATIENT = "patient"


class SignedInGate(msgspec.Struct, frozen=True):
    """Somebody with a live session, in one of the roles; no roles: whoever works here.

    Patients pass no gate that does not name them: a page for staff is none for them.
    """

    roles: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset({PATIENT})
    """Roles that it does not admit."""

    def only(self, *roles: str) -> "SignedInGate":
        """The same gate for some roles alone, as in `Gate.SIGNED_IN.only("doctor")`."""
        return SignedInGate(frozenset(roles), frozenset())

    def but(self, *roles: str) -> "SignedInGate":
        """The same gate for everybody else."""
        return SignedInGate(self.roles, self.others | set(roles))

    def admits(self, role: str) -> bool:
        return (not self.roles or role in self.roles) and role not in self.others


class PublicGate(msgspec.Struct, frozen=True, kw_only=True):
    """Anybody; `why` says what makes that safe."""

    name: str
    why: str


class Gate:
    """What `gate=` may be. A new public gate is added here, where it is reviewed."""

    SIGNED_IN: ClassVar[SignedInGate] = SignedInGate()
    ANYBODY_SIGNED_IN: ClassVar[SignedInGate] = SignedInGate(others=frozenset())
    """Patients as well: for what concerns one's own account."""
    SIGN_IN: ClassVar[PublicGate] = PublicGate(
        name="sign-in",
        why="Who signs in is not signed in yet. The warden verifies the passkey,"
        " or what an identity provider says; the pages show nothing of anybody.",
    )
    INVITATION: ClassVar[PublicGate] = PublicGate(
        name="invitation",
        why="Who was invited has no passkey yet. The link's secret, which the warden"
        " checks, stands for the person, once.",
    )
    WAKE: ClassVar[PublicGate] = PublicGate(
        name="wake",
        why="A session that sleeps opens nothing. The page names nobody; the warden"
        " wakes the session only for a passkey of its own account.",
    )
    KIOSK: ClassVar[PublicGate] = PublicGate(
        name="kiosk",
        why="A shared device has no person's session. What it asks for takes its own"
        " key, and no answer names anybody.",
    )
    SCREEN: ClassVar[PublicGate] = PublicGate(
        name="screen",
        why="A waiting room's screen has no person's session. What it shows takes its"
        " own secret, and is numbers, rooms, and what is sealed for its own key.",
    )
    CHECK_IN: ClassVar[PublicGate] = PublicGate(
        name="check-in",
        why="Who checks in has no account. A ticket, which the warden gives for facts"
        " about one person, or a link's secret stands for them, for minutes.",
    )
    CAR_LIST: ClassVar[PublicGate] = PublicGate(
        name="car-list",
        why="A phone that comes out of a valley has no session any more. It shows the"
        " warden's own voucher, and is told in a word whether its list is to stay.",
    )
    HEALTH: ClassVar[PublicGate] = PublicGate(
        name="health",
        why="Probes have no session. The answer is one word and names nobody.",
    )


PUBLIC_GATES = (
    *(Gate.SIGN_IN, Gate.INVITATION, Gate.WAKE),
    *(Gate.KIOSK, Gate.SCREEN, Gate.CHECK_IN, Gate.CAR_LIST, Gate.HEALTH),
)
AnyGate = SignedInGate | PublicGate
