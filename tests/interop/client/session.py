# SPDX-License-Identifier: Apache-2.0
"""Frames, streams and credit of one connection. No I/O: bytes in, bytes out."""

import struct
from collections import deque

from . import wire
from .wire import ACK, BEGIN, END_STREAM, HAS_MESSAGE, Broken, frame, require

CANCELLED, REFUSED, DEADLINE, PROTOCOL, LIMIT = range(1, 6)
DRAIN_ALL = 2**32 - 1
CREDIT_MAX = 2**31 - 1
FRAME_COST = 8


class Stream:
    """One call, of ours or of the peer's."""

    def __init__(self, session, number, ours=True):
        self.session, self.number, self.ours = session, number, ours
        self.receive_credit = session.settings.stream_window_bytes
        self.send_credit = session.peer.stream_window_bytes
        self.outgoing = deque()  # [message, bytes sent so far]
        self.end_waits = self.half_closed = self.ended = False
        self.headers = None
        self.messages = []
        self.frames = []  # types that came, for tests
        self.status = None
        self.reset_code = None
        self.never_ran = False
        self.broken_rule = None  # why we ended it with RESET PROTOCOL
        self.assembly = None  # bytes of the message under way
        self.assembly_size = 0
        self.call = None  # of the peer: its CallHeader
        self.peer_closed = False  # of the peer: END_STREAM came
        self.answer = None  # of the peer: STATUS that waits for the messages before it

    def send(self, message, end=False):
        require(not self.end_waits and not self.half_closed, "a message after END_STREAM")
        self.outgoing.append([message, 0])
        self.end_waits = end
        self.session.flush()

    def half_close(self):
        self.end_waits = True
        self.session.flush()

    def cancel(self, code=CANCELLED):
        if not self.ended:
            self.session.end(self, code)

    def finish(self, status):
        """Answers a call of the peer, behind what was sent."""
        self.answer = status
        self.session.flush()

    def sent_all(self):
        return not self.outgoing and not self.end_waits


