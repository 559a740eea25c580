# SPDX-License-Identifier: Apache-2.0
"""An app of boards and screens for tests: rows in a table of its own, kept live."""

from pathlib import Path

import msgspec
from markupsafe import Markup
from starlette.responses import Response

from wardkeep.base.ids import OrganisationId
from wardkeep.db.changes import Topic, tell
from wardkeep.db.connection import Connection, Database
from wardkeep.web.apps import App, FoundApp
from wardkeep.web.gates import Gate
from wardkeep.web.live import Ground, Shared, Signal
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

TABLE = """
    create table record.test_row (
        organisation smallint, board text, key text, words text,
        primary key (organisation, board, key)
    );
    grant select, insert, update, delete on record.test_row to wardkeep_web
"""
ROWS = """
    select key, words from record.test_row
     where organisation = $1 and board = $2 order by key
"""
PUT = """
    insert into record.test_row values ($1, $2, $3, $4)
    on conflict (organisation, board, key) do update set words = excluded.words
"""
CALL = """
    update record.test_row set words = words || ', called'
     where organisation = $1 and board = $2 and key = $3
"""


class Row(msgspec.Struct):
    """A line of a board."""

    key: str
    words: str


async def rows_of(database: Database, organisation: int, board: str) -> list[Row]:
    async with database.connection() as connection:
        found = await connection.fetch(ROWS, organisation, board)
    return [Row(row["key"], row["words"]) for row in found]


async def put(
    connection: Connection, organisation: int, board: str, key: str, words: str
) -> None:
    """Write a row, and tell whoever shows the board."""
    async with connection.transaction():
        await connection.execute(PUT, organisation, board, key, words)
        await tell(connection, OrganisationId(organisation), [Topic("board", board)])


def topics_of(visit: Visit) -> tuple[Topic, ...]:
    return (Topic("board", visit.path("board")),)


def board_hears(visit: Visit) -> Signal:
    return Signal(topics_of(visit))


@page("/boards/{board}/live", gate=Gate.SIGNED_IN, hears=board_hears)
async def board_part(visit: Visit) -> Response:
    live = visit.live(board_part)
    rows, name = await _rows(visit), visit.path("board")
    return visit.part(live, "boards/board_part.html", rows=rows, name=name)


@page("/boards/{board}", gate=Gate.SIGNED_IN)
async def board(visit: Visit) -> Response:
    live = visit.live(board_part)
    rows = await _rows(visit)
    name = visit.path("board")
    return visit.render("boards/board.html", live=live, rows=rows, name=name)


@page("/boards/{board}/call", gate=Gate.SIGNED_IN, methods=("POST",))
async def call(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    where, name = visit.session.organisation, visit.path("board")
    async with visit.services[Database].transaction() as held:
        await held.execute(CALL, where, name, form.values["key"])
        await tell(held, OrganisationId(where), topics_of(visit))
    return visit.go_to(f"/boards/{name}")


async def _rows(visit: Visit) -> list[Row]:
    where = visit.session.organisation
    return await rows_of(visit.services[Database], where, visit.path("board"))


async def show_screen(ground: Ground) -> Markup:
    database = ground.services[Database]
    rows = await rows_of(database, ground.organisation, ground.path("board"))
    return ground.fill("boards/screen_part.html", rows=rows)


def screen_hears(visit: Visit) -> Shared:
    return Shared(topics_of(visit), show_screen)


@page("/screens/{board}/live", gate=Gate.SIGNED_IN, hears=screen_hears)
async def screen_part(visit: Visit) -> Response:
    live = visit.live(screen_part)
    return visit.answer_part(live, await show_screen(visit.ground))


@page("/screens/{board}", gate=Gate.SIGNED_IN)
async def screen(visit: Visit) -> Response:
    live = visit.live(screen_part)
    part = await show_screen(visit.ground)
    return visit.render("boards/screen.html", live=live, part=part)


pharmacy = Gate.SIGNED_IN.only("pharmacist")


@page("/pharmacy/{board}/live", gate=pharmacy, hears=screen_hears)
async def pharmacy_part(visit: Visit) -> Response:
    return await screen_part.handler(visit)


app = App(
    name="boards",
    title="Boards",
    pages=(board, board_part, call, screen, screen_part, pharmacy_part),
)
FOUND = FoundApp(app=app, folder=Path(__file__).parent / "boards_look")
