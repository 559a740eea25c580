# SPDX-License-Identifier: Apache-2.0
"""CDS Hooks 2.0: the content in use, asked by other software.

https://cds-hooks.hl7.org/2.0/ (docs/formats/cds-hooks.md). Nothing of any patient is
read from the store: cards are made of what came with the request.
"""
