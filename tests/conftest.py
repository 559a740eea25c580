# SPDX-License-Identifier: Apache-2.0
"""What every test may use."""

from collections.abc import Iterator

import pytest

from support.warden import Installation, installation_in


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A data folder with a running database, shared by the tests of one module."""
    with installation_in(tmp_path_factory.mktemp("wardkeep")) as made:
        yield made
