# SPDX-License-Identifier: Apache-2.0
"""Log lines as JSON, made so that no patient's data can slip into them.

A line holds the time, level, logger, message and the fields that are listed here; an
exception is told by its type and the places it passed, never by its text, which may
quote what somebody typed.
"""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime

FIELDS = (
    "reference",
    "method",
    "pattern",
    "status",
    "milliseconds",
    "trouble",
)
"""What `extra=` may carry. A name that is not here is not written."""
_MOST_FRAMES = 30


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, tz=UTC).isoformat(
                timespec="milliseconds"
            ),
            "process": self._process,
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        for field in FIELDS:
            if field in record.__dict__:
                line[field] = record.__dict__[field]
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            line["error"] = type(error).__qualname__
            line["at"] = _places(error)
        return json.dumps(line, ensure_ascii=False)


def _places(error: BaseException) -> list[str]:
    """Where the exception passed, outermost first: file, line and function only."""
    frames = traceback.extract_tb(error.__traceback__)[-_MOST_FRAMES:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


def set_up_logs(level: str, *, process: str) -> None:
    """Write every log line of this process to standard error, as JSON.

    Other libraries are heard from warnings on: at lower levels some of them write
    addresses and values, and we cannot answer for their words.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(process))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("wardkeep").setLevel(level.upper())
