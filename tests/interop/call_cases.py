# SPDX-License-Identifier: Apache-2.0
"""Calls with one message each way, and what surrounds them."""

from client import session, wire
from world import blob, counts, failure, method_id, size, unblob

BOUNDARIES = [0, 1, 126, 127, 1000, 16330, 16351, 16352, 16353, 16354, 16355, 16356, 16368, 16369, 16370, 32768, 65525, 65526,
              65527, 65528, 65529, 65536]


def pattern(count):
    return bytes(i % 251 for i in range(count))


def answer(stream):
    assert stream.status is not None, "RESET %s" % stream.reset_code
    assert stream.status.code == 0, stream.status
    assert len(stream.messages) == 1
    return unblob(stream.messages[0])


def failed(stream, code, text=None):
    assert stream.status is not None, "RESET %s" % stream.reset_code
    assert stream.status.code == code and not stream.messages, stream.status
    assert text is None or text in stream.status.message, stream.status


def is_alive(opened):
    assert answer(opened.unary(method_id("Echo"), blob(b"alive"))) == b"alive"


LARGE = wire.MINIMA._replace(max_message_bytes=1 << 20)


def messages_of_every_size(world):
    opened = world.channel(settings=LARGE)
    opened.run(lambda: opened.session.has_peer_settings)
    for count in BOUNDARIES:
        data = pattern(count)
        assert answer(opened.unary(method_id("Echo"), blob(data))) == data, count
    opened.close()


def one_frame_each_way(world):
    opened = world.channel()
    stream = opened.unary(method_id("Echo"), blob(b"hello"))
    assert answer(stream) == b"hello" and stream.frames == [wire.STATUS]
    opened.close()


def the_request_in_data_frames(world):
    """CALL alone, bytes one by one, END_STREAM alone."""
    opened = world.channel()
    message = blob(b"in pieces")
    stream = opened.session.call(method_id("Echo"))
    out = opened.session.out
    out += wire.frame(wire.DATA, wire.BEGIN, stream.number, len(message).to_bytes(4, "big"))
    for byte in message:
        out += wire.frame(wire.DATA, 0, stream.number, bytes([byte]))
    out += wire.frame(wire.DATA, wire.END_STREAM, stream.number)
    for count in [8] + [9] * len(message) + [8]:
        opened.session.use_credit(stream, count - 8)
    assert answer(opened.finish(stream)) == b"in pieces"
    stream = opened.session.call(method_id("Echo"), message=message)
    stream.half_close()
    assert answer(opened.finish(stream)) == b"in pieces"
    opened.close()


def frames_cut_anywhere(world):
    opened = world.channel()
    stream = opened.session.call(method_id("Echo"), message=blob(b"cut"), end=True)
    data = bytes(opened.session.out)
    opened.session.out.clear()
    for byte in data:
        opened.wire.write(bytes([byte]))
    assert answer(opened.finish(stream)) == b"cut"
    opened.close()


def ids_may_be_skipped(world):
    opened = world.channel(first_id=101)
    is_alive(opened)
    opened.session.next_id = 1001
    is_alive(opened)
    opened.session.next_id = 2**31 - 1
    is_alive(opened)
    opened.close()


def many_calls_at_once(world):
    opened = world.channel()
    opened.run(lambda: opened.session.has_peer_settings)
    streams = [opened.session.call(method_id("Echo"), message=blob(b"%d" % i), end=True)
               for i in range(opened.session.peer.max_streams)]
    opened.run(lambda: all(stream.ended for stream in streams))
    assert [answer(stream) for stream in streams] == [b"%d" % i for i in range(len(streams))]
    opened.close()


def metadata_both_ways(world):
    opened = world.channel()
    metadata = [("h-a", b"one"), ("t-z-bin", bytes(range(256))), ("h-a", b"two"), ("h-bin", b"\0\xff"), ("t-z-bin", b""),
                ("h-e", b""), ("ignored", b"x"), ("h-" + "k" * 126, b" ~")]
    stream = opened.unary(method_id("Echo"), blob(b"m"), metadata=metadata)
    assert answer(stream) == b"m" and stream.frames[0] == wire.HEADERS
    assert stream.headers == [pair for pair in metadata if pair[0].startswith("h-")]
    assert stream.status.trailers == [pair for pair in metadata if pair[0].startswith("t-")]
    opened.close()


