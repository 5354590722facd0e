# SPDX-License-Identifier: Apache-2.0
"""A second implementation of docs/protocol.md, written from that page: initiator and responder, caller and callee."""
