# SPDX-License-Identifier: Apache-2.0
"""The software authenticator, and which one each session of the tests began with."""

from wardkeep.crypto.software_authenticator import (
    SoftwareAuthenticator,
    decoded,
    encoded,
)

__all__ = ["KEYS", "SoftwareAuthenticator", "decoded", "encoded"]

KEYS: dict[str, SoftwareAuthenticator] = {}
"""The authenticator with which each session of the tests began, by its token."""
