# SPDX-License-Identifier: Apache-2.0
"""The page docs/formats/database.md names every table, column and function there is."""

import re
from pathlib import Path

import pytest

from support.postgres import FreshDatabase
from wardkeep.db.connection import connect

PAGE = Path(__file__).resolve().parents[3] / "docs" / "formats" / "database.md"
OURS = ("record", "jobs", "warden", "wardkeep_schema")


@pytest.fixture
def sections() -> dict[str, set[str]]:
    """What stands between backticks below each table's heading."""
    parts = re.split(
        r"^#{2,3} (.+)$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    return {
        heading: set(re.findall(r"`([^`]+)`", text))
        for heading, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def test_the_page_says_nothing_twice() -> None:
    parts = re.split(
        r"^#{2,3} (.+)$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    assert len(parts[1::2]) == len(set(parts[1::2]))
    for name, text in zip(parts[1::2], parts[2::2], strict=True):
        lines = re.findall(r"^\| (`[^|]+) \|", text, flags=re.MULTILINE)
        said = [one for line in lines for one in re.findall(r"`([^`]+)`", line)]
        twice = {one for one in said if said.count(one) > 1}
        assert not twice, f"{name}: {sorted(twice)}"


async def test_every_column_is_on_the_page(
    fresh_database: FreshDatabase, sections: dict[str, set[str]]
) -> None:
    superuser = await connect(fresh_database.superuser)
    columns = await superuser.fetch(
        "select table_schema || '.' || table_name as name, column_name::text as column"
        " from information_schema.columns where table_schema = any($1::text[])",
        list(OURS),
    )
    await superuser.close()
    assert len(columns) > 80
    missing = [
        f"{row['name']}.{row['column']}"
        for row in columns
        if row["column"] not in sections.get(row["name"], set())
    ]
    assert not missing


async def test_every_function_is_on_the_page(fresh_database: FreshDatabase) -> None:
    superuser = await connect(fresh_database.superuser)
    functions = await superuser.fetch(
        "select pronamespace::regnamespace || '.' || proname as name from pg_proc"
        " where pronamespace::regnamespace::text = any($1::text[])",
        list(OURS),
    )
    await superuser.close()
    page = PAGE.read_text(encoding="utf-8")
    assert functions
    assert [row["name"] for row in functions if f"`{row['name']}(" not in page] == []
