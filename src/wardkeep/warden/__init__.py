# SPDX-License-Identifier: Apache-2.0
"""The small trusted process: sessions, rules, keys, ledger."""
