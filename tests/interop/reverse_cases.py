# SPDX-License-Identifier: Apache-2.0
"""The server's handlers call us, on the connection on which we called them."""

from client import session
from client.wire import Status
from call_cases import LARGE, answer, failed, is_alive, pattern
from world import blob, method_id, unblob

OK = Status(0, "", b"", [])


def serving(world, serve, **options):
    opened = world.channel("nitro", serve=serve, **options)
    opened.run(lambda: opened.session.has_peer_settings)
    return opened


def the_server_calls_back(world):
    seen = []

    def serve(stream):
        seen.append((stream.number, stream.call.method_id))
        stream.send(blob(b"echo of " + unblob(stream.messages[0])))
        stream.finish(OK)
    opened = serving(world, serve)
    for text in (b"one", b"two"):
        assert answer(opened.unary(method_id("CallBack"), blob(text))) == b"echo of " + text
    assert seen == [(2, method_id("Echo")), (4, method_id("Echo"))]
    opened.close()


def long_messages_both_ways(world):
    def serve(stream):
        stream.send(stream.messages[0])
        stream.finish(OK)
    opened = serving(world, serve, settings=LARGE)
    data = pattern(400000)
    assert answer(opened.unary(method_id("CallBack"), blob(data))) == data
    opened.close()


def our_status_comes_back(world):
    opened = serving(world, lambda stream: stream.finish(Status(5, "no such echo", b"", [])))
    failed(opened.unary(method_id("CallBack"), blob(b"x")), 5, "no such echo")
    is_alive(opened)
    opened.close()


def our_caller_gives_up(world):
    """Our cancel ends what our call has called."""
    opened = serving(world, lambda stream: None)
    stream = opened.session.call(method_id("CallBack"), message=blob(b"x"), end=True)
    opened.run(lambda: 2 in opened.session.streams)
    stream.cancel()
    opened.run(lambda: opened.session.streams[2].ended)
    assert opened.session.streams[2].reset_code == session.CANCELLED
    is_alive(opened)
    opened.close()


def its_deadline_is_ours(world):
    seen = []

    def serve(stream):
        seen.append(stream.call.timeout_us)
        stream.send(b"")
        stream.finish(OK)
    opened = serving(world, serve)
    assert answer(opened.unary(method_id("CallBack"), blob(b"x"), timeout_us=50000000)) == b""
    assert answer(opened.unary(method_id("CallBack"), blob(b"x"))) == b""
    assert 0 < seen[0] < 50000000 and seen[1] is None, seen
    opened.close()


CASES = [the_server_calls_back, long_messages_both_ways, our_status_comes_back, our_caller_gives_up, its_deadline_is_ours]
