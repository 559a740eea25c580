# SPDX-License-Identifier: Apache-2.0
"""The embedded server's settings, written anew at every start.

Under root the files lie where the server's OS user cannot change them: whoever takes
over the server cannot open its doors for later.
"""

from pathlib import Path

MOST_CONNECTIONS = 110
"""As many as all roles may have (roles.py), and a few of the superuser's."""
PORT = 5432
"""Names the socket's file; nothing listens on a network."""

HBA = """\
# Written by Wardkeep at every start. A password for everybody, on the socket alone.
local all all scram-sha-256
"""

_SETTINGS = {
    # A way in for this machine's own processes and for nobody else.
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": str(MOST_CONNECTIONS),
    "password_encryption": "scram-sha-256",
    "authentication_timeout": "10s",
    # What was acknowledged stays, whatever is killed.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_level": "replica",
    "max_wal_size": "1GB",
    "checkpoint_completion_target": "0.9",
    # A small machine that has other things to do.
    "shared_buffers": "192MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_parallel_workers_per_gather": "1",
    "autovacuum_max_workers": "2",
    "random_page_cost": "1.1",
    "jit": "off",
    # No word of a patient in the log: no statements, no parameters, no details, and
    # no ERROR lines at all (they repeat values; callers are told, not the log).
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_min_duration_sample": "-1",
    "log_duration": "off",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
    "log_autovacuum_min_duration": "-1",
    "log_checkpoints": "off",
    "log_lock_waits": "off",
    "log_temp_files": "-1",
    "log_line_prefix": "%m [%p] ",
    "log_timezone": "UTC",
    "timezone": "UTC",
    "datestyle": "iso, ymd",
    "lc_messages": "C",
}
_SINCE_17 = {"allow_alter_system": "off"}


def server_settings(*, hba: Path, socket_folder: Path, version: int) -> str:
    """The text of postgresql.conf."""
    settings = {
        **_SETTINGS,
        "hba_file": str(hba),
        "unix_socket_directories": _list_item(str(socket_folder)),
        **(_SINCE_17 if version >= 17 else {}),  # noqa: PLR2004 - a release's number
    }
    lines = [f"{name} = {_literal(value)}" for name, value in settings.items()]
    return "\n".join(["# Written by Wardkeep at every start.", *lines, ""])


def _list_item(path: str) -> str:
    """One item of a comma-separated list, however odd its characters."""
    return '"' + path.replace('"', '""') + '"'


def _literal(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
