# SPDX-License-Identifier: Apache-2.0
"""A part of a page as a tree of names and words: what a script may put into a page.

No page of ours takes text for markup (`trusted-types 'none'`, headers.py), so what is
brought up to date travels as a tree: text is a string, an element
`[name, {attribute: value}, child, …]`. `live.js` builds it node by node.
"""

from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Any, TypeAlias

Node: TypeAlias = "str | list[Any]"
_VOID = frozenset({"br", "hr", "img", "input", "wbr"})
_REFUSED = frozenset(
    {
        *("base", "embed", "iframe", "link", "math", "meta", "object", "script"),
        *("style", "svg", "template"),
    }
)
"""What runs, loads or has a namespace of its own has no place in a part."""


class PartIsWrongError(Exception):
    """A part's markup cannot be a tree; the message names the tag."""


def tree_of(markup: str) -> list[Node]:
    """The nodes of some HTML, every element of which is closed.

    Raises:
        PartIsWrongError: a tag is not closed, or has no place in a part.
    """
    growing = _Growing()
    growing.feed(str(markup))
    growing.close()
    return growing.nodes()


class _Growing(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[list[Any]] = [["", {}]]

    def handle_starttag(
        self, tag: str, attrs: Sequence[tuple[str, str | None]]
    ) -> None:
        if tag in _REFUSED or any(name.startswith("on") for name, _ in attrs):
            message = f"<{tag}> has no place in a part that is brought up to date"
            raise PartIsWrongError(message)
        made: list[Any] = [tag, {name: value or "" for name, value in attrs}]
        self._open[-1].append(made)
        if tag not in _VOID:
            self._open.append(made)

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        if self._open[-1][0] != tag:
            message = f"</{tag}> closes <{self._open[-1][0]}>: close every tag"
            raise PartIsWrongError(message)
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].append(data)

    def nodes(self) -> list[Node]:
        if len(self._open) > 1:
            message = f"<{self._open[-1][0]}> is not closed"
            raise PartIsWrongError(message)
        return self._open[0][2:]
