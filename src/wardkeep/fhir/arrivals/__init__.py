# SPDX-License-Identifier: Apache-2.0
"""Arrivals: what people who check themselves in tell, and ask of, a desk."""