class Session:
    def __init__(self, settings=wire.MINIMA, first_id=None, grants=True, initiator=True, serve=None):
        """serve: called with each stream of the peer that has half-closed; None: calls are refused."""
        self.settings, self.peer = settings, wire.MINIMA
        self.initiator, self.serve = initiator, serve
        self.highest_peer_id = 0
        self.has_peer_settings = False
        self.out = bytearray(wire.frame(wire.SETTINGS, 0, 0, wire.encode_settings(settings)))
        self.reader = wire.FrameReader()
        self.next_id = first_id or (1 if initiator else 2)
        self.streams = {}
        self.receive_credit = settings.connection_window_bytes
        self.send_credit = self.peer.connection_window_bytes
        self.grants = grants  # whether credit is given back
        self.ping_token = 0
        self.ping_answered = 0
        self.drains = []  # (last stream, reason) of the peer
        self.credits_received = 0
        self.lowest_send_credit = None  # of any stream, for tests
        self.epochs = None  # takes GATE payloads once the peer has sent SETTINGS

    # ---- what the application does ----

    def call(self, method_id, timeout_us=None, metadata=(), message=None, end=False):
        """Opens a stream. A message that fits rides in the CALL."""
        require(not self.drains, "the peer drains")
        stream = Stream(self, self.next_id)
        self.streams[self.next_id] = stream
        self.next_id += 2
        header = wire.encode_call(method_id, timeout_us, metadata)
        flags, body = 0, None
        if message is not None:
            cost = len(message) + FRAME_COST
            if 2 + len(header) + 4 + len(message) <= wire.PAYLOAD_MAX and cost <= min(stream.send_credit, self.send_credit):
                self.use_credit(stream, len(message))
                flags, body = HAS_MESSAGE | (END_STREAM if end else 0), message
            else:
                stream.outgoing.append([message, 0])
                stream.end_waits = end
        elif end:
            flags = END_STREAM
        stream.half_closed = bool(flags & END_STREAM)
        self.out += frame(wire.CALL, flags, stream.number, wire.headed(header, body))
        self.flush()
        return stream

    def ping(self):
        self.ping_token += 1
        self.out += frame(wire.PING, 0, 0, struct.pack(">Q", self.ping_token))
        return self.ping_token

    def drain(self, last_stream, reason):
        self.out += frame(wire.DRAIN, 0, 0, struct.pack(">IB", last_stream, reason))

    # ---- sending ----

    def use_credit(self, stream, size):
        stream.send_credit -= size + FRAME_COST
        self.send_credit -= size + FRAME_COST

    def flush(self):
        for stream in list(self.streams.values()):
            while not stream.ended and self.send_data(stream):
                pass
            if self.lowest_send_credit is None or stream.send_credit < self.lowest_send_credit:
                self.lowest_send_credit = stream.send_credit

    def send_data(self, stream):
        """One DATA frame, if there is something to send and credit for it."""
        credit = min(stream.send_credit, self.send_credit) - FRAME_COST
        if not stream.outgoing and stream.answer is not None:
            self.out += frame(wire.STATUS, 0, stream.number, wire.headed(wire.encode_status(stream.answer), None))
            self.close(stream)
            return False
        if not stream.outgoing:
            if not stream.end_waits or credit < 0:
                return False
            self.out += frame(wire.DATA, END_STREAM, stream.number)
            self.use_credit(stream, 0)
            stream.end_waits, stream.half_closed = False, True
            return True
        message, sent = stream.outgoing[0]
        if len(message) > self.peer.max_message_bytes:
            require(not self.has_peer_settings, "a message over the limit")
            return False  # it waits for SETTINGS
        left = len(message) - sent
        if credit < min(left, 1):
            return False
        prefix = struct.pack(">I", len(message)) if sent == 0 else b""
        size = min(left, credit, wire.PAYLOAD_MAX - len(prefix))
        flags = BEGIN if sent == 0 else 0
        last = size == left
        if last and stream.end_waits and len(stream.outgoing) == 1:
            flags |= END_STREAM
            stream.end_waits, stream.half_closed = False, True
        self.out += frame(wire.DATA, flags, stream.number, prefix + message[sent:sent + size])
        self.use_credit(stream, size)
        if last:
            stream.outgoing.popleft()
        else:
            stream.outgoing[0][1] += size
        return True

    def end(self, stream, code):
        """Ends it from here."""
        self.out += frame(wire.RESET, 0, stream.number, bytes([code]))
        self.close(stream)

    def close(self, stream):
        stream.ended = True
        stream.outgoing.clear()
        stream.end_waits = False

    # ---- credit that we give ----

    def take_credit(self, stream, size):
        cost = size + FRAME_COST
        require(cost <= self.receive_credit, "more than the connection's credit")
        self.receive_credit -= cost
        if stream is not None and not stream.ended:
            require(cost <= stream.receive_credit, "more than the stream's credit")
            stream.receive_credit -= cost

    def give_credit(self, stream):
        if not self.grants:
            return
        window = self.settings.connection_window_bytes
        if window - self.receive_credit >= window // 2:
            self.grant(0, window - self.receive_credit)
            self.receive_credit = window
        window = self.settings.stream_window_bytes
        if stream is not None and not stream.ended and window - stream.receive_credit >= window // 2:
            self.grant(stream.number, window - stream.receive_credit)
            stream.receive_credit = window

    def grant(self, number, size):
        self.out += frame(wire.CREDIT, 0, number, struct.pack(">I", size))

    # ---- receiving ----

    def feed(self, data):
        self.reader.feed(data)
        while True:
            received = self.reader.next()
            if received is None:
                return
            self.take(received)

    def take(self, received):
        kind = received.type
        require((kind == wire.SETTINGS) != self.has_peer_settings or kind == wire.GATE, "SETTINGS first, and once")
        if kind in (wire.HEADERS, wire.DATA, wire.STATUS, wire.RESET):
            self.take_of_stream(self.find(received.stream), received)
        else:
            {wire.SETTINGS: self.take_settings, wire.CREDIT: self.take_credit_frame, wire.PING: self.take_ping,
             wire.DRAIN: self.take_drain, wire.CALL: self.take_call, wire.GATE: self.take_gate}[kind](received)
        self.flush()

    def is_ours(self, number):
        return (number % 2 == 1) == self.initiator

    def find(self, number):
        opened = number < self.next_id if self.is_ours(number) else number <= self.highest_peer_id
        require(opened, "a stream that was never opened")
        return self.streams.get(number)

    def take_gate(self, received):
        if received.payload == b"\4" and not self.has_peer_settings:
            raise Broken("REFUSED")
        if self.epochs is None:
            raise Broken("a GATE frame")
        self.epochs.take(received.payload)

    def send_gate(self, payload):
        self.out += frame(wire.GATE, 0, 0, payload)

    def take_settings(self, received):
        self.peer = wire.decode_settings(received.payload)
        self.has_peer_settings = True
        self.send_credit += self.peer.connection_window_bytes - wire.MINIMA.connection_window_bytes
        for stream in self.streams.values():
            stream.send_credit += self.peer.stream_window_bytes - wire.MINIMA.stream_window_bytes

    def take_call(self, received):
        number = received.stream
        require(not self.is_ours(number) and self.highest_peer_id < number < 2**31, "the id of a CALL")
        self.highest_peer_id = number
        header, body = wire.split_headed(received.flags, received.payload)
        call = wire.decode_call(header, self.settings.max_metadata_bytes)
        stream = Stream(self, number, ours=False)
        if body is not None:
            self.take_credit(stream, len(body))
        if self.serve is None or call.timeout_us == 0:
            self.out += frame(wire.RESET, 0, number, bytes([REFUSED if self.serve is None else DEADLINE]))
            return
        stream.call = call
        stream.messages = [] if body is None else [body]
        self.streams[number] = stream
        if received.flags & END_STREAM:
            stream.peer_closed = True
            self.serve(stream)

    def take_credit_frame(self, received):
        size = struct.unpack(">I", received.payload)[0]
        require(1 <= size <= CREDIT_MAX, "CREDIT of %d" % size)
        self.credits_received += 1
        if received.stream == 0:
            self.send_credit += size
            require(self.send_credit <= CREDIT_MAX, "too much credit")
            return
        stream = self.find(received.stream)
        if stream is not None and not stream.ended:
            stream.send_credit += size
            require(stream.send_credit <= CREDIT_MAX, "too much credit")

    def take_ping(self, received):
        token = struct.unpack(">Q", received.payload)[0]
        if received.flags & ACK:
            require(self.ping_answered < token <= self.ping_token, "an answer to no PING")
            self.ping_answered = token
        else:
            self.out += frame(wire.PING, ACK, 0, received.payload)

    def take_drain(self, received):
        last, reason = struct.unpack(">IB", received.payload)
        require(1 <= reason <= 6, "DRAIN reason %d" % reason)
        require(len(self.drains) < 2 and (not self.drains or last != DRAIN_ALL), "DRAIN out of order")
        require(last in (0, DRAIN_ALL) or self.is_ours(last) and last < self.next_id, "DRAIN of a stream never opened")
        self.drains.append((last, reason))
        for stream in self.streams.values():
            if stream.ours and stream.number > last and not stream.ended:
                stream.never_ran = True
                self.close(stream)

    # ---- frames of one call ----

    def take_of_stream(self, stream, received):
        size = self.message_bytes(received)
        if size is not None:
            self.take_credit(stream, size)
        if stream is not None and not stream.ended:
            stream.frames.append(received.type)
            {wire.HEADERS: self.take_headers, wire.DATA: self.take_data, wire.STATUS: self.take_status,
             wire.RESET: self.take_reset}[received.type](stream, received)
        if size is not None:
            self.give_credit(stream)

    def message_bytes(self, received):
        """What the frame costs but for the 8 bytes; None when nothing."""
        if received.type == wire.DATA:
            return len(received.payload) - (4 if received.flags & BEGIN else 0)
        if received.type == wire.STATUS and received.flags & HAS_MESSAGE:
            return len(wire.split_headed(received.flags, received.payload)[1])
        return None

    def fault(self, stream, what):
        stream.broken_rule = what
        self.end(stream, PROTOCOL)

    def take_headers(self, stream, received):
        metadata = wire.decode_headers(received.payload, self.settings.max_metadata_bytes)
        if not stream.ours or stream.headers is not None or stream.messages or stream.assembly is not None:
            self.fault(stream, "HEADERS out of order")
            return
        stream.headers = metadata

    def take_data(self, stream, received):
        payload = received.payload
        if stream.peer_closed or stream.ours and received.flags & END_STREAM:
            self.fault(stream, "END_STREAM of the callee, or DATA behind it")
            return
        if received.flags & BEGIN:
            if stream.assembly is not None:
                self.fault(stream, "a message inside a message")
                return
            stream.assembly_size = struct.unpack(">I", payload[:4])[0]
            payload = payload[4:]
            require(len(payload) <= stream.assembly_size, "more bytes than the message")
            if stream.assembly_size > self.settings.max_message_bytes:
                self.end(stream, LIMIT)
                return
            stream.assembly = bytearray()
        elif payload and (stream.assembly is None or len(stream.assembly) + len(payload) > stream.assembly_size):
            self.fault(stream, "bytes outside a message")
            return
        if stream.assembly is not None:
            stream.assembly += payload
            if len(stream.assembly) == stream.assembly_size:
                stream.messages.append(bytes(stream.assembly))
                stream.assembly = None
        if received.flags & END_STREAM:
            self.take_end(stream)

    def take_end(self, stream):
        if stream.assembly is not None:
            self.fault(stream, "END_STREAM inside a message")
            return
        stream.peer_closed = True
        self.serve(stream)

    def take_status(self, stream, received):
        if not stream.ours:
            self.fault(stream, "STATUS of the caller")
            return
        header, body = wire.split_headed(received.flags, received.payload)
        status = wire.decode_status(header, self.settings.max_metadata_bytes)
        if stream.assembly is not None:
            stream.broken_rule = "STATUS inside a message"
        else:
            stream.status = status
            if body is not None:
                stream.messages.append(body)
        self.close(stream)

    def take_reset(self, stream, received):
        code = received.payload[0]
        require(CANCELLED <= code <= LIMIT, "RESET code %d" % code)
        stream.reset_code = code
        stream.never_ran = code == REFUSED
        self.close(stream)
