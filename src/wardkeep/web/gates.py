# SPDX-License-Identifier: Apache-2.0
"""The gates: who may see a page. Every page has one; these are all there are."""

from typing import ClassVar

import msgspec


class SignedInGate(msgspec.Struct, frozen=True):
    """Somebody with a live session, in one of the roles; no roles: in any."""

    roles: frozenset[str] = frozenset()

    def only(self, *roles: str) -> "SignedInGate":
        """The same gate for some roles alone, as in `Gate.SIGNED_IN.only("doctor")`."""
        return SignedInGate(frozenset(roles))

    def admits(self, role: str) -> bool:
        return not self.roles or role in self.roles


class PublicGate(msgspec.Struct, frozen=True, kw_only=True):
    """Anybody; `why` says what makes that safe."""

    name: str
    why: str


class Gate:
    """What `gate=` may be. A new public gate is added here, where it is reviewed."""

    SIGNED_IN: ClassVar[SignedInGate] = SignedInGate()
    SIGN_IN: ClassVar[PublicGate] = PublicGate(
        name="sign-in",
        why="Who signs in is not signed in yet. The warden verifies the passkey; the"
        " page shows nothing of anybody.",
    )
    INVITATION: ClassVar[PublicGate] = PublicGate(
        name="invitation",
        why="Who was invited has no passkey yet. The link's secret, which the warden"
        " checks, stands for the person, once.",
    )
    HEALTH: ClassVar[PublicGate] = PublicGate(
        name="health",
        why="Probes have no session. The answer is one word and names nobody.",
    )


PUBLIC_GATES = (Gate.SIGN_IN, Gate.INVITATION, Gate.HEALTH)
AnyGate = SignedInGate | PublicGate
