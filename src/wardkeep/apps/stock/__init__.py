# SPDX-License-Identifier: Apache-2.0
"""What bases and cars carry: received, moved, disposed of, counted, in a register."""

from wardkeep.apps.stock.checking import show_check
from wardkeep.apps.stock.moving import count, dispose, move, show_lot, undo
from wardkeep.apps.stock.overview import keep_least, show_place, show_stock
from wardkeep.apps.stock.receiving import receive, show_receiving
from wardkeep.apps.stock.register import correct, show_register
from wardkeep.apps.stock.witnessing import agree, show_asked, sign, withdraw
from wardkeep.care.stock import STOCKED
from wardkeep.web.apps import App
from wardkeep.web.navigation import Link

app = App(
    name="stock",
    title="Stock",
    pages=(
        show_stock,
        show_check,
        show_asked,
        sign,
        agree,
        withdraw,
        show_place,
        keep_least,
        show_receiving,
        receive,
        show_register,
        correct,
        show_lot,
        move,
        dispose,
        count,
        undo,
    ),
    navigation=(Link(words="Stock", path="/stock", gate=STOCKED, position=17),),
)
