# SPDX-License-Identifier: Apache-2.0
"""The services people use, one folder an app."""
