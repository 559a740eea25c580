# SPDX-License-Identifier: Apache-2.0
"""Parts of pages as trees: what a script may put into a page, and nothing that runs."""

import pytest
from markupsafe import Markup

from wardkeep.web.parts import PartIsWrongError, tree_of


def test_elements_attributes_and_words_are_kept_in_their_order() -> None:
    found = tree_of('<p class="a" hidden>0 &lt; 1<br>next</p> end')
    assert found == [
        ["p", {"class": "a", "hidden": ""}, "0 < 1", ["br", {}], "next"],
        " end",
    ]


def test_a_void_element_may_close_itself() -> None:
    assert tree_of('<img src="a"/>x') == [["img", {"src": "a"}], "x"]


def test_escaped_markup_stays_words() -> None:
    words = Markup("<p>{}</p>").format("<b>Mr Nobody</b>")
    [found] = tree_of(words)
    said = found[2]
    assert said == "<b>Mr Nobody</b>"
    assert type(said) is str


@pytest.mark.parametrize(
    "markup",
    [
        "<script>1</script>",
        '<p onclick="1">x</p>',
        "<svg></svg>",
        "<iframe></iframe>",
        "<style></style>",
    ],
)
def test_what_could_run_or_load_has_no_place_in_a_part(markup: str) -> None:
    with pytest.raises(PartIsWrongError, match="no place"):
        tree_of(markup)


@pytest.mark.parametrize("markup", ["<ul><li>a</ul>", "<p>a</div>", "</p>"])
def test_a_tag_that_is_not_closed_is_named(markup: str) -> None:
    with pytest.raises(PartIsWrongError, match="close every tag"):
        tree_of(markup)


def test_a_part_that_ends_too_early_is_wrong() -> None:
    with pytest.raises(PartIsWrongError, match="<ul> is not closed"):
        tree_of("<ul><li>a</li>")
