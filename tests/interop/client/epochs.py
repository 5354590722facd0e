# SPDX-License-Identifier: Apache-2.0
"""Re-attestation: later epochs of an open connection."""

import time

from . import gate

HELLO_BURST, HELLO_INTERVAL_S = 5, 10
REQUEST_BURST, REQUEST_INTERVAL_S = 2, 60


class Bucket:
    def __init__(self, burst, interval_s):
        self.burst, self.interval_s = burst, interval_s
        self.tokens, self.last = burst, time.monotonic()

    def take(self):
        now = time.monotonic()
        self.tokens = min(self.burst, self.tokens + (now - self.last) / self.interval_s)
        self.last = now
        gate.need(self.tokens >= 1, "too often")
        self.tokens -= 1


class Epochs:
    """Those after the gate that opened the connection. `send` takes payloads of GATE frames."""

    def __init__(self, first, send):
        self.last, self.send = first, send  # the newest gate that is complete
        self.under_way = None
        self.hellos = Bucket(HELLO_BURST, HELLO_INTERVAL_S)
        self.requests = Bucket(REQUEST_BURST, REQUEST_INTERVAL_S)

    @property
    def number(self):
        return self.last.epoch

    def begin(self, initiator_first=False):
        """An initiator's HELLO goes out; a responder waits for it."""
        self.under_way = self.last.next(initiator_first)
        self.flush()

    def ask(self):
        """Wants an epoch, whoever we are."""
        if self.last.role == b"I":
            self.begin()
        else:
            self.send(bytes([gate.REQUEST]))

    def flush(self):
        for payload in self.under_way.outgoing:
            self.send(payload)
        self.under_way.outgoing.clear()

    def take_request(self, payload):
        gate.need(self.last.role == b"I" and len(payload) == 1, "REQUEST")
        self.requests.take()
        if self.under_way is None:
            self.begin()
        else:
            gate.need(not self.under_way.has_peer_hello, "REQUEST behind HELLO")

    def take(self, payload):
        if payload[0] == gate.REQUEST:
            self.take_request(payload)
            return
        if payload[0] == gate.HELLO and self.under_way is None and self.last.role == b"R":
            self.hellos.take()
            self.begin(self.last.initiator_first)
        if self.under_way is None:
            if payload == bytes([gate.REFUSED]):
                raise gate.Refused()
            raise gate.Refuse("gate message %d without an epoch" % payload[0])
        self.under_way.take(payload)
        self.flush()
        if self.under_way.is_open:
            self.last, self.under_way = self.under_way, None
