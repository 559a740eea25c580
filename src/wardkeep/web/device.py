# SPDX-License-Identifier: Apache-2.0
"""A device in words that its owner recognises in a list: "Chrome on Windows"."""

import ipaddress

_BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
"""The order matters: most browsers name their forebears too."""
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
)


def device_words(user_agent: str) -> str:
    """Browser and system, from a fixed list: nothing that was sent is repeated."""
    browser = _first(_BROWSERS, user_agent) or "A browser"
    system = _first(_SYSTEMS, user_agent)
    return f"{browser} on {system}" if system else browser


def device_and_place(user_agent: str, address: str | None) -> str:
    """The same, and the network address that it came from, if from elsewhere."""
    try:
        place = ipaddress.ip_address(address or "")
    except ValueError:
        return device_words(user_agent)
    words = device_words(user_agent)
    return words if place.is_loopback else f"{words}, at {place}"


def _first(marks: tuple[tuple[str, str], ...], text: str) -> str:
    return next((words for mark, words in marks if mark in text), "")
