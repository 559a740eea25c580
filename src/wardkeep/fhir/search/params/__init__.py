# SPDX-License-Identifier: Apache-2.0
"""The types of search parameter, one a file; none imports another."""
