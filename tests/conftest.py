# SPDX-License-Identifier: Apache-2.0
"""What every test may use."""

import asyncio
import gc
import io
from collections.abc import AsyncIterator, Generator, Iterator

import pytest

from support.owner import owner_of
from support.warden import (
    Installation,
    RunningWarden,
    forget_ledger,
    installation_in,
    warden_at_home,
)
from wardkeep.db.connection import Connection

QUICK = ("tests/unit/", "tests/house/")


class _TellsAtOnce:
    """Writes why a test failed when it fails: a run that is ended early has told it."""

    def __init__(self, terminal: pytest.TerminalReporter) -> None:
        self._terminal = terminal

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._terminal.write_line("")
            what = f"{report.when} of {report.nodeid} failed:"
            self._terminal.write_line(what, red=True)
            self._terminal.write_line(report.longreprtext)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Failures are told at once by the process that shows the run."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_TellsAtOnce(terminal))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long comes first: at the end no process waits for the last story."""
    items.sort(key=lambda item: item.nodeid.startswith(QUICK))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that hung in a coroutine says in which line of it."""
    report = yield
    if call.excinfo is not None and "from pytest-timeout" in str(call.excinfo.value):
        told = io.StringIO()
        for task in gc.get_objects():
            if isinstance(task, asyncio.Task) and not task.done():
                task.print_stack(file=told)
        report.longrepr = f"{report.longreprtext}\n\n{told.getvalue()}"
    return report


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A data folder with a running database, shared by the tests of one module."""
    with installation_in(tmp_path_factory.mktemp("wardkeep")) as made:
        yield made


@pytest.fixture
def ledger_of_its_own(installation: Installation) -> None:
    """Nothing of earlier tests counts for anybody: budgets are counted from it."""
    forget_ledger(installation)


@pytest.fixture
async def warden(installation: Installation) -> AsyncIterator[RunningWarden]:
    """A warden over it, with an organisation of the test's own as its home."""
    async with warden_at_home(installation) as running:
        yield running


@pytest.fixture
async def owner(warden: RunningWarden) -> AsyncIterator[Connection]:
    """The database's owner, beside the warden."""
    async with owner_of(warden.installation) as connection:
        yield connection
