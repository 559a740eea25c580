# SPDX-License-Identifier: Apache-2.0
"""The warden's service: what answers on its two sockets."""