def sized_metadata(total):
    """Entries that have so many bytes as encoded."""
    pairs = [("t-b", b"b" * 1000)] * (total // 2000)
    left = total - len(wire.encode_metadata(pairs))
    pairs.append(("t-c", b"c" * (left - len(wire.encode_metadata([("t-c", b"c" * 200)])) + 200)))
    assert len(wire.encode_metadata(pairs)) == total
    return pairs


def metadata_up_to_its_limit(world):
    opened = world.channel()
    at_limit = sized_metadata(8192)
    stream = opened.unary(method_id("Echo"), blob(b"m"), metadata=at_limit)
    assert answer(stream) == b"m" and stream.status.trailers == at_limit
    failed(opened.unary(method_id("Echo"), blob(b"m"), metadata=sized_metadata(8193)), 8, "8193 bytes is over the limit of 8192")
    sixty_four = [("h-%d" % i, b"") for i in range(64)]
    assert opened.unary(method_id("Echo"), blob(b"m"), metadata=sixty_four).headers == sixty_four
    failed(opened.unary(method_id("Echo"), blob(b"m"), metadata=sixty_four + [("x", b"")]), 8)
    failed(opened.unary(method_id("Echo"), blob(b"m"), metadata=[("k" * 129, b"")]), 8)
    stream = opened.session.call(method_id("Echo"), message=blob(b"m"), end=True)
    header = wire.encode_call(method_id("Echo"), None, []) + wire.field_varint(3, 1) * 512
    opened.session.out[:] = wire.frame(wire.CALL, wire.END_STREAM, stream.number, wire.headed(header, None))
    failed(opened.finish(stream), 8)
    is_alive(opened)
    opened.close()


def every_status_code(world):
    opened = world.channel()
    for code in range(1, 17):
        details = bytes([code]) * code
        stream = opened.unary(method_id("Fail"), failure(code, "number %d – é" % code, details))
        failed(stream, code)
        assert stream.status.message == "number %d – é" % code and stream.status.details == details
        assert stream.status.trailers == [("t-why-bin", details)]
    failed(opened.unary(method_id("Fail"), failure(17, "none of them", b"d")), 13)
    opened.close()


def longest_message_and_details(world):
    opened = world.channel()
    stream = opened.unary(method_id("Fail"), failure(9, "m" * 1500, b"d" * 4096))
    failed(stream, 9)
    assert stream.status.message == "m" * 1024 and stream.status.details == b"d" * 4096
    opened.close()


def calls_that_no_handler_takes(world):
    opened = world.channel()
    failed(opened.unary(0x12345678, b""), 12)
    failed(opened.unary(method_id("Secret"), b""), 7, "/grille.interop.v1.Interop/Secret")
    failed(opened.unary(method_id("Echo"), b"\xff"), 3)
    failed(opened.finish(opened.session.call(method_id("Echo"), end=True)), 13)
    stream = opened.session.call(method_id("Echo"), message=blob(b"one"))
    stream.send(blob(b"two"), end=True)
    failed(opened.finish(stream), 13)
    is_alive(opened)
    opened.close()


def a_message_over_the_limit(world):
    """Nothing of it need be sent: its length is enough."""
    opened = world.channel()
    opened.run(lambda: opened.session.has_peer_settings)
    most = opened.session.peer.max_message_bytes
    stream = opened.session.call(method_id("Echo"))
    opened.session.out += wire.frame(wire.DATA, wire.BEGIN, stream.number, (most + 1).to_bytes(4, "big"))
    opened.session.use_credit(stream, 0)
    failed(opened.finish(stream), 8, "%d bytes is over the limit of %d bytes" % (most + 1, most))
    is_alive(opened)
    opened.close()


def an_answer_over_our_limit(world):
    opened = world.channel()
    failed(opened.unary(method_id("Make"), size(65536)), 8, "65536")
    assert answer(opened.unary(method_id("Make"), size(65532))) == pattern(65532)
    opened.close()


def a_request_larger_than_the_window(world):
    opened = world.channel()
    data = pattern(900000)
    stream = opened.session.call(method_id("Echo"), message=blob(data), end=True)
    opened.run(lambda: opened.session.has_peer_settings)
    opened.run(lambda: stream.sent_all() or stream.ended)
    opened.finish(stream)
    # Our own limit is 64 KiB: the answer can't come. That the request arrived whole says the size in the text.
    failed(stream, 8, "900004")
    opened.close()


def both_messages_larger_than_the_window(world):
    opened = world.channel(settings=LARGE)
    data = pattern(1000000)
    stream = opened.session.call(method_id("Echo"), message=blob(data), end=True)
    opened.run(lambda: opened.session.has_peer_settings)
    assert answer(opened.finish(stream)) == data
    assert stream.frames.count(wire.DATA) >= 60 and opened.session.credits_received > 0
    opened.close()


def an_answer_stops_at_its_window(world):
    """We give no credit: what came is what the window holds, and another call is not held up."""
    opened = world.channel(settings=LARGE, grants=False)
    stalled = opened.session.call(method_id("Make"), message=size(500000), end=True)
    opened.run(lambda: stalled.receive_credit < wire.FRAME_HEADER_BYTES + 1)
    assert 65536 - 5 * 16384 < len(stalled.assembly) <= 65536 and not stalled.ended
    is_alive(opened)
    came = len(stalled.assembly)
    opened.session.grant(stalled.number, 1000)
    stalled.receive_credit += 1000
    opened.run(lambda: stalled.receive_credit < wire.FRAME_HEADER_BYTES + 1)
    assert came < len(stalled.assembly) <= came + 1000
    opened.session.grants = True
    opened.session.give_credit(stalled)
    assert answer(opened.finish(stalled)) == pattern(500000)
    opened.close()


def deadlines(world):
    opened = world.channel()
    assert opened.unary(method_id("Echo"), blob(b"x"), timeout_us=0).reset_code == session.DEADLINE
    assert opened.unary(method_id("Wait"), blob(b"x"), timeout_us=20000).reset_code == session.DEADLINE
    assert answer(opened.unary(method_id("Echo"), blob(b"x"), timeout_us=60000000)) == b"x"
    assert answer(opened.unary(method_id("Echo"), blob(b"x"), timeout_us=2**64 - 1)) == b"x"
    opened.close()


def a_cancelled_call_reaches_its_handler(world):
    opened = world.channel("x509", world.own_server("x509", "cancel"))
    waiting = opened.session.call(method_id("Wait"), message=blob(b""), end=True)
    assert opened.unary(method_id("WaitFor"), counts(waiting=1)).status.code == 0
    waiting.cancel()
    assert opened.unary(method_id("WaitFor"), counts(cancelled=1)).status.code == 0
    is_alive(opened)
    opened.close()


def pings(world):
    opened = world.channel()
    token = opened.session.ping()
    opened.run(lambda: opened.session.ping_answered == token)
    for _ in range(5):
        token = opened.session.ping()
    opened.run(lambda: opened.session.ping_answered == token)
    is_alive(opened)
    opened.close()


def frames_of_later_versions(world):
    opened = world.channel()
    opened.run(lambda: opened.session.has_peer_settings)
    for count in (0, 1, 16376):
        opened.session.out += wire.frame(200, wire.IGNORABLE | 0x7f, 12345, bytes(count))
    is_alive(opened)
    header = wire.encode_call(method_id("Echo"), None, [("h-x", b"1")]) + wire.field_bytes(9, b"?") + wire.field_varint(900, 5)
    stream = opened.session.call(method_id("Echo"), message=blob(b"new"), end=True)
    opened.session.out[:] = wire.frame(wire.CALL, wire.HAS_MESSAGE | wire.END_STREAM, stream.number,
                                       wire.headed(header, blob(b"new")))
    assert answer(opened.finish(stream)) == b"new" and stream.headers == [("h-x", b"1")]
    opened.close()


def frames_of_ended_streams(world):
    """They cross its STATUS; what they cost comes back."""
    opened = world.channel()
    opened.run(lambda: opened.session.has_peer_settings)
    left = opened.session.peer.connection_window_bytes // 9000 + 100
    while left > 0:
        streams = [opened.session.call(method_id("Secret")) for _ in range(100)]
        for stream in streams:
            opened.session.out += wire.frame(wire.DATA, wire.BEGIN, stream.number, (9000).to_bytes(4, "big") + bytes(9000))
            opened.session.use_credit(stream, 9000)
            opened.session.out += wire.frame(wire.CREDIT, 0, stream.number, b"\0\0\0\1")
        opened.run(lambda: all(stream.ended for stream in streams))
        for stream in streams:
            failed(stream, 7)
        assert opened.session.send_credit > 0
        left -= len(streams)
    is_alive(opened)
    opened.close()


def we_drain(world):
    """Our DRAIN is about calls of the peer: ours go on."""
    opened = world.channel()
    opened.session.drain(session.DRAIN_ALL, 1)
    is_alive(opened)
    opened.session.drain(0, 1)
    is_alive(opened)
    opened.close()


def the_server_drains(world):
    server = world.own_server("nitro", "drain")
    opened = world.channel("nitro", server)
    waiting = opened.session.call(method_id("Wait"), message=blob(b""), end=True)
    assert opened.unary(method_id("WaitFor"), counts(waiting=1)).status.code == 0
    told = opened.session.call(method_id("WaitFor"), message=counts(cancelled=1), end=True)
    is_alive(opened)
    server.terminate()
    while not opened.session.drains or not opened.session.out:
        opened.pump()
    assert opened.session.drains == [(session.DRAIN_ALL, 1)]
    # A call that crosses the notice: its CALL leaves before the answer to the PING.
    notice, opened.session.drains = opened.session.drains, []
    pong = bytes(opened.session.out)
    opened.session.out.clear()
    late = opened.session.call(method_id("Echo"), message=blob(b"crossed the notice"), end=True)
    opened.session.out += pong
    opened.session.drains = notice
    opened.run(lambda: len(opened.session.drains) == 2)
    last, reason = opened.session.drains[1]
    assert (last, reason) == (late.number, 1)
    assert answer(opened.finish(late)) == b"crossed the notice"
    # Above the last stream: refused, and it never ran.
    drains, opened.session.drains = opened.session.drains, []
    beyond = opened.session.call(method_id("Echo"), message=blob(b"too late"), end=True)
    opened.session.drains = drains
    assert opened.finish(beyond).reset_code == session.REFUSED and beyond.never_ran
    waiting.cancel()
    assert opened.finish(told).status.code == 0
    assert opened.wait_closed()
    status, errors = server.end()
    assert status == 0, errors


def drained(opened, last, reason):
    """Both notices, then close_notify."""
    assert opened.wait_closed()
    assert opened.session.drains == [(session.DRAIN_ALL, reason), (last, reason)], opened.session.drains


def an_idle_connection_is_drained(world):
    drained(world.channel("x509", world.own_server("x509", "idle", idle_ms=20)), 0, 3)


def call_before_it_is_old(world, server):
    """A connection with a call that was taken. A slow machine may be too late for it: then again."""
    for _ in range(100):
        opened = world.channel("x509", server)
        if not opened.session.drains:
            waiting = opened.session.call(method_id("Wait"), message=blob(b""), end=True)
            opened.run(lambda: len(opened.session.drains) == 2)
            if not waiting.never_ran:
                return opened, waiting
        opened.close()
    raise AssertionError("no call was taken")


def an_old_connection_is_drained(world):
    """What runs ends first."""
    opened, waiting = call_before_it_is_old(world, world.own_server("x509", "old", age_ms=20))
    assert not waiting.ended
    waiting.cancel()
    drained(opened, waiting.number, 6)


CASES = [messages_of_every_size, one_frame_each_way, the_request_in_data_frames, frames_cut_anywhere, ids_may_be_skipped,
         many_calls_at_once, metadata_both_ways, metadata_up_to_its_limit, every_status_code, longest_message_and_details,
         calls_that_no_handler_takes, a_message_over_the_limit, an_answer_over_our_limit, a_request_larger_than_the_window,
         both_messages_larger_than_the_window, an_answer_stops_at_its_window, deadlines,
         a_cancelled_call_reaches_its_handler, pings, frames_of_later_versions, frames_of_ended_streams, we_drain,
         the_server_drains, an_idle_connection_is_drained, an_old_connection_is_drained]
