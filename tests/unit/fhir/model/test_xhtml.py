# SPDX-License-Identifier: Apache-2.0
"""Which narratives are taken in, and what is wrong with the others."""

import pytest
from hypothesis import given, strategies as st

from wardkeep.fhir.model.xhtml import fault_of

START = '<div xmlns="http://www.w3.org/1999/xhtml"'


def div(inner: str) -> str:
    return f"{START}>{inner}</div>"


@pytest.mark.parametrize(
    "inner",
    [
        "plain words &amp; signs &lt; &#160;",
        "<p><b>bold</b> <a href='https://example.org/a?b=c'>link</a></p>",
        "<p><a name='here'/><a href='#here'>within</a> <a href='Patient/1'>r</a></p>",
        "<img src='data:image/png;base64,AAAA' alt='x'/><img src='#pic' alt='y'/>",
        "<table class='grid' border='1'><tr><td colspan='2'>x</td></tr></table>",
        "<p style='color: red; background: url(data:image/png;base64,AA==)'>x</p>",
        "<!-- a remark --><ol start='3'><li>x</li></ol>",
        "<p xml:lang='cy' lang='cy' dir='ltr'>helo</p>",
    ],
)
def test_formatting_links_and_pictures_are_taken_in(inner: str) -> None:
    assert fault_of(div(inner)) == ""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (div("<script>alert(1)</script>"), "element"),
        (div("<iframe src='https://example.org'/>"), "element"),
        (div("<form action='/x'><input/></form>"), "element"),
        (div("<svg xmlns='http://www.w3.org/2000/svg'/>"), "element"),
        (div("<x:script xmlns:x='http://www.w3.org/1999/xhtml'/>"), "element"),
        (div("<p onclick='alert(1)'>x</p>"), "attribute"),
        (div("<p xmlns='urn:other'>x</p>"), "namespace"),
        (div("<a href='javascript:alert(1)'>x</a>"), "address"),
        (div("<a href=' java&#9;script:alert(1)'>x</a>"), "address"),
        (div("<a href='JaVaScRiPt:alert(1)'>x</a>"), "address"),
        (div("<a href='data:text/html;base64,AAAA'>x</a>"), "address"),
        (div("<img src='data:image/svg+xml;base64,AAAA' alt=''/>"), "address"),
        (div("<p style='background: url(https://example.org/seen)'>x</p>"), "style"),
        (div("<p style='width: expression(alert(1))'>x</p>"), "style"),
        (div(r"<p style='background: u\72l(//example.org)'>x</p>"), "style"),
        (div("<p>not closed"), "well-formed"),
        (div("a&nbsp;b"), "well-formed"),
        (div("<p>x</p>") + div("second"), "well-formed"),
        ("plain words", "well-formed"),
        ("<div>no namespace</div>", "one <div"),
        ('<p xmlns="http://www.w3.org/1999/xhtml">x</p>', "one <div"),
        (f'<!DOCTYPE d [<!ENTITY a "b">]>{div("&a;")}', "document type"),
        (f"<?run this?>{div('x')}", "processing instruction"),
        (div("<b>" * 200 + "x" + "</b>" * 200), "nests deeper"),
        (div("\ud800"), "well-formed"),
    ],
)
def test_what_could_run_or_mislead_is_refused(text: str, why: str) -> None:
    assert why in fault_of(text)


@given(st.text() | st.text(alphabet="<>/&;div ='\"#x!-[]").map(div))
def test_no_text_raises(text: str) -> None:
    assert isinstance(fault_of(text), str)


def test_what_is_no_text_is_refused() -> None:
    assert fault_of(1) == "it is not a text"
