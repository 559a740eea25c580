# SPDX-License-Identifier: Apache-2.0
"""What every factor says of itself, and how it refuses."""

import msgspec


class Factor(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of proof."""

    name: str
    is_phishing_resistant: bool
    """NIST SP 800-63B-4 section 3.2.5: bound to the verifier's name or channel."""


class FactorRefused(msgspec.Struct, frozen=True, kw_only=True):
    """No: the code is for the log, and people are told the same for every code."""

    code: str
