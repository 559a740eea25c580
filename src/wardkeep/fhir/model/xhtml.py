# SPDX-License-Identifier: Apache-2.0
"""Narratives: whether XHTML is what FHIR allows, and safe to show.

https://hl7.org/fhir/R4/narrative.html (txt-1) and its security rules: formatting alone
(HTML 4.0, chapters 7 to 11 and 15), links and images; no scripts, forms, frames, event
handlers or entities. Whoever shows a narrative must not be made to run what its author
chose, so addresses and styles are limited as well. That it says something (txt-2) is
an invariant like others and not asked here.
"""

import re
from collections.abc import Mapping
from xml.parsers import expat

MOST_LEVELS = 100
_XMLNS = "http://www.w3.org/1999/xhtml"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ELEMENTS = _words(
    "a abbr acronym address area b basefont bdo big blockquote br caption center cite"
    " code col colgroup dd dfn dir div dl dt em font h1 h2 h3 h4 h5 h6 hr i img kbd li"
    " map menu ol p pre q s samp small span strike strong sub sup table tbody td tfoot"
    " th thead tr tt u ul var"
)
_ATTRIBUTES = _words(
    "abbr accesskey align alt axis bgcolor border cellpadding cellspacing char charoff"
    " charset cite class clear color colspan compact coords dir face frame headers"
    " height href hreflang hspace id ismap lang longdesc name noshade nowrap rel rev"
    " rowspan rules scope shape size span src start style summary tabindex title type"
    " usemap valign value vspace width xml:lang xml:space xmlns"
)
_ADDRESSES = frozenset({"href", "src", "longdesc", "cite"})
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.ASCII)
_SAFE_SCHEMES = frozenset({"http", "https", "mailto", "tel", "urn", "ftp", "cid"})
_PICTURE = re.compile(r"data:image/(?:png|jpe?g|gif|webp|bmp);", re.ASCII)
_STYLE_PICTURE = re.compile(
    r"url\(data:\s?image/(?:png|jpe?g|gif|webp|bmp);base64,[a-z0-9+/=]*\)", re.ASCII
)
_IGNORED = re.compile(r"[\x00-\x20]+")
"""What browsers leave out of an address."""
_FETCHING_STYLE = re.compile(r"url\s*\(|expression\s*\(|@import|-moz-binding|behavior")


class _UnsafeError(Exception):
    """Ends the reading; caught in this module."""


def fault_of(text: object) -> str:
    """What is wrong with a narrative's `div`; empty where nothing is."""
    if not isinstance(text, str):
        return "it is not a text"
    try:
        _Reader().read(text)
    except _UnsafeError as fault:
        return str(fault)
    except (expat.ExpatError, UnicodeEncodeError):
        return "it is not well-formed XHTML, or it uses entities that XML does not have"
    return ""


def is_narrative(text: object) -> bool:
    return not fault_of(text)


class _Reader:
    """Reads a narrative once, in time that is linear in its length."""

    def __init__(self) -> None:
        self._level = 0

    def read(self, text: str) -> None:
        parser = expat.ParserCreate("utf-8")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._doctype
        parser.ProcessingInstructionHandler = self._instruction
        parser.Parse(text.encode(), True)  # noqa: FBT003 - expat takes it by place

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        if not self._level:
            self._root(name, attributes)
        self._level += 1
        if self._level > MOST_LEVELS:
            _refuse(f"it nests deeper than {MOST_LEVELS} levels")
        if name not in _ELEMENTS:
            _refuse("it has an element other than formatting, links and pictures")
        for key, value in attributes.items():
            _check_attribute(key, value)

    @staticmethod
    def _root(name: str, attributes: Mapping[str, str]) -> None:
        if name != "div" or attributes.get("xmlns") != _XMLNS:
            _refuse(f'it is not one <div xmlns="{_XMLNS}">')

    def _end(self, _: str) -> None:
        self._level -= 1

    @staticmethod
    def _doctype(*_: object) -> None:
        _refuse("it has a document type")

    @staticmethod
    def _instruction(*_: object) -> None:
        _refuse("it has a processing instruction")


def _check_attribute(name: str, value: str) -> None:
    if name not in _ATTRIBUTES:
        _refuse("it has an attribute other than those of formatting (txt-1)")
    if name == "xmlns" and value != _XMLNS:
        _refuse("it has another namespace within")
    if name in _ADDRESSES and not _is_safe_address(value):
        _refuse("it has an address that a reader could be made to run")
    if name == "style" and not _is_safe_style(value):
        _refuse("it has a style that fetches or runs something")


def _is_safe_address(value: str) -> bool:
    plain = _IGNORED.sub("", value).lower()
    scheme = _SCHEME.match(plain)
    if scheme is None or scheme[1] in _SAFE_SCHEMES:
        return True
    return _PICTURE.match(plain) is not None


def _is_safe_style(value: str) -> bool:
    plain = _STYLE_PICTURE.sub("", value.lower())
    return "\\" not in plain and _FETCHING_STYLE.search(plain) is None


def _refuse(wrong: str) -> None:
    raise _UnsafeError(wrong)
