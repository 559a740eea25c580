# SPDX-License-Identifier: Apache-2.0
"""The settings of an installation: what can be set, to what, and what it does.

A setting comes from the environment (`WARDKEEP_PORT`), else from the settings file
(`port = 8111` in TOML), else from its default. A name that is not listed here is an
error: a mistyped setting that is ignored is how a safeguard is left off.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from wardkeep.base.note_keys import COSIGNER, NoteKey, read_note_key
from wardkeep.base.outcome import Problem

PREFIX = "WARDKEEP_"
_HIGHEST_PORT = 65535
_MOST_WORKERS = 64
_LOG_LEVELS = ("debug", "info", "warning", "error")
_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off", "")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting, read and checked."""

    data: Path
    host: str
    port: int
    origin: str
    database_url: str
    database_password_file: str
    door_socket: str
    operator_socket: str
    web_workers: int
    database_connections: int
    tls_certificate: str
    tls_key: str
    metrics_port: int
    log_level: str
    root_key: str
    """Where a new installation's root key is made; later `root-key.json` says it."""
    witnesses: tuple[tuple[NoteKey, str], ...]
    """Each one's key, and the address that its requests begin with."""
    pds: str
    """Where a Personal Demographics Service answers; empty: nobody is asked."""
    repeat_callers: str
    """Where the repeat caller service answers and is told; empty: neither."""
    demo: bool

    @property
    def is_tls(self) -> bool:
        return bool(self.tls_certificate)

    @property
    def public_origin(self) -> str:
        """What the browser's address bar shows, and what passkeys are bound to."""
        if self.origin:
            return self.origin.rstrip("/")
        scheme = "https" if self.is_tls else "http"
        return f"{scheme}://localhost:{self.port}"


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One setting as documented in docs/how-to/settings.md."""

    name: str
    default: str
    words: str
    read: Callable[[str], Any]
    """Turns text into the value; raises ValueError with the mend."""

    @property
    def variable(self) -> str:
        return PREFIX + self.name.upper()


def _port(text: str) -> int:
    number = int(text) if text.isdecimal() else -1
    if not 0 <= number <= _HIGHEST_PORT:
        message = "Give a number from 0 to 65535."
        raise ValueError(message)
    return number


def _count(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if not 1 <= number <= _MOST_WORKERS:
        message = f"Give a number from 1 to {_MOST_WORKERS}."
        raise ValueError(message)
    return number


def _origin(text: str) -> str:
    is_secure = text.startswith("https://")
    if text and not (is_secure or text.startswith("http://localhost")):
        message = "Give https://HOST, or http://localhost:PORT to try it out."
        raise ValueError(message)
    return text


def _service(text: str) -> str:
    parts = urlsplit(text)
    is_near = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost")
    if text and not (parts.hostname and (parts.scheme == "https" or is_near)):
        message = "Give https://HOST/PATH, or http://127.0.0.1:PORT to try it out."
        raise ValueError(message)
    return text.rstrip("/")


def _truth(text: str) -> bool:
    if text.lower() not in _TRUE + _FALSE:
        message = "Give yes or no."
        raise ValueError(message)
    return text.lower() in _TRUE


def _log_level(text: str) -> str:
    if text.lower() not in _LOG_LEVELS:
        message = f"Give one of {', '.join(_LOG_LEVELS)}."
        raise ValueError(message)
    return text.lower()


def _root_key(text: str) -> str:
    if not text.startswith(("file:", "passphrase:", "pkcs11:", "aws-kms:")):
        message = "Begin with file:, passphrase:, pkcs11: or aws-kms:."
        raise ValueError(message)
    return text


def _witnesses(text: str) -> tuple[tuple[NoteKey, str], ...]:
    found = []
    for one in filter(None, (part.strip() for part in text.split(","))):
        key, _, rest = one.partition(" ")
        address = rest.strip()
        is_near = address.startswith(("http://127.0.0.1:", "http://localhost:"))
        if not (address.startswith("https://") or is_near):
            message = "Give each witness as KEY https://ADDRESS, with commas between."
            raise ValueError(message)
        found.append((read_note_key(key, kind=COSIGNER), address.rstrip("/")))
    return tuple(found)


SETTINGS: tuple[Setting, ...] = (
    Setting(
        name="data",
        default=".wardkeep",
        words="The folder that holds the database, the keys and the ledger.",
        read=lambda text: Path(text).expanduser().absolute(),
    ),
    Setting(
        name="host",
        default="127.0.0.1",
        words="The address that the web process listens on.",
        read=str,
    ),
    Setting(name="port", default="8111", words="The port it listens on.", read=_port),
    Setting(
        name="origin",
        default="",
        words="The public address, as in https://records.example.org. Passkeys are"
        " bound to it: changing it later means enrolling everyone anew. Empty:"
        " localhost and the port.",
        read=_origin,
    ),
    Setting(
        name="database_url",
        default="",
        words="A PostgreSQL 15 or newer of your own, as"
        " postgresql://ROLE@HOST:PORT/DATABASE?sslmode=verify-full. Empty: the"
        " embedded one in the data folder.",
        read=str,
    ),
    Setting(
        name="database_password_file",
        default="",
        words="A file that holds the password of the role in database_url.",
        read=str,
    ),
    Setting(
        name="door_socket",
        default="",
        words="The unix socket where the warden answers the web and the worker."
        " Empty: run/door.sock in the data folder.",
        read=str,
    ),
    Setting(
        name="operator_socket",
        default="",
        words="The unix socket where the warden answers its operator; only the"
        " warden's own OS user may connect. Empty: warden/operator.sock in the data"
        " folder.",
        read=str,
    ),
    Setting(
        name="web_workers",
        default="2",
        words="How many web processes serve pages and FHIR.",
        read=_count,
    ),
    Setting(
        name="database_connections",
        default="4",
        words="Connections to PostgreSQL that each web process keeps.",
        read=_count,
    ),
    Setting(
        name="tls_certificate",
        default="",
        words="A PEM file with the certificate chain. With it the web process speaks"
        " HTTPS and HTTP/2 itself; without it something in front of it must.",
        read=str,
    ),
    Setting(
        name="tls_key",
        default="",
        words="The PEM file with the certificate's private key.",
        read=str,
    ),
    Setting(
        name="metrics_port",
        default="0",
        words="A port on 127.0.0.1 where Prometheus reads metrics. 0: none.",
        read=_port,
    ),
    Setting(
        name="log_level",
        default="info",
        words="How much is logged: debug, info, warning or error. No level logs a"
        " word about a patient.",
        read=_log_level,
    ),
    Setting(
        name="root_key",
        default="file:root.key",
        words="Where the root key of a new installation is: file:NAME or"
        " passphrase:NAME in the warden's folder, a PKCS#11 URI, or aws-kms:KEY-ARN."
        " Later it is moved by `wardkeep key rotate`, not by this.",
        read=_root_key,
    ),
    Setting(
        name="witnesses",
        default="",
        words="Who co-signs the ledger's checkpoints: KEY https://ADDRESS, with commas"
        " between. `wardkeep witness watch` prints the key.",
        read=_witnesses,
    ),
    Setting(
        name="pds",
        default="",
        words="Where a Personal Demographics Service answers by its FHIR API, for"
        " whoever answers calls. Empty: nobody is traced, and calls go on.",
        read=_service,
    ),
    Setting(
        name="repeat_callers",
        default="",
        words="Where the national repeat caller service answers, asked when a call"
        " begins and told when it ends. Empty: neither, and whoever answers asks the"
        " caller.",
        read=_service,
    ),
    Setting(
        name="demo",
        default="no",
        words="Whether this is a demonstration with fictional people; pages say so.",
        read=_truth,
    ),
)
_BY_NAME = {setting.name: setting for setting in SETTINGS}
CONFIG_VARIABLE = PREFIX + "CONFIG"
"""Names the settings file; itself no setting."""
CHROMIUM_VARIABLE = PREFIX + "CHROMIUM"
"""Names the browser that the tests drive; the product does not read it."""
_NO_SETTINGS = (CONFIG_VARIABLE, CHROMIUM_VARIABLE)


def read_settings(
    *, environment: Mapping[str, str], file: Mapping[str, object], file_name: str
) -> Settings | tuple[Problem, ...]:
    """All settings, or every problem at once."""
    problems = _unknown(environment, file, file_name=file_name)
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        place, text = _look_up(setting, environment, file, file_name=file_name)
        try:
            values[setting.name] = setting.read(text)
        except ValueError as error:
            problems.append(
                Problem(
                    place=place,
                    wrong="the value cannot be used",
                    mend=str(error),
                )
            )
    if problems:
        return tuple(problems)
    return Settings(**values)


def _look_up(
    setting: Setting,
    environment: Mapping[str, str],
    file: Mapping[str, object],
    *,
    file_name: str,
) -> tuple[str, str]:
    if setting.variable in environment:
        return setting.variable, environment[setting.variable]
    if setting.name in file:
        value = file[setting.name]
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return f"{file_name}: {setting.name}", text
    return setting.variable, setting.default


def _unknown(
    environment: Mapping[str, str], file: Mapping[str, object], *, file_name: str
) -> list[Problem]:
    mend = "See docs/how-to/settings.md for the names; mend or remove it."
    names = [
        variable
        for variable in environment
        if variable.startswith(PREFIX)
        and variable not in _NO_SETTINGS
        and variable[len(PREFIX) :].lower() not in _BY_NAME
    ]
    names += [f"{file_name}: {name}" for name in file if name not in _BY_NAME]
    return [
        Problem(place=name, wrong="there is no such setting", mend=mend)
        for name in names
    ]
