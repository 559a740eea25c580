# SPDX-License-Identifier: Apache-2.0
"""The name that a person gives a passkey, tidied."""

import unicodedata

LONGEST_NAME = 60


def passkey_name(typed: str, *, device: str) -> str:
    """The name as typed, on one line and not too long; the device's where empty."""
    letters = unicodedata.normalize("NFC", typed)[: 4 * LONGEST_NAME]
    shown = "".join([letter if letter.isprintable() else " " for letter in letters])
    name = " ".join(shown.split())[:LONGEST_NAME].rstrip()
    return name or device[:LONGEST_NAME]
