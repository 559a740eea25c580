# SPDX-License-Identifier: Apache-2.0
"""Messages about keys, for the operator: which are in use, and replacing them."""

from typing import TypeAlias

import msgspec

from wardkeep.disclosure.message import Message

ROOT, ORGANISATION, LEDGER, PATIENT = "root", "organisation", "ledger", "patient"
TOKENS = "tokens"
LEVELS = (ROOT, ORGANISATION, LEDGER, PATIENT, TOKENS)


class AskKeys(Message, frozen=True):
    """Which root key is in use, whether it answers, and how far rotations are."""


class RotateKey(Message, frozen=True):
    """Replace a key while everything goes on.

    Gives the rotation's id; of the ledger's signing key, which is through at once, the
    new public key.
    """

    level: str
    """One of `LEVELS`."""
    organisation: str = ""
    """The short name; of an organisation's key, its patients' and its tokens' alone."""
    to: str = ""
    """The new root key's address; empty: a new one of the same kind."""
    secret: str = ""
    """The passphrase or PIN that the new root key asks for."""
    keeps_older: bool = False
    """Whether the old root key is left where it is."""
    patient: str = ""
    """FHIR id of whose data keys; empty: of every patient of the organisation."""


class ResumeRotation(Message, frozen=True):
    """Go on now with what waits for something that was away."""


class NoteSplit(Message, frozen=True):
    """Write down that the root key is about to be put on paper."""

    shares: int
    threshold: int


class RotationView(msgspec.Struct, frozen=True, array_like=True):
    """A rotation that is under way, or the last of its kind."""

    id: str
    level: str
    organisation: str
    began_at: int
    """UTC microseconds since 1970."""
    rewrapped: int
    done: int
    """Of `total`, in the pass that goes on now."""
    total: int
    state: str
    """In words: what it does, or what it waits for."""
    is_finished: bool = False
    unreadable: int = 0
    """What opened neither by the old key nor by the new one."""
    patient: str = ""
    """Whose data keys; empty: everybody's, or another level."""


class Keys(Message, frozen=True):
    """The keys of this installation, in words."""

    root_key: str
    older_root_key: str
    fault: str
    """Why the root key does not answer, and the mend; empty: it does."""
    rotations: tuple[RotationView, ...] = ()
    behind: tuple[str, ...] = ()
    """Organisations of whom the database has data keys that were destroyed once: a
    backup was restored, or somebody put them back."""
    back: tuple[tuple[str, str], ...] = ()
    """The same of other keys that are in use, as (organisation, level)."""


KeyQuestion: TypeAlias = AskKeys | RotateKey | ResumeRotation | NoteSplit
KeyAnswer: TypeAlias = Keys
