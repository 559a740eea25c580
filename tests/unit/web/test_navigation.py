# SPDX-License-Identifier: Apache-2.0
"""The row of places: nothing is lost, it fits, and where one is is marked."""

from hypothesis import given, strategies as st

from wardkeep.web.navigation import (
    _MORE_WIDTH,
    _ROW_WIDTH,
    Link,
    _width,
    navigation_at,
)

WORDS = st.text("abcdefghij ", min_size=1, max_size=40)


def links(*words: str) -> tuple[Link, ...]:
    return tuple(Link(words=one, path=f"/{n}") for n, one in enumerate(words))


@given(st.lists(WORDS, max_size=40))
def test_every_place_is_there_once_in_its_order_and_the_row_fits(
    words: list[str],
) -> None:
    shown = navigation_at("/", links(*words))
    assert [one.words for one in shown.all] == words
    more = _MORE_WIDTH if shown.more else 0
    assert _width(shown.row) + more <= _ROW_WIDTH


def test_what_fits_does_not_stand_behind_more() -> None:
    assert navigation_at("/", links("Tasks", "Letters")).more == ()
    many = navigation_at("/", links(*["Questionnaires"] * 30))
    assert many.row
    assert many.more


def test_the_page_itself_is_marked_and_so_is_the_place_that_it_belongs_to() -> None:
    places = links("Clinics", "Notes")
    assert [one.current for one in navigation_at("/0", places).all] == ["page", ""]
    assert [one.current for one in navigation_at("/0/7", places).all] == ["true", ""]
    assert [one.current for one in navigation_at("/01", places).all] == ["", ""]
