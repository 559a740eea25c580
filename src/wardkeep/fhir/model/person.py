# SPDX-License-Identifier: Apache-2.0
"""Somebody as a FHIR Reference names them."""

import msgspec


class Person(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who wrote, signed or is asked for something; either may be empty."""

    reference: str = ""
    display: str = ""

    @property
    def words(self) -> str:
        return self.display or self.reference or "Somebody who is not named"
