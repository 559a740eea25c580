# SPDX-License-Identifier: Apache-2.0
"""Resource ids that are the same on every machine and every day."""

import hashlib


def stable_id(*labels: str | int) -> str:
    """A UUID (version 8, RFC 9562 section 5.8) made from the labels alone."""
    digest = hashlib.sha256("/".join(map(str, labels)).encode()).hexdigest()
    return (
        f"{digest[:8]}-{digest[8:12]}-8{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"
    )
