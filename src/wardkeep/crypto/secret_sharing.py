# SPDX-License-Identifier: Apache-2.0
"""Shamir's secret sharing over GF(256), as SLIP-0039 lays it down.

https://github.com/satoshilabs/slips/blob/master/slip-0039.md. Any `threshold` shares
give the secret back, and fewer say nothing about it: every secret fits them equally
well. The tables are looked up by secret bytes, so do this where nobody can measure:
at a ceremony, not in a server.
"""

import hashlib
import hmac
import os
from collections.abc import Mapping

DIGEST_BYTES = 4
MOST_SHARES = 16
_SECRET_AT, _DIGEST_AT = 255, 254
_POLYNOMIAL = 0x11B
_GENERATOR = 3


class SharesDoNotFitError(Exception):
    """These shares give no secret: one is wrong, or they are of different secrets."""


def _tables() -> tuple[list[int], list[int]]:
    exponents, logarithms, value = [0] * 255, [0] * 256, 1
    for power in range(255):
        exponents[power], logarithms[value] = value, power
        doubled = value << 1
        value ^= doubled ^ (_POLYNOMIAL if doubled > 255 else 0)  # noqa: PLR2004 - a byte
    return exponents, logarithms


_EXPONENTS, _LOGARITHMS = _tables()


def interpolate(points: Mapping[int, bytes], at: int) -> bytes:
    """The value at `at` of the polynomial through all points (Lagrange)."""
    if at in points:
        return points[at]
    log_product = sum(_LOGARITHMS[x ^ at] for x in points)
    result = bytearray(len(next(iter(points.values()))))
    for x, values in points.items():
        others = sum(_LOGARITHMS[x ^ other] for other in points if other != x)
        basis = (log_product - _LOGARITHMS[x ^ at] - others) % 255
        for place, value in enumerate(values):
            if value:
                result[place] ^= _EXPONENTS[(_LOGARITHMS[value] + basis) % 255]
    return bytes(result)


def split_secret(secret: bytes, *, shares: int, threshold: int) -> list[bytes]:
    """Shares of a secret of 16 bytes or more, by their index.

    Raises:
        ValueError: not 1 <= threshold <= shares <= 16.
    """
    if not 1 <= threshold <= shares <= MOST_SHARES:
        message = f"from 1 to {MOST_SHARES} shares, and no more needed than there are"
        raise ValueError(message)
    if threshold == 1:
        return [secret] * shares
    points = {index: os.urandom(len(secret)) for index in range(threshold - 2)}
    random = os.urandom(len(secret) - DIGEST_BYTES)
    points[_DIGEST_AT] = _digest(random, secret) + random
    points[_SECRET_AT] = secret
    return [interpolate(points, index) for index in range(shares)]


def join_shares(shares: Mapping[int, bytes], *, threshold: int) -> bytes:
    """The secret, from exactly as many shares as are needed, by their index.

    Raises:
        SharesDoNotFitError: it is not the secret that was split; fewer give the same.
    """
    if len(shares) != threshold:
        raise SharesDoNotFitError
    if threshold == 1:
        return next(iter(shares.values()))
    secret = interpolate(shares, _SECRET_AT)
    found = interpolate(shares, _DIGEST_AT)
    digest = _digest(found[DIGEST_BYTES:], secret)
    if not hmac.compare_digest(found[:DIGEST_BYTES], digest):
        raise SharesDoNotFitError
    return secret


def _digest(random: bytes, secret: bytes) -> bytes:
    return hmac.new(random, secret, hashlib.sha256).digest()[:DIGEST_BYTES]
