# SPDX-License-Identifier: Apache-2.0
"""Benchmarks: each module has `run()`, which gives figures by name."""
