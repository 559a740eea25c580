# SPDX-License-Identifier: Apache-2.0
"""Where a database is: what a URL says, and what it must not repeat."""

import pytest

from wardkeep.base.outcome import Problem
from wardkeep.db.address import DatabaseAddress, parse_url


def parsed(url: str) -> DatabaseAddress:
    found = parse_url(url)
    assert isinstance(found, DatabaseAddress)
    return found


def test_a_url_names_every_part() -> None:
    found = parsed(
        "postgresql://me:p%40ss@db.example.org:6543/ward?sslmode=verify-full"
    )
    assert (found.user, found.password) == ("me", "p@ss")
    assert (found.host, found.port, found.database) == ("db.example.org", 6543, "ward")
    assert found.tls == "verify-full"


def test_what_a_url_leaves_out_has_a_usual_value() -> None:
    found = parsed("postgres:///")
    assert (found.host, found.port, found.database) == ("localhost", 5432, "wardkeep")
    assert (found.user, found.password, found.tls) == ("wardkeep_owner", "", "prefer")


def test_a_socket_folder_is_named_by_the_option_host() -> None:
    assert (
        parsed("postgresql://me@/ward?host=/run/postgresql").host == "/run/postgresql"
    )


@pytest.mark.parametrize(
    "url", ["mysql://me@host/ward", "host=db", "postgresql://me@host:many/ward"]
)
def test_what_is_no_postgresql_url_is_a_problem_with_a_mend(url: str) -> None:
    found = parse_url(url)
    assert isinstance(found, Problem)
    assert found.mend


def test_no_way_of_printing_an_address_shows_the_password() -> None:
    address = parsed("postgresql://me:hidden-word@host/ward")
    printed = f"{address} {address!r} {[address]}"
    assert "hidden-word" not in printed
    assert "me@host" in printed


def test_another_role_enters_the_same_database_and_the_same_role_another() -> None:
    address = parsed("postgresql://me:one@host/ward")
    other = address.as_role("you", "two")
    assert (other.user, other.password, other.database) == ("you", "two", "ward")
    assert address.in_database("postgres").database == "postgres"
