# SPDX-License-Identifier: Apache-2.0
"""Decision support of urgent care: engines, their content, and proof of what they said.

Nothing here asks a store, a clock or a page: from the same content and the same answers
comes the same result, bit for bit (docs/decisions/0060-triage.md).
"""
