# SPDX-License-Identifier: Apache-2.0
"""What happens after a breach: the incident, and drafts of all that must be told.

An incident names whose openings were not rightful; the ledger then says whose records
they were, and each draft is made from that. Reads the ledger's files alone.
"""
