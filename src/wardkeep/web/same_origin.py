# SPDX-License-Identifier: Apache-2.0
"""Whether a request was made by our own pages: Fetch Metadata, else the Origin.

The browser says itself who caused a request, and no page can change that header
(https://www.w3.org/TR/fetch-metadata/). OWASP's cross-site request forgery sheet
lists it as a complete defence beside tokens; there is no token that a form can forget.
"""

import msgspec

SAFE_METHODS = frozenset({"GET", "HEAD"})
_HIDDEN = "null"
"""The Origin of a form on a page that sends no Referer (Fetch, 3.1)."""
_TYPED_OR_OURS = frozenset({"same-origin", "none"})


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """What the browser says of where a request comes from; None: it does not say."""

    site: str | None = None
    mode: str | None = None
    dest: str | None = None
    origin: str | None = None


def is_allowed(method: str, said: Provenance, *, origin: str) -> bool:
    """Whether the request may go on.

    A request that changes something must come from our own pages; where the browser
    says nothing at all, it is refused. A request that reads may be a link on somebody
    else's page, but never a frame, picture or script there.
    """
    if method in SAFE_METHODS:
        return said.site is None or said.site in _TYPED_OR_OURS or _is_link(said)
    if said.site is not None:
        return said.site == "same-origin" and said.origin in (None, _HIDDEN, origin)
    return said.origin == origin


def _is_link(said: Provenance) -> bool:
    return said.mode == "navigate" and said.dest in (None, "document")
