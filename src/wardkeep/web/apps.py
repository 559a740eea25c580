# SPDX-License-Identifier: Apache-2.0
"""An app: a folder of pages that people know by one name, found by itself."""

import pkgutil
from pathlib import Path
from types import ModuleType

import msgspec

from wardkeep.web.navigation import Link
from wardkeep.web.pages import Page


class App(msgspec.Struct, frozen=True, kw_only=True):
    """What `wardkeep.apps.NAME.app` is."""

    name: str
    """The folder's name; its templates are `NAME/….html`."""
    title: str
    pages: tuple[Page, ...]
    navigation: tuple[Link, ...] = ()


class FoundApp(msgspec.Struct, frozen=True, kw_only=True):
    """An app and the folder that it lives in."""

    app: App
    folder: Path


class AppIsWrongError(Exception):
    """A folder under apps/ has no usable `app`; the message names the folder."""


def find_apps(package: ModuleType) -> tuple[FoundApp, ...]:
    """Every app below a package, by name.

    Raises:
        AppIsWrongError: a folder's `app` is missing, or named unlike its folder.
    """
    found = []
    for module in pkgutil.iter_modules(package.__path__):
        try:
            app = pkgutil.resolve_name(f"{package.__name__}.{module.name}:app")
        except AttributeError:
            raise AppIsWrongError(module.name) from None
        if not isinstance(app, App) or app.name != module.name:
            raise AppIsWrongError(module.name)
        folder = Path(package.__path__[0]) / module.name
        found.append(FoundApp(app=app, folder=folder))
    return tuple(sorted(found, key=lambda one: one.app.name))
