# SPDX-License-Identifier: Apache-2.0
"""Which requests count as made by our own pages."""

import pytest
from hypothesis import given, strategies as st

from wardkeep.web.same_origin import Provenance, is_allowed

ORIGIN = "https://records.example.org"
SITES = ("same-origin", "same-site", "cross-site", "none", "nonsense", None)
CHANGING = ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE")


@pytest.mark.parametrize("method", CHANGING)
def test_a_change_asked_by_our_own_page_goes_on(method: str) -> None:
    said = Provenance(site="same-origin", origin=ORIGIN)
    assert is_allowed(method, said, origin=ORIGIN)
    assert is_allowed(method, Provenance(site="same-origin"), origin=ORIGIN)


@pytest.mark.parametrize("method", CHANGING)
@pytest.mark.parametrize("site", [site for site in SITES if site != "same-origin"])
def test_a_change_asked_by_anything_else_is_refused(
    method: str, site: str | None
) -> None:
    said = Provenance(site=site, mode="navigate", dest="document")
    assert not is_allowed(method, said, origin=ORIGIN)


def test_a_page_that_sends_no_referer_may_still_send_its_forms() -> None:
    said = Provenance(site="same-origin", origin="null")
    assert is_allowed("POST", said, origin=ORIGIN)


def test_a_change_without_fetch_metadata_needs_our_origin() -> None:
    assert is_allowed("POST", Provenance(origin=ORIGIN), origin=ORIGIN)
    for other in ("https://evil.example", "null", ORIGIN + ".evil.example", ""):
        assert not is_allowed("POST", Provenance(origin=other), origin=ORIGIN)


def test_a_change_of_which_the_browser_says_nothing_is_refused() -> None:
    assert not is_allowed("POST", Provenance(), origin=ORIGIN)


def test_two_contradicting_headers_are_refused() -> None:
    said = Provenance(site="same-origin", origin="https://evil.example")
    assert not is_allowed("POST", said, origin=ORIGIN)


def test_a_link_on_another_page_may_open_ours() -> None:
    said = Provenance(site="cross-site", mode="navigate", dest="document")
    assert is_allowed("GET", said, origin=ORIGIN)


@pytest.mark.parametrize("dest", ["iframe", "embed", "object", "image", "script"])
def test_another_page_may_not_frame_or_load_ours(dest: str) -> None:
    for mode in ("navigate", "no-cors", "cors"):
        said = Provenance(site="cross-site", mode=mode, dest=dest)
        assert not is_allowed("GET", said, origin=ORIGIN)


@given(
    method=st.sampled_from(CHANGING),
    site=st.sampled_from(SITES),
    mode=st.sampled_from(["navigate", "cors", None]),
    origin=st.sampled_from([ORIGIN, "null", "https://evil.example", None]),
)
def test_no_change_goes_on_unless_site_or_origin_is_ours(
    method: str, site: str | None, mode: str | None, origin: str | None
) -> None:
    said = Provenance(site=site, mode=mode, origin=origin)
    if is_allowed(method, said, origin=ORIGIN):
        assert site == "same-origin" or (site is None and origin == ORIGIN)
