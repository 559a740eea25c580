# SPDX-License-Identifier: Apache-2.0
"""Where to go after signing in: a path of ours, never an address of somebody else."""

from urllib.parse import quote, urlsplit

FIRST_PAGE = "/"
_LONGEST = 512
_APPS_REQUESTS = ("/oauth/authorize?", "/find?for=/oauth/authorize")
_LONGEST_OF_APPS = 6_000
"""An app's authorization request comes back whole."""


def safe_return_path(wanted: str) -> str:
    r"""The wanted path if it is plainly one of ours, else the first page.

    `//evil.example`, `/\evil.example` and paths with control characters are read by
    browsers as other hosts (open redirect, CWE-601).
    """
    is_of_app = wanted.startswith(_APPS_REQUESTS)
    is_plain = (
        len(wanted) <= (_LONGEST_OF_APPS if is_of_app else _LONGEST)
        and wanted.startswith("/")
        and not wanted.startswith("//")
        and "\\" not in wanted
        and wanted.isprintable()
        and wanted.isascii()
        and " " not in wanted
    )
    if not is_plain:
        return FIRST_PAGE
    parts = urlsplit(wanted)
    return FIRST_PAGE if parts.scheme or parts.netloc else wanted


def sign_in_path(wanted: str, *, has_ended: bool) -> str:
    """The sign-in page that leads back to `wanted`."""
    query = []
    if has_ended:
        query.append("ended=yes")
    if safe_return_path(wanted) != FIRST_PAGE:
        query.append(f"next={quote(wanted, safe='/')}")
    return "/sign-in" + ("?" + "&".join(query) if query else "")
