# SPDX-License-Identifier: Apache-2.0
"""Calls with many messages, in each direction and in both."""

from client import session, wire
from call_cases import LARGE, answer, failed, is_alive, pattern
from world import blob, counts, method_id, unblob

SIZES = [0, 1, 5, 1000, 16371, 16372, 16373, 40000]


def total(stream):
    assert stream.status is not None and stream.status.code == 0, (stream.status, stream.reset_code)
    found = wire.message(stream.messages[0], {1: ("messages", 0, False), 2: ("bytes", 0, False)})
    return found.get("messages", 0), found.get("bytes", 0)


def plan(messages, size):
    return ((wire.field_varint(1, messages) if messages else b"") + (wire.field_varint(2, size) if size else b""))


def downloaded(number, size):
    return bytes((number + i) % 251 for i in range(size))


def upload_of_every_size(world):
    opened = world.channel()
    stream = opened.session.call(method_id("Upload"))
    for size in SIZES:
        stream.send(blob(pattern(size)))
    stream.half_close()
    assert total(opened.finish(stream)) == (len(SIZES), sum(SIZES))
    opened.close()


def upload_that_begins_in_the_call(world):
    opened = world.channel()
    stream = opened.session.call(method_id("Upload"), message=blob(b"first"))
    stream.send(blob(b"second"))
    stream.send(blob(b""), end=True)
    assert total(opened.finish(stream)) == (3, 11)
    stream = opened.session.call(method_id("Upload"), message=blob(b"one and only"), end=True)
    assert total(opened.finish(stream)) == (1, 12)
    opened.close()


def upload_of_nothing(world):
    opened = world.channel()
    assert total(opened.finish(opened.session.call(method_id("Upload"), end=True))) == (0, 0)
    stream = opened.session.call(method_id("Upload"))
    stream.half_close()
    assert total(opened.finish(stream)) == (0, 0)
    opened.close()


def upload_of_empty_messages(world):
    """Each costs 8 of the credit: more than a window of them."""
    opened = world.channel()
    count = 20000
    stream = opened.session.call(method_id("Upload"))
    for _ in range(count):
        stream.outgoing.append([b"", 0])
    stream.half_close()
    assert total(opened.finish(stream)) == (count, 0)
    opened.close()


def upload_larger_than_the_windows(world):
    opened = world.channel()
    opened.run(lambda: opened.session.has_peer_settings)
    size, count = 500000, opened.session.peer.connection_window_bytes // 500000 + 3
    stream = opened.session.call(method_id("Upload"))
    data = blob(pattern(size))
    for _ in range(count):
        stream.outgoing.append([data, 0])
    stream.half_close()
    assert total(opened.finish(stream)) == (count, count * size)
    assert opened.session.credits_received >= 2
    opened.close()


def download_of_every_size(world):
    opened = world.channel()
    for size in SIZES:
        stream = opened.unary(method_id("Download"), plan(3, size))
        assert stream.status.code == 0, stream.status
        assert [unblob(m) for m in stream.messages] == [downloaded(i, size) for i in range(3)], size
    opened.close()


def download_of_nothing(world):
    opened = world.channel()
    stream = opened.unary(method_id("Download"), plan(0, 0))
    assert stream.status.code == 0 and stream.messages == [] and stream.frames == [wire.STATUS]
    opened.close()


def download_larger_than_the_windows(world):
    opened = world.channel(settings=LARGE)
    stream = opened.unary(method_id("Download"), plan(20, 100000))
    assert stream.status.code == 0 and len(stream.messages) == 20
    assert all(unblob(m) == downloaded(i, 100000) for i, m in enumerate(stream.messages))
    opened.close()


def download_that_nobody_reads(world):
    """It stops at the stream's window; other calls go on; with credit it goes on too."""
    opened = world.channel(grants=False)
    stream = opened.session.call(method_id("Download"), message=plan(100, 1000), end=True)
    opened.run(lambda: stream.receive_credit < 1100)
    came = len(stream.messages)
    assert 50 <= came < 66 and not stream.ended
    is_alive(opened)
    assert len(stream.messages) == came
    opened.session.grants = True
    opened.session.give_credit(stream)
    assert opened.finish(stream).status.code == 0 and len(stream.messages) == 100
    opened.close()


def chat_answers_each_message(world):
    opened = world.channel()
    metadata = [("h-a", b"1"), ("t-b-bin", b"\0\1"), ("h-a", b"2")]
    stream = opened.session.call(method_id("Chat"), metadata=metadata)
    for number, size in enumerate(SIZES):
        stream.send(blob(pattern(size)))
        opened.run(lambda: len(stream.messages) == number + 1)
        assert unblob(stream.messages[number]) == pattern(size)
    assert stream.headers == [("h-a", b"1"), ("h-a", b"2")] and stream.frames[0] == wire.HEADERS
    stream.half_close()
    assert opened.finish(stream).status.code == 0 and stream.status.trailers == [("t-b-bin", b"\0\1")]
    opened.close()


