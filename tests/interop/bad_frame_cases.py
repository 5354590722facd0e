# SPDX-License-Identifier: Apache-2.0
"""What ends the connection: DRAIN with reason 5, close_notify, and nothing more. What ends a call: RESET PROTOCOL."""

from client import gate, session, wire
from client.wire import BEGIN, END_STREAM, HAS_MESSAGE, frame
from world import blob, method_id, unblob


def call(stream=1, flags=HAS_MESSAGE | END_STREAM, method=None, message=b"", metadata=()):
    header = wire.encode_call(method_id("Echo") if method is None else method, None, metadata)
    return frame(wire.CALL, flags, stream, wire.headed(header, message if flags & HAS_MESSAGE else None))


def raw_call(header):
    return frame(wire.CALL, END_STREAM, 1, wire.headed(header, None))


METHOD = wire.encode_call(method_id("Echo"), None, [])
SETTINGS = frame(wire.SETTINGS, 0, 0)
BODY = (7).to_bytes(4, "big") + bytes(7)

# Sent behind our SETTINGS.
ENDS_CONNECTION = {
    "a frame that is too long": b"\x3f\xf9\x05\x00\x00\x00\x00\x01",
    "an unknown type": frame(11, 0, 0),
    "IGNORABLE on a known type": frame(wire.PING, wire.IGNORABLE, 0, bytes(8)),
    "a flag that is not allowed": call(flags=HAS_MESSAGE | END_STREAM | BEGIN),
    "SETTINGS on a stream": frame(wire.SETTINGS, 0, 1),
    "CALL on stream 0": call(stream=0),
    "CALL on an even stream": call(stream=2),
    "CALL on the same stream twice": call(1) + call(1),
    "CALL below the highest stream": call(5) + call(3),
    "CALL above 2^31": call(2**31 + 1),
    "CALL that is cut": frame(wire.CALL, END_STREAM, 1, b"\0\5" + METHOD[:4]),
    "CALL with a byte behind it": frame(wire.CALL, END_STREAM, 1, wire.headed(METHOD, None) + b"\0"),
    "CALL without a method": raw_call(b""),
    "CALL with method 0": raw_call(wire.field_fixed32(1, 0)),
    "a field that comes twice": raw_call(METHOD + METHOD),
    "a wrong wire type": raw_call(METHOD + wire.field_fixed32(2, 7)),
    "a group": raw_call(METHOD + b"\x4b\x4c"),
    "a varint that is not minimal": raw_call(METHOD + b"\x10\x81\x00"),
    "a tag that is not minimal": raw_call(b"\x8d\x00" + METHOD[1:]),
    "field number 0": raw_call(METHOD + b"\x02\x00"),
    "a metadata key in upper case": call(metadata=[("Key", b"")]),
    "an empty metadata key": call(metadata=[("", b"x")]),
    "a metadata value with a newline": call(metadata=[("key", b"a\n")]),
    "SETTINGS twice": SETTINGS,
    "DATA of a stream that was never opened": frame(wire.DATA, 0, 1, b"x"),
    "HEADERS of a stream that was never opened": frame(wire.HEADERS, 0, 3, wire.encode_metadata([("k", b"v")])),
    "RESET of a stream that was never opened": frame(wire.RESET, 0, 2, b"\1"),
    "CREDIT of a stream that was never opened": frame(wire.CREDIT, 0, 1, bytes(3) + b"\1"),
    "DATA that carries nothing": call(flags=0) + frame(wire.DATA, 0, 1),
    "DATA with BEGIN and no length": call(flags=0) + frame(wire.DATA, BEGIN, 1, b"\0\0\0"),
    "DATA with more bytes than the message": call(flags=0) + frame(wire.DATA, BEGIN, 1, b"\0\0\0\1" + b"xx"),
    "RESET with code 0": call(flags=0) + frame(wire.RESET, 0, 1, b"\0"),
    "RESET with code 6": call(flags=0) + frame(wire.RESET, 0, 1, b"\6"),
    "CREDIT of 0": frame(wire.CREDIT, 0, 0, bytes(4)),
    "CREDIT above 2^31 - 1": frame(wire.CREDIT, 0, 0, b"\x80\0\0\0"),
    "CREDIT whose sum is too large": frame(wire.CREDIT, 0, 0, b"\x7f\xff\xff\xff"),
    "an answer to no PING": frame(wire.PING, wire.ACK, 0, bytes(7) + b"\1"),
    "17 PINGs at once and more": frame(wire.PING, 0, 0, bytes(8)) * 100,
    "DRAIN with reason 0": frame(wire.DRAIN, 0, 0, bytes(5)),
    "DRAIN with reason 7": frame(wire.DRAIN, 0, 0, bytes(4) + b"\7"),
    "DRAIN three times": frame(wire.DRAIN, 0, 0, bytes(4) + b"\1") * 3,
    "DRAIN all behind DRAIN 0": frame(wire.DRAIN, 0, 0, bytes(4) + b"\1") + frame(wire.DRAIN, 0, 0, b"\xff" * 4 + b"\1"),
    "DRAIN of a stream never opened": frame(wire.DRAIN, 0, 0, bytes(3) + b"\2\1"),
    "more streams than allowed": b"".join(call(number, flags=0) for number in range(1, 2 * 257 + 1, 2)),
    "201 frames of unknown types": frame(99, wire.IGNORABLE, 0) * 201,
}

