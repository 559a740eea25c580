# SPDX-License-Identifier: Apache-2.0
"""Somebody as a FHIR Reference names them."""

import msgspec


class Person(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who wrote or approved something; either may be empty."""

    reference: str = ""
    display: str = ""
