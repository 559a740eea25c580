# SPDX-License-Identifier: Apache-2.0
"""Finds the page for a path: fixed paths by name, the others by pattern in order."""

import re
from collections.abc import Iterable, Mapping

import msgspec
from starlette.routing import compile_path

from wardkeep.web.pages import Page


class Found(msgspec.Struct, frozen=True):
    """The page of a request and the parts of its address."""

    page: Page
    parts: dict[str, str]


class OtherMethods(msgspec.Struct, frozen=True):
    """The path is a page's, for other methods."""

    methods: frozenset[str]


class TwoPagesError(Exception):
    """Two pages claim one path and method; the message names it."""


class Routes:
    """Every page of the site."""

    def __init__(self, pages: Iterable[Page]) -> None:
        self._fixed: dict[str, list[Page]] = {}
        self._patterns: list[tuple[re.Pattern[str], str, list[Page]]] = []
        for page in pages:
            self._add(page)

    def _add(self, page: Page) -> None:
        siblings = self._siblings(page.path)
        for sibling in siblings:
            if sibling.methods & page.methods:
                raise TwoPagesError(page.path)
        siblings.append(page)

    def _siblings(self, path: str) -> list[Page]:
        if "{" not in path:
            return self._fixed.setdefault(path, [])
        for _, known, pages in self._patterns:
            if known == path:
                return pages
        pages = []
        self._patterns.append((compile_path(path)[0], path, pages))
        return pages

    def find(self, path: str, method: str) -> Found | OtherMethods | None:
        """The page; the methods that the path has; None where there is no page."""
        pages, parts = self._match(path)
        for page in pages:
            if method in page.methods:
                return Found(page, dict(parts))
        if not pages:
            return None
        return OtherMethods(frozenset().union(*[page.methods for page in pages]))

    def _match(self, path: str) -> tuple[list[Page], Mapping[str, str]]:
        fixed = self._fixed.get(path)
        if fixed is not None:
            return fixed, {}
        for pattern, _, pages in self._patterns:
            matched = pattern.match(path)
            if matched is not None:
                return pages, matched.groupdict()
        return [], {}
