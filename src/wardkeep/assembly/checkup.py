# SPDX-License-Identifier: Apache-2.0
"""A check-up of an installation: each thing that must be right, looked at for real."""

import stat
from collections.abc import Iterator, Sequence

import msgspec

from wardkeep.assembly.database import OWNER, address_for, is_embedded
from wardkeep.assembly.layout import Layout
from wardkeep.base.clock import LONDON, from_microseconds
from wardkeep.base.settings import Settings
from wardkeep.db.connection import connect
from wardkeep.db.errors import DatabaseUnavailableError
from wardkeep.db.migrate import SchemaState, check
from wardkeep.disclosure.answers import Health, Refusal, WitnessView
from wardkeep.disclosure.canaries import CanaryCounts, CountCanaries
from wardkeep.disclosure.client import (
    WardenBusyError,
    WardenClient,
    WardenUnavailableError,
)
from wardkeep.disclosure.keys import TOKENS, AskKeys, Keys
from wardkeep.disclosure.questions import AskHealth
from wardkeep.identity.accounts import organisations
from wardkeep.warden.root_key import RootKeyUnavailableError
from wardkeep.warden.root_key_ring import read_record

DATA_KEYS_ARE_BACK = "Data keys that were destroyed are back in the database of {}."
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at."""

    what: str
    is_well: bool
    mend: str = ""
    advice: str = ""
    """Nothing is wrong, and this would make it better."""


async def check_up(settings: Settings, layout: Layout) -> list[Finding]:
    """Look at keys, origin, warden, ledger and database."""
    return [
        *_keys(settings, layout),
        _origin(settings),
        *await _warden(layout),
        *await _database(settings, layout),
    ]


async def _canaries(layout: Layout, slugs: Sequence[str]) -> Sequence[Finding]:
    """Who goes through all records is caught by those of nobody, if there are any."""
    client = WardenClient(layout.operator_socket, asker="doctor")
    try:
        counts = [
            (slug, await client.ask(CountCanaries(slug), CanaryCounts))
            for slug in slugs
        ]
    except (WardenUnavailableError, WardenBusyError):
        return ()
    finally:
        await client.close()
    return [
        Finding(
            what=f"{slug} has no canaries",
            is_well=True,
            advice="Who goes through its records is not caught by one:"
            f" wardkeep canary plant --organisation {slug}",
        )
        for slug, found in counts
        if isinstance(found, CanaryCounts) and not found.living
    ]


def _keys(settings: Settings, layout: Layout) -> Iterator[Finding]:
    paths = [(layout.signing_key, "signing key")]
    try:
        address = read_record(layout.warden, usual=settings.root_key).current
    except RootKeyUnavailableError as error:
        where = "The root key's place can be read"
        yield Finding(what=where, is_well=False, mend=str(error))
        address = ""
    kind, _, name = address.partition(":")
    if kind in {"file", "passphrase"}:
        paths.insert(0, (layout.warden / name, "root key"))
    for path, what in paths:
        if not path.exists():
            yield Finding(
                what=f"There is no {what} at {path}",
                is_well=False,
                mend="Start once with: wardkeep serve, or restore it from its copy.",
            )
        else:
            yield Finding(
                what=f"The {what} is closed to others",
                is_well=not path.stat().st_mode & _OTHERS,
                mend=f"Run: chmod 600 {path}",
            )


def _origin(settings: Settings) -> Finding:
    origin = settings.public_origin
    is_local = origin.startswith("http://localhost")
    return Finding(
        what=f"Passkeys work at {origin}",
        is_well=is_local or origin.startswith("https://"),
        mend="Set WARDKEEP_ORIGIN to the https address that people use.",
    )


_NO_WITNESS = Finding(
    what="No witness signs the ledger's checkpoints",
    is_well=True,
    advice="Whoever puts an older copy back is seen by one: docs/how-to/witness.md",
)


async def _warden(layout: Layout) -> list[Finding]:
    client = WardenClient(layout.operator_socket, asker="doctor")
    try:
        health: Health | Refusal | None = await client.ask(AskHealth(), Health)
        keys: Keys | Refusal | None = await client.ask(AskKeys(), Keys)
    except (WardenUnavailableError, WardenBusyError):
        health, keys = None, None
    finally:
        await client.close()
    if health is None or isinstance(health, Refusal):
        mend = "Start it: wardkeep serve, or wardkeep warden in production."
        return [Finding(what="The warden answers", is_well=False, mend=mend)]
    return [
        Finding(what="The warden answers", is_well=True),
        Finding(
            what=f"The ledger can be written ({health.ledger_size:,} entries)",
            is_well=health.is_ledger_writable,
            mend=f"Free space for {layout.ledger}; nothing opens until then.",
        ),
        Finding(
            what="The warden reaches the database",
            is_well=health.is_database_reachable,
            mend="See that PostgreSQL runs and that the warden's password is right.",
        ),
        *(_warden_keys(keys) if isinstance(keys, Keys) else []),
        *([_witness(one) for one in health.witnesses] or [_NO_WITNESS]),
    ]


def _warden_keys(keys: Keys) -> Iterator[Finding]:
    what = f"The root key answers: {keys.root_key}"
    yield Finding(what=what, is_well=not keys.fault, mend=keys.fault)
    for slug in keys.behind:
        what = DATA_KEYS_ARE_BACK.format(slug)
        yield Finding(what=what, is_well=False, mend=data_keys_mend(slug))
    for slug, level in keys.back:
        what, mend = key_is_back(slug, level), key_mend(slug, level)
        yield Finding(what=what, is_well=False, mend=mend)


def key_is_back(slug: str, level: str) -> str:
    which = {TOKENS: "The search-token key"}.get(level, "The key")
    return f"{which} in use for {slug} was destroyed once."


def key_mend(slug: str, level: str) -> str:
    return (
        "Was a backup restored? Then replace it again; else somebody put it back:"
        f" wardkeep key rotate --level {level} --organisation {slug}"
    )


def data_keys_mend(slug: str) -> str:
    return (
        "Was a backup restored? Then replace them again; else somebody put them back:"
        f" wardkeep key rotate --level patient --organisation {slug} --every-patient"
    )


def _witness(one: WitnessView) -> Finding:
    if one.fault:
        mend = (
            "See docs/how-to/witness.md before anything else is changed."
            if one.is_at_odds
            else "See that it runs, that this machine reaches it, and that it watches"
            " this ledger."
        )
        return Finding(
            what=f"The witness {one.name} {one.fault}", is_well=False, mend=mend
        )
    if not one.at:
        waits = f"The witness {one.name} waits for the ledger's first entry"
        return Finding(what=waits, is_well=True)
    seen = from_microseconds(one.at * 1_000_000).astimezone(LONDON)
    what = f"The witness {one.name} saw {one.entries:,} entries at {seen:%H:%M:%S}"
    return Finding(what=what, is_well=True)


async def _database(settings: Settings, layout: Layout) -> list[Finding]:
    try:
        connection = await connect(address_for(settings, layout, OWNER))
    except DatabaseUnavailableError:
        mend = (
            "Start it: wardkeep serve" if is_embedded(settings) else "Start PostgreSQL."
        )
        return [Finding(what="The database answers", is_well=False, mend=mend)]
    try:
        schema = await check(connection)
        is_current = schema.kind is SchemaState.UP_TO_DATE
        homes = await organisations(connection) if is_current else ()
    finally:
        await connection.close()
    return [
        Finding(what="The database answers", is_well=True),
        Finding(
            what="The database's schema fits this version",
            is_well=is_current,
            mend=schema.words,
        ),
        *await _canaries(layout, [one.slug for one in homes]),
    ]
