# SPDX-License-Identifier: Apache-2.0
"""What pages look like: the kit's templates and files, and those of the apps."""

from collections.abc import Iterable
from pathlib import Path

import jinja2
import msgspec

from wardkeep.ui.kit import STATIC_PREFIX as KIT_PREFIX, Assets, make_environment
from wardkeep.web.apps import FoundApp

STATIC_PREFIX = f"{KIT_PREFIX}/"
_HERE = Path(__file__).parent


class Look(msgspec.Struct, frozen=True):
    """Templates, and static files by their address."""

    environment: jinja2.Environment
    files: dict[str, bytes]


def look_of(apps: Iterable[FoundApp]) -> Look:
    """The look of a site with these apps.

    An app's `templates/` are found below its name, as in `records/chart.html`; the
    files of its `static/` by `asset('NAME.js')`.
    """
    folders = {"web": _HERE, **{one.app.name: one.folder for one in apps}}
    environment = make_environment(
        {name: folder / "templates" for name, folder in folders.items()}
    )
    assets = Assets(tuple([folder / "static" for folder in folders.values()]))
    environment.globals["asset"] = assets.url
    return Look(environment, assets.files)
