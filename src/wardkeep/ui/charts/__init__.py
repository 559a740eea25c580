# SPDX-License-Identifier: Apache-2.0
"""Charts as SVG made on the server: they print, need no script, and say their numbers.

Colour is never alone: every band's score stands beside its value.
"""
