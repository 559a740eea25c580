# SPDX-License-Identifier: Apache-2.0
"""What the warden's process hands over to whoever puts the warden together."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.base.note_keys import NoteKey
from wardkeep.ledger.log import Ledger
from wardkeep.warden.clock_steps import ClockMark
from wardkeep.warden.resealing import TypeName
from wardkeep.warden.root_key_ring import RootKeyRing
from wardkeep.warden.service.rotating import KeyFile


class WardenParts(msgspec.Struct, frozen=True, kw_only=True):
    """What a warden needs besides its database."""

    root_key: RootKeyRing
    ledger: Ledger
    signing_key_file: KeyFile
    """Where the ledger's signing key is kept."""
    ledger_name: str
    origin: str
    """The public origin; passkeys are bound to it."""
    type_name: TypeName
    clock: Clock
    clock_mark: ClockMark
    """Where the clock's hands stood; made before anything is counted."""
    incidents_folder: Path
    """Where declared incidents are kept."""
    witnesses: Sequence[tuple[NoteKey, str]] = ()
    """Who co-signs the ledger's checkpoints, and where they are asked."""
