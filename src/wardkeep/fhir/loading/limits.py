# SPDX-License-Identifier: Apache-2.0
"""How much of a file is read before it is refused."""

import msgspec

MIB = 1024 * 1024


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one import; every one is checked before the memory is taken."""

    document_bytes: int = 256 * MIB
    """Of one unpacked file; a patient of a whole lifetime has about 10 MiB."""
    archive_bytes: int = 16 * 1024 * MIB
    """Of all the files in one .zip together."""
    archive_files: int = 100_000
    archive_ratio: int = 500
    """Unpacked to packed, of a file in a .zip larger than a MiB (a "zip bomb")."""
    resource_bytes: int = 32 * MIB
    resources: int = 500_000
    """In one document."""
