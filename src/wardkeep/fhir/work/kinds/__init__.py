# SPDX-License-Identifier: Apache-2.0
"""Kinds of work: one file a type of resource, each with its `WORK`, found by itself."""

import pkgutil
from collections.abc import Iterator

from wardkeep.fhir.work.expects import Work


def found() -> Iterator[Work]:
    """Every kind, by file name."""
    for module in pkgutil.iter_modules(__path__):
        work = pkgutil.resolve_name(f"{__name__}.{module.name}:WORK")
        if not isinstance(work, Work):
            message = f"{module.name}.WORK is no kind of work"
            raise TypeError(message)
        yield work
