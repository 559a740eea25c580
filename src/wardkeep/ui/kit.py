# SPDX-License-Identifier: Apache-2.0
"""The kit: templates that refuse what is missing, and files with a hash in their name.

StrictUndefined, because a misspelt field that renders as nothing is how a score of 0
became a blank cell in another kit (docs/decisions/0005-look.md).
"""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import jinja2

from wardkeep.ui import format as words
from wardkeep.ui.banner import name_for_banner

_HERE = Path(__file__).parent
_STATIC = _HERE / "static"
_HASH_CHARACTERS = 12
STATIC_PREFIX = "/static"
_MEDIA = (".css", ".js", ".svg", ".txt")
PAGES_SHEET = "pages.css"
_ITS_PARTS = ("vendor/nhsuk.css", "wardkeep.css")
"""What every page has is one file: fetched once, in one answer, and read once."""


def make_environment(folders: Mapping[str, Path]) -> jinja2.Environment:
    """Templates of the kit, and of each app below its name."""
    loaders = {
        name: jinja2.FileSystemLoader(folder) for name, folder in folders.items()
    }
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [
                jinja2.FileSystemLoader(_HERE / "templates"),
                jinja2.PrefixLoader(dict(loaders)),
            ]
        ),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(words.FILTERS)
    environment.filters["banner_name"] = name_for_banner
    return environment


class Assets:
    """Static files by address; each address holds a hash of the content."""

    def __init__(self, folders: tuple[Path, ...] = ()) -> None:
        self.files: dict[str, bytes] = {}
        self._urls: dict[str, str] = {}
        parts = [(_STATIC / part).read_bytes() for part in _ITS_PARTS]
        self._add(PAGES_SHEET, b"\n".join(parts))
        for folder in (_STATIC, *folders):
            for path in sorted(folder.rglob("*")):
                if path.suffix in _MEDIA:
                    self._add(path.relative_to(folder).as_posix(), path.read_bytes())

    def _add(self, name: str, content: bytes) -> None:
        digest = hashlib.sha256(content).hexdigest()[:_HASH_CHARACTERS]
        url = f"{STATIC_PREFIX}/{digest}/{name}"
        self._urls[name] = url
        self.files[url] = content

    def url(self, name: str) -> str:
        """The address of a file.

        Raises:
            KeyError: there is no such file: a template misspelt it.
        """
        return self._urls[name]


@cache
def kit_assets() -> Assets:
    """The kit's own files."""
    return Assets()
