# SPDX-License-Identifier: Apache-2.0
"""The act by which a second person has something destroyed for good."""

from typing import TypeAlias

from wardkeep.disclosure.message import Message


class DestroyRecord(Message, frozen=True):
    """The second person's yes to an erasure: it is destroyed before the answer."""

    erasure: str


ErasingAct: TypeAlias = DestroyRecord