def chat_all_at_once(world):
    """Everything is sent before anything is read."""
    opened = world.channel()
    messages = [pattern(i * 37 % 5000) for i in range(300)]
    stream = opened.session.call(method_id("Chat"))
    for data in messages:
        stream.send(blob(data))
    stream.half_close()
    assert opened.finish(stream).status.code == 0
    assert [unblob(m) for m in stream.messages] == messages
    opened.close()


def chats_side_by_side(world):
    opened = world.channel()
    first = opened.session.call(method_id("Chat"))
    second = opened.session.call(method_id("Chat"))
    for number in range(50):
        for stream in (first, second):
            stream.send(blob(b"%d %d" % (stream.number, number)))
    opened.run(lambda: len(first.messages) == len(second.messages) == 50)
    is_alive(opened)
    for stream in (first, second):
        stream.half_close()
        assert opened.finish(stream).status.code == 0
        assert [unblob(m) for m in stream.messages] == [b"%d %d" % (stream.number, n) for n in range(50)]
    opened.close()


def the_callee_ends_before_the_caller(world):
    """Messages that cross its STATUS are ignored, and their credit comes back."""
    opened = world.channel()
    stream = opened.session.call(method_id("Chat"), message=blob(b"stop"))
    for _ in range(20):
        stream.send(blob(pattern(3000)))
    assert opened.finish(stream).status.code == 10 and stream.status.message == "stopped as asked"
    assert stream.messages == []
    is_alive(opened)
    opened.close()


def a_stream_that_is_cancelled(world):
    """In each direction; each handler learns it."""
    opened = world.channel("x509", world.own_server("x509", "streams"))
    streams = [opened.session.call(method_id("Upload"), message=blob(b"one")),
               opened.session.call(method_id("Chat"), message=blob(b"one")),
               opened.session.call(method_id("Download"), message=plan(1000000, 1000), end=True)]
    assert opened.unary(method_id("WaitFor"), counts(waiting=3)).status.code == 0
    opened.run(lambda: len(streams[2].messages) > 0)
    for stream in streams:
        stream.cancel()
    assert opened.unary(method_id("WaitFor"), counts(cancelled=3)).status.code == 0
    is_alive(opened)
    opened.close()


def a_stream_whose_deadline_passes(world):
    opened = world.channel("x509", world.own_server("x509", "deadlines"))
    streams = [opened.session.call(method_id("Upload"), message=blob(b"one"), timeout_us=20000),
               opened.session.call(method_id("Chat"), message=blob(b"one"), timeout_us=20000)]
    for stream in streams:
        assert opened.finish(stream).reset_code == session.DEADLINE
    assert opened.unary(method_id("Upload"), blob(b"in time"), timeout_us=60000000).status.code == 0
    opened.close()


def a_message_over_the_limit_in_a_stream(world):
    opened = world.channel()
    opened.run(lambda: opened.session.has_peer_settings)
    most = opened.session.peer.max_message_bytes
    stream = opened.session.call(method_id("Upload"), message=blob(b"small"))
    opened.session.out += wire.frame(wire.DATA, wire.BEGIN, stream.number, (most + 1).to_bytes(4, "big"))
    opened.session.use_credit(stream, 0)
    assert opened.finish(stream).status.code == 8 and str(most + 1) in stream.status.message
    failed(opened.unary(method_id("Download"), plan(1, 70000)), 8)
    assert answer(opened.unary(method_id("Echo"), blob(b"x"))) == b"x"
    opened.close()


def messages_that_a_handler_can_not_read(world):
    opened = world.channel()
    for method in ("Upload", "Chat"):
        stream = opened.session.call(method_id(method), message=blob(b"good"))
        stream.send(b"\xff")
        opened.finish(stream)
        assert stream.status.code == 3, stream.status
    failed(opened.unary(method_id("Download"), b"\xff"), 3)
    is_alive(opened)
    opened.close()


CASES = [upload_of_every_size, upload_that_begins_in_the_call, upload_of_nothing, upload_of_empty_messages,
         upload_larger_than_the_windows, download_of_every_size, download_of_nothing, download_larger_than_the_windows,
         download_that_nobody_reads, chat_answers_each_message, chat_all_at_once, chats_side_by_side,
         the_callee_ends_before_the_caller, a_stream_that_is_cancelled, a_stream_whose_deadline_passes,
         a_message_over_the_limit_in_a_stream, messages_that_a_handler_can_not_read]