# In place of our SETTINGS.
BAD_START = {
    "PING before SETTINGS": frame(wire.PING, 0, 0, bytes(8)),
    "a setting below its minimum": frame(wire.SETTINGS, 0, 0, wire.field_varint(1, 15)),
    "a setting above its limit": frame(wire.SETTINGS, 0, 0, wire.field_varint(4, 10241)),
    "a stream's window above 1/16": frame(wire.SETTINGS, 0, 0, wire.field_varint(5, 65537)),
    "a setting that does not fit 32 bits": frame(wire.SETTINGS, 0, 0, wire.field_varint(1, 2**32 + 16)),
    "a service without a digest": frame(wire.SETTINGS, 0, 0, wire.field_bytes(7, wire.field_fixed32(1, 5))),
    "services out of order": frame(wire.SETTINGS, 0, 0, b"".join(
        wire.field_bytes(7, wire.field_fixed32(1, number) + wire.field_bytes(2, bytes(32))) for number in (2, 1))),
}

ENDS_CALL = {
    "DATA after END_STREAM": call(method=method_id("Wait")) + frame(wire.DATA, BEGIN, 1, BODY),
    "END_STREAM inside a message": call(flags=0) + frame(wire.DATA, BEGIN | END_STREAM, 1, b"\0\0\0\2x"),
    "a message inside a message": call(flags=0) + frame(wire.DATA, BEGIN, 1, b"\0\0\0\2x") + frame(wire.DATA, BEGIN, 1, BODY),
    "bytes outside a message": call(flags=0) + frame(wire.DATA, 0, 1, b"x"),
    "more bytes than are left": call(flags=0) + frame(wire.DATA, BEGIN, 1, b"\0\0\0\2x") + frame(wire.DATA, 0, 1, b"xx"),
    "HEADERS of the caller": call(flags=0) + frame(wire.HEADERS, 0, 1, wire.encode_metadata([("k", b"v")])),
    "STATUS of the caller": call(flags=0) + frame(wire.STATUS, 0, 1, b"\0\0"),
}


def ended(opened, first, data):
    """What comes is DRAIN with reason 5 at most behind SETTINGS and RESETs, then close_notify."""
    opened.session.out[:] = first + data
    opened.session.next_id = 2**31 - 1
    assert opened.wait_closed(), "no close_notify"
    drains = opened.session.drains
    assert len(drains) == 1 and drains[0][1] == 5, drains


def connection_ends(data, first=SETTINGS):
    def case(world):
        ended(world.channel("x509"), first, data)
        opened = world.channel("x509")
        assert unblob(opened.unary(method_id("Echo"), blob(b"x")).messages[0]) == b"x"
        opened.close()
    return case


def call_ends(data):
    def case(world):
        opened = world.channel("x509")
        stream = opened.session.call(method_id("Echo"))
        opened.session.out[:] = SETTINGS + data
        assert opened.finish(stream).reset_code == session.PROTOCOL, stream.status
        assert unblob(opened.unary(method_id("Echo"), blob(b"x")).messages[0]) == b"x"
        opened.close()
    return case


def a_gate_message_after_the_gate(world):
    """It fails the gate: REFUSED, as any other failure of it."""
    for payload in (b"\5", b"\1\1", b"\0"):
        opened = world.channel("x509")
        opened.run(lambda: opened.session.has_peer_settings)
        opened.session.out += frame(wire.GATE, 0, 0, payload)
        opened.push()
        reader = wire.FrameReader()
        reader.feed(opened.wire.read())
        assert reader.next() == (wire.GATE, 0, 0, bytes([gate.REFUSED]))
        opened.check_goodbye(reader)


def named(function, name):
    function.__name__ = name
    return function


CASES = ([named(connection_ends(data), name) for name, data in ENDS_CONNECTION.items()] +
         [named(connection_ends(b"", first), name) for name, first in BAD_START.items()] +
         [a_gate_message_after_the_gate] +
         [named(call_ends(data), name) for name, data in ENDS_CALL.items()])
