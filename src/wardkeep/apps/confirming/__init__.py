# SPDX-License-Identifier: Apache-2.0
"""Confirming: the two steps by which a passkey signs a dangerous act."""

from wardkeep.apps.confirming.ceremony import begin_confirm, finish_confirm
from wardkeep.web.apps import App

app = App(name="confirming", title="Confirming", pages=(begin_confirm, finish_confirm))
