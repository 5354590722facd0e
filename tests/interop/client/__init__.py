# SPDX-License-Identifier: Apache-2.0
"""A second implementation of docs/protocol.md, written from that page: the initiator of a channel, and a caller."""
