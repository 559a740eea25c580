# SPDX-License-Identifier: Apache-2.0
"""Reads the settings of this installation from the environment and its file."""

import os
import tomllib
from pathlib import Path

from wardkeep.base.outcome import Problem
from wardkeep.base.settings import CONFIG_VARIABLE, PREFIX, Settings, read_settings

_USUAL_FILE = "wardkeep.toml"


class SettingsError(Exception):
    """Some settings cannot be used; every problem is in `problems`."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def load_settings() -> Settings:
    """Read every setting.

    Raises:
        SettingsError: with all that is wrong, each with place and mend.
    """
    path = Path(os.environ.get(CONFIG_VARIABLE, _USUAL_FILE))
    found = read_settings(
        environment=os.environ, file=_read_file(path), file_name=str(path)
    )
    if isinstance(found, tuple):
        raise SettingsError(found)
    return found


def _read_file(path: Path) -> dict[str, object]:
    if not path.exists():
        if CONFIG_VARIABLE not in os.environ:
            return {}
        mend = f"Make it, or unset {CONFIG_VARIABLE}."
        raise SettingsError(
            (Problem(place=str(path), wrong="there is no such file", mend=mend),)
        )
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        problem = Problem(
            place=str(path),
            wrong=f"the settings file cannot be read: {error}",
            mend="Mend it; it is TOML, as in: port = 8111",
        )
        raise SettingsError((problem,)) from None


def environment_for_children(settings: Settings) -> dict[str, str]:
    """The environment of supervised processes: ours, with relative paths made whole."""
    return {**os.environ, f"{PREFIX}DATA": str(settings.data)}
