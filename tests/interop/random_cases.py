# SPDX-License-Identifier: Apache-2.0
"""Many calls of all kinds at once, at random: sizes, settings, order, cancels, and where what we write is cut."""

import random

from client import wire
from stream_cases import downloaded, plan, total
from world import blob, method_id, size, unblob

ACTIONS = 150
OPEN_MAX = 12
PINGS_MAX = 8


def random_bytes(dice, most):
    count = dice.choice([0, 1, 100, 16368, 16369, 40000, most])
    start = dice.randrange(251)
    return bytes((start + i) % 251 for i in range(dice.randint(0, count)))


class Expectation:
    """A call, what is still to be sent on it, and what must have come when it is over."""

    def __init__(self, stream, check, pieces=()):
        self.stream, self.check, self.pieces = stream, check, list(pieces)
        self.cancelled = False

    def go_on(self, dice):
        """Sends the next piece; half-closes behind the last."""
        if self.pieces:
            message = self.pieces.pop(0)
            self.stream.send(message, end=not self.pieces and dice.random() < 0.5)
        if not self.pieces and not self.stream.end_waits and not self.stream.half_closed and not self.stream.ended:
            self.stream.half_close()
        return bool(self.pieces)


def echo(dice, opened):
    data, pairs = random_bytes(dice, 300000), [("h-a", b"%d" % dice.randrange(99)), ("t-b-bin", random_bytes(dice, 300)[:300])]
    stream = opened.session.call(method_id("Echo"), message=blob(data), end=True, metadata=pairs)

    def check():
        assert stream.status.code == 0 and unblob(stream.messages[0]) == data
        assert stream.headers == pairs[:1] and stream.status.trailers == pairs[1:]
    return Expectation(stream, check)


def make(dice, opened):
    count = dice.choice([0, 5, 70000, 200000])
    stream = opened.session.call(method_id("Make"), message=size(count), end=True)

    def check():
        assert stream.status.code == 0 and len(unblob(stream.messages[0])) == count
    return Expectation(stream, check)


def upload(dice, opened):
    parts = [random_bytes(dice, 100000) for _ in range(dice.randint(1, 8))]
    stream = opened.session.call(method_id("Upload"))

    def check():
        assert total(stream) == (len(parts), sum(map(len, parts)))
    return Expectation(stream, check, [blob(part) for part in parts])


def download(dice, opened):
    count, length = dice.randint(0, 30), dice.choice([0, 1, 1000, 20000])
    stream = opened.session.call(method_id("Download"), message=plan(count, length), end=True)

    def check():
        assert stream.status.code == 0
        assert [unblob(m) for m in stream.messages] == [downloaded(i, length) for i in range(count)]
    return Expectation(stream, check)


def chat(dice, opened):
    parts = [random_bytes(dice, 20000) for _ in range(dice.randint(1, 8))]
    stream = opened.session.call(method_id("Chat"))

    def check():
        assert stream.status.code == 0 and [unblob(m) for m in stream.messages] == parts
    return Expectation(stream, check, [blob(part) for part in parts])


def call_back(dice, opened):
    data = random_bytes(dice, 50000)
    stream = opened.session.call(method_id("CallBack"), message=blob(data), end=True)

    def check():
        assert stream.status.code == 0 and unblob(stream.messages[0]) == data
    return Expectation(stream, check)


def serve_echo(stream):
    stream.send(stream.messages[0])
    stream.finish(wire.Status(0, "", b"", []))


def secret(dice, opened):
    stream = opened.session.call(method_id("Secret"), message=blob(random_bytes(dice, 5000)), end=True)

    def check():
        assert stream.status.code == 7 and not stream.messages
    return Expectation(stream, check)


def random_settings(dice):
    window = dice.choice([65536, 100000, 300000])
    return wire.MINIMA._replace(max_message_bytes=1 << 20, stream_window_bytes=window,
                                connection_window_bytes=max(1 << 20, 16 * window + dice.randrange(1000)))


def push_in_pieces(dice, opened):
    """Records end anywhere."""
    data = bytes(opened.session.out)
    opened.session.out.clear()
    while data:
        cut = dice.choice([1, 7, 8, 9, 100, 16384, len(data)])
        opened.wire.write(data[:cut])
        data = data[cut:]


def turn(dice, opened, calls):
    """One action, then whatever came."""
    action = dice.random()
    sending = [call for call in calls if call.pieces and not call.stream.ended]
    if len(calls) < OPEN_MAX and action < 0.5:
        calls.append(dice.choice([echo, echo, make, upload, download, chat, call_back, secret])(dice, opened))
    elif sending and action < 0.85:
        dice.choice(sending).go_on(dice)
    elif calls and action < 0.9:
        call = dice.choice(calls)
        call.cancelled = not call.stream.ended
        call.stream.cancel()
    elif action < 0.92 and opened.session.ping_answered == opened.session.ping_token < PINGS_MAX:
        opened.session.ping()
    push_in_pieces(dice, opened)
    while True:
        data = opened.wire.read_now()
        if data is None:
            return
        opened.session.feed(data)


def settle(calls):
    """Looks at the calls that are over; returns the others."""
    for call in calls:
        if call.stream.ended and not call.cancelled:
            assert call.stream.status is not None, call.stream.reset_code
            call.check()
    return [call for call in calls if not call.stream.ended]


def play(world, kind, seed):
    dice = random.Random(seed)
    opened = world.channel(kind, settings=random_settings(dice), serve=serve_echo)
    opened.run(lambda: opened.session.has_peer_settings)
    calls = []
    for _ in range(ACTIONS):
        turn(dice, opened, calls)
        calls = settle(calls)
    for call in calls:
        while call.pieces and not call.stream.ended:
            call.go_on(dice)
    opened.run(lambda: all(call.stream.ended for call in calls))
    settle(calls)
    assert not opened.session.drains
    opened.close()


def at_random(kind, seed):
    def case(world):
        play(world, kind, seed)
    case.__name__ = "everything at once, seed %d" % seed
    return case


def cases(count):
    return [at_random("nitro" if seed % 2 else "x509", seed) for seed in range(1, count + 1)]


CASES = cases(4)
