# SPDX-License-Identifier: Apache-2.0
"""The headers that every answer carries, and those that pages carry besides."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from wardkeep.web.site import Site

RawHeaders = Sequence[tuple[bytes, bytes]]

_POLICIES = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    # No script of ours turns text into code, so no policy may be made either.
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
)
CONTENT_SECURITY_POLICY = "; ".join(_POLICIES)


def starting_a_worker(policy: str) -> dict[str, str]:
    """Headers of a page that starts a worker: to name its script takes a policy."""
    words = CONTENT_SECURITY_POLICY.replace(
        "trusted-types 'none'", f"trusted-types {policy}"
    )
    return {"Content-Security-Policy": words}


_PERMISSIONS = (
    "publickey-credentials-get=(self)",
    "publickey-credentials-create=(self)",
    "camera=()",
    "display-capture=()",
    "geolocation=()",
    "microphone=()",
    "payment=()",
    "usb=()",
)
_TWO_YEARS_SECONDS = 63_072_000


def for_every_answer(site: Site) -> tuple[tuple[bytes, bytes], ...]:
    """What FHIR answers and pages have in common."""
    headers = {
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if site.is_secure:
        headers["Strict-Transport-Security"] = f"max-age={_TWO_YEARS_SECONDS}"
    return _raw(headers.items())


def for_pages(site: Site) -> tuple[tuple[bytes, bytes], ...]:
    """What keeps a page alone in its window and its scripts our own."""
    headers = {
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": ", ".join(_PERMISSIONS),
        "X-Frame-Options": "DENY",
    }
    return for_every_answer(site) + _raw(headers.items())


def completed(
    given: Iterable[tuple[bytes, bytes]], ours: RawHeaders
) -> list[tuple[bytes, bytes]]:
    """The answer's headers with ours where it does not say otherwise."""
    headers = [(name.lower(), value) for name, value in given]
    given_names = frozenset([name for name, _ in headers])
    return [*headers, *_missing(tuple(ours), given_names)]


@lru_cache(maxsize=256)
def _missing(
    ours: tuple[tuple[bytes, bytes], ...], given: frozenset[bytes]
) -> tuple[tuple[bytes, bytes], ...]:
    """Remembered: our own answers have a dozen sets of names."""
    return tuple([header for header in ours if header[0] not in given])


def _raw(headers: Iterable[tuple[str, str]]) -> tuple[tuple[bytes, bytes], ...]:
    return tuple([(name.lower().encode(), value.encode()) for name, value in headers])
