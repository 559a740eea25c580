# SPDX-License-Identifier: Apache-2.0
"""The record store: every resource sealed, every reading through the door."""
