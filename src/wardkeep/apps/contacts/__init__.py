# SPDX-License-Identifier: Apache-2.0
"""Contacts: what came of an appointment, a note and what the data set asks, at once."""

from wardkeep.apps.contacts.recording import record_contact, show_recording
from wardkeep.apps.contacts.showing import show_contact
from wardkeep.apps.contacts.taking_back import take_back
from wardkeep.web.apps import App

app = App(
    name="contacts",
    title="Contacts",
    pages=(show_recording, record_contact, show_contact, take_back),
)
