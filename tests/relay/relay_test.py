#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: `grille relay` carries every byte, end and reset from one socket to the other, and nothing that a peer does
costs it more than its limits say. Argument: the grille command."""

import hashlib
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import PATIENCE_S, RESET, Cases, Relay, Target, connect, echo, is_cut, receive

GRILLE = os.path.abspath(sys.argv[1])
BULK_BYTES = 24 << 20
# More than what sockets and the relay hold between two ends: 2 x 256 KiB of the relay, and the kernel's buffers.
BETWEEN_BYTES = 12 << 20


# ---- Bytes ----

def send_bulk(end, seed, digests, key):
    block = hashlib.sha256(seed).digest() * 8191  # no power of two
    digest = hashlib.sha256()
    for sent in range(0, BULK_BYTES, len(block)):
        part = block[:BULK_BYTES - sent]
        end.sendall(part)
        digest.update(part)
    end.shutdown(socket.SHUT_WR)
    digests[key] = digest.hexdigest()


def receive_all(end, digests, key):
    digest = hashlib.sha256()
    buffer = bytearray(1 << 18)
    while True:
        count = end.recv_into(buffer)
        if count == 0:
            break
        digest.update(memoryview(buffer)[:count])
    digests[key] = digest.hexdigest()


def both_ways(near, far):
    """Bulk in both directions at once, each ended by its sender."""
    digests = {}
    work = [(send_bulk, near, b"up", "up sent"), (send_bulk, far, b"down", "down sent")]
    threads = [threading.Thread(target=f, args=(end, seed, digests, key)) for f, end, seed, key in work]
    threads += [threading.Thread(target=receive_all, args=(end, digests, key))
                for end, key in [(far, "up came"), (near, "down came")]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert len(digests) == 4, digests
    assert digests["up sent"] == digests["up came"] and digests["down sent"] == digests["down came"], digests
    near.close()
    far.close()


def bulk_over_every_form_of_address(cases):
    forms = [("tcp:127.0.0.1:0", cases.fresh()), (cases.fresh(), "tcp:127.0.0.1:0"),
             ("unix-abstract:%s.a" % cases.folder, "unix-abstract:%s.b" % cases.folder),
             ("hybrid:%s:77" % cases.path("vm"), "tcp:127.0.0.1:0")]
    targets = [Target(to) for _, to in forms]
    arguments = []
    for (listen, _), target in zip(forms, targets):
        arguments += ["--listen", listen, "--to", target.address]
    with Relay(GRILLE, *arguments) as relay:
        for index, target in enumerate(targets):
            near = relay.connect(index)
            both_ways(near, target.accept())
        ends = relay.wait_log("end .*reason=\"done\"", len(forms))
        for line in ends:
            assert "to_target_bytes=%d to_peer_bytes=%d " % (BULK_BYTES, BULK_BYTES) in line, line
        assert relay.end() == 0


def a_hybrid_target_is_dialled_through_its_vmm(cases):
    vmm = Target("unix:" + cases.path("vmm"))
    with Relay(GRILLE, "--listen", "tcp:127.0.0.1:0", "--to", "hybrid:%s:5005" % cases.path("vmm")) as relay:
        near = relay.connect()
        near.sendall(b"early")
        far = vmm.accept()
        assert receive(far, 13) == b"CONNECT 5005\n"
        # The guest's first bytes follow the answer at once.
        far.sendall(b"OK 1073741824\nguest first")
        assert receive(near, 11) == b"guest first"
        assert receive(far, 5) == b"early"
        echo(near, far, b"x" * 100000)
        near.close()
        far.close()
        # A VMM that has no such port.
        gone = threading.Thread(target=lambda: vmm.accept().close())
        gone.start()
        assert relay.connect_cut() == "reset"
        gone.join()
        relay.wait_log("the VMM's socket took the connection, but it (closed without an answer|did not take)")
        assert relay.end() == 0


def descriptors_are_one_connection(cases):
    near, taken = socket.socketpair()
    given, far = socket.socketpair()
    for end in (near, far):
        end.settimeout(PATIENCE_S)
    with Relay(GRILLE, "--listen", "fd:%d" % taken.fileno(), "--to", "fd:%d" % given.fileno(),
               pass_fds=(taken.fileno(), given.fileno())) as relay:
        taken.close()
        given.close()
        both_ways(near, far)
        # Nothing more can come.
        assert relay.status() == 0
    given, far = socket.socketpair()
    with Relay(GRILLE, "--listen", "tcp:127.0.0.1:0", "--to", "fd:%d" % given.fileno(),
               pass_fds=(given.fileno(),)) as relay:
        given.close()
        first = relay.connect()
        echo(first, far, b"first")
        assert relay.connect_cut() == "reset"
        echo(first, far, b"still")
        assert len(relay.wait_log("which is one connection")) == 1


def ipv6(cases):
    target = Target(cases.fresh())
    allowed = cases.write("six.yaml", "peers:\n  - name: us\n    tcp: [127.0.0.0/8, \"::1\"]\n"
                          "targets:\n  - name: t\n    unix: [%s]\n" % target.address[5:])
    with Relay(GRILLE, "--listen", "tcp:[::]:0", "--to", target.address, "--allow", allowed) as relay:
        port = relay.listens[0].rpartition(":")[2]
        # Over IPv4 too: the list's IPv4 networks hold for it.
        for address, shown in [("tcp:[::1]:" + port, r"tcp:\[::1\]:"), ("tcp:127.0.0.1:" + port, "tcp:127.0.0.1:")]:
            near = connect(address)
            far = target.accept()
            echo(near, far, b"six")
            relay.wait_log("start peer=%s\\d+ set=us " % shown)


# ---- Back-pressure ----

def resident_kib(pid):
    with open("/proc/%d/status" % pid) as status:
        return int([line for line in status if line.startswith("VmRSS")][0].split()[1])


def fill(end):
    """Sends until nothing more is taken for a while; how much it was."""
    end.setblocking(False)
    block, sent = b"z" * 65536, 0
    while select.select([], [end], [], 0.1)[1]:
        try:
            sent += end.send(block)
        except BlockingIOError:
            pass
    end.setblocking(True)
    end.settimeout(PATIENCE_S)
    return sent


def a_reader_that_stops_stops_the_sender(cases):
    target = Target(cases.fresh())
    for listen in [cases.fresh(), "tcp:127.0.0.1:0"]:
        with Relay(GRILLE, "--listen", listen, "--to", target.address) as relay:
            near, other = relay.connect(), None
            far = target.accept()
            echo(near, far, b"warm")
            before = resident_kib(relay.process.pid)
            sent = fill(near)
            assert 131072 <= sent < BETWEEN_BYTES, sent
            # The other direction goes on, and so do other connections.
            far.sendall(b"upstream")
            assert receive(near, 8) == b"upstream"
            other = relay.connect()
            echo(other, target.accept(), b"y" * 50000)
            # And every byte comes when it is wanted.
            assert receive(far, sent) == b"z" * sent
            # The other way round.
            sent = fill(far)
            assert 131072 <= sent < BETWEEN_BYTES, sent
            grown = resident_kib(relay.process.pid) - before
            assert grown < 4096, grown
            assert receive(near, sent) == b"z" * sent
            echo(near, far, b"end")


def a_slow_reader_gets_everything(cases):
    target = Target(cases.fresh())
    with Relay(GRILLE, "--listen", "tcp:127.0.0.1:0", "--to", target.address) as relay:
        near = relay.connect()
        far = target.accept()
        digests = {}
        sender = threading.Thread(target=send_bulk, args=(near, b"slow", digests, "sent"))
        sender.start()
        digest, count = hashlib.sha256(), 0
        highest = 0
        while True:
            part = far.recv(1 + count % 70000)  # small and uneven
            if not part:
                break
            digest.update(part)
            count += len(part)
            if count % 97 == 0:
                highest = max(highest, resident_kib(relay.process.pid))
        sender.join(PATIENCE_S)
        assert count == BULK_BYTES and digest.hexdigest() == digests["sent"]


# ---- Ends and resets ----

def half_closes_go_through_in_each_direction(cases):
    target = Target(cases.fresh())
    for listen in ["tcp:127.0.0.1:0", cases.fresh()]:
        with Relay(GRILLE, "--listen", listen, "--to", target.address) as relay:
            for near_first in (True, False):
                near = relay.connect()
                far = target.accept()
                first, second = (near, far) if near_first else (far, near)
                echo(first, second, b"both")
                first.sendall(b"last words")
                first.shutdown(socket.SHUT_WR)
                assert receive(second, 10) == b"last words" and second.recv(1) == b""
                # The other direction lives.
                second.sendall(b"a" * 300000)
                assert receive(first, 300000) == b"a" * 300000
                second.shutdown(socket.SHUT_WR)
                assert first.recv(1) == b""
                near.close()
                far.close()
            relay.wait_log("to_target_bytes=%d to_peer_bytes=%d .*reason=\"done\"" % (14, 300004))
            relay.wait_log("to_target_bytes=%d to_peer_bytes=%d .*reason=\"done\"" % (300004, 14))


def resets_are_resets_on_the_other_side(cases):
    target = Target("tcp:127.0.0.1:0")
    with Relay(GRILLE, "--listen", "tcp:127.0.0.1:0", "--to", target.address) as relay:
        for near_first, who in [(True, "peer"), (False, "target")]:
            near = relay.connect()
            far = target.accept()
            first, second = (near, far) if near_first else (far, near)
            echo(first, second, b"both")
            first.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            first.close()
            assert is_cut(second) == "reset"
            relay.wait_log("reason=\"reset by the %s\"" % who)


def last_words_of_a_target_that_reads_no_more_arrive(cases):
    target = Target(cases.fresh())
    with Relay(GRILLE, "--listen", cases.fresh(), "--to", target.address) as relay:
        for closes in (True, False):
            near = relay.connect()
            far = target.accept()
            far.sendall(b"no more")
            # Closed with bytes unread it would be a reset.
            far.shutdown(socket.SHUT_RDWR if closes else socket.SHUT_RD)
            try:
                while True:
                    near.sendall(b"q" * 65536)
            except BrokenPipeError:
                pass
            assert receive(near, 7) == b"no more"
            if not closes:
                far.sendall(b"and then")
                assert receive(near, 8) == b"and then"
                far.shutdown(socket.SHUT_WR)
            assert near.recv(1) == b""
        relay.wait_log("end .*closed by the target, which had not read everything", 2)


# ---- Targets that do not answer ----

def a_target_that_nobody_listens_on(cases):
    gone = cases.fresh()
    with Relay(GRILLE, "--listen", "tcp:127.0.0.1:0", "--to", gone) as relay:
        for _ in range(3):
            assert relay.connect_cut() == "reset"
        lines = relay.wait_log("end .*connecting to %s failed: .*is the server running" % gone, 3)
        assert all("to_target_bytes=0 to_peer_bytes=0 " in line for line in lines)
        # It comes later.
        target = Target(gone)
        near = relay.connect()
        echo(near, target.accept(), b"now")
        assert relay.process.poll() is None


def a_target_that_is_silent(cases):
    silent = Target("unix:" + cases.path("silent"))
    busy = Target(cases.fresh())
    with Relay(GRILLE, "--listen", cases.fresh(), "--to", "hybrid:%s:1" % cases.path("silent"), "--listen",
               cases.fresh(), "--to", busy.address, "--connect-timeout", "400ms") as relay:
        started = time.monotonic()
        waiting = [relay.connect(0) for _ in range(20)]
        # Nobody queues behind them.
        near = relay.connect(1)
        echo(near, busy.accept(), b"past them")
        relay.wait_log("start ", 21)
        ended = [line for line in relay.lines if " end " in line]
        assert not ended or time.monotonic() - started >= 0.4, ended
        for end in waiting:
            is_cut(end)
        relay.wait_log("end .*no answer within the connect timeout of 400 ms", 20)
        near.sendall(b"!")
    silent.close()


# ---- Limits ----

def more_connections_than_allowed(cases):
    target = Target(cases.fresh())
    with Relay(GRILLE, "--listen", "tcp:127.0.0.1:0", "--to", target.address, "--max-connections", "5") as relay:
        pairs = [(relay.connect(), target.accept()) for _ in range(5)]
        for _ in range(200):
            assert relay.connect_cut() == "reset"
        for near, far in pairs:
            echo(near, far, b"undisturbed")
        relay.wait_log("refused peer=tcp:127.0.0.1:.*too many connections at once")
        # Refusals have a bucket of lines.
        assert len([line for line in relay.lines if "refused" in line]) < 100
        near, far = pairs.pop()
        near.close()
        assert far.recv(1) == b""
        far.close()
        relay.wait_log(" end .*done")
        near = relay.connect()
        echo(near, target.accept(), b"a place is free")


def a_flood_of_new_connections(cases):
    target = Target(cases.fresh())
    with Relay(GRILLE, "--listen", "tcp:127.0.0.1:0", "--to", target.address, "--rate=1", "--no-spin") as relay:
        started = time.monotonic()
        near = relay.connect()
        far = target.accept()
        ends = []
        for index in range(200):
            try:
                ends.append(relay.connect())
            except ConnectionResetError:
                pass
            if index % 10 == 0:
                echo(near, far, b"calls go on")
        passed = 0
        for end in ends:
            end.settimeout(0.001)
        # Those that were refused are cut; those that passed are not, and there is one for each second at most.
        deadline = time.monotonic() + PATIENCE_S
        open_ends = ends
        most = 1
        while time.monotonic() < deadline:
            still = []
            for end in open_ends:
                try:
                    end.recv(1)
                except socket.timeout:
                    still.append(end)
                except ConnectionResetError:
                    pass
            open_ends = still
            most = 2 + int(time.monotonic() - started)
            if len(open_ends) <= most:
                break
        assert len(open_ends) <= most, (len(open_ends), most)
        echo(near, far, b"and on")
        relay.wait_log("refused .*too many new connections")


def idle_connections_end(cases):
    target = Target(cases.fresh())
    with Relay(GRILLE, "--listen", "tcp:127.0.0.1:0", "--to", target.address, "--idle-timeout", "400ms") as relay:
        busy = relay.connect()
        busy_far = target.accept()
        quiet = relay.connect()
        quiet_far = target.accept()
        longest, last = 0, time.monotonic()
        # One byte in one direction is enough.
        while not select.select([quiet], [], [], 0)[0]:
            busy.sendall(b".")
            receive(busy_far, 1)
            now = time.monotonic()
            longest, last = max(longest, now - last), now
            time.sleep(0.001)
        assert is_cut(quiet) == "reset" and is_cut(quiet_far) == "ended"
        relay.wait_log("connection 2: end .*idle timeout")
        if longest < 0.3:
            assert not [line for line in relay.lines if "connection 1: end" in line]
            assert is_cut(busy_far) == "ended"
        relay.wait_log("connection 1: end .*idle timeout")


def without_descriptors_it_pauses_and_serves_on(cases):
    target = Target(cases.fresh())
    with Relay(GRILLE, "--listen", "tcp:127.0.0.1:0", "--to", target.address, files=40) as relay:
        relay.wait_log("40 files may be open, but 1024 connections need")
        near = relay.connect()
        far = target.accept()
        crowd = [relay.connect() for _ in range(60)]
        relay.wait_log("accepting failed: Too many open files")
        echo(near, far, b"undisturbed")
        for end in crowd:
            end.close()
        # Those that came through are gone as soon as their targets' ends are.
        target.socket.setblocking(False)
        try:
            while True:
                target.accept().close()
        except (BlockingIOError, socket.timeout):
            target.socket.settimeout(PATIENCE_S)
        served = False
        deadline = time.monotonic() + PATIENCE_S
        while not served and time.monotonic() < deadline:
            try:
                late = relay.connect()
                late.sendall(b"late")
                # What was under way when the crowd left comes first.
                while not served:
                    ready = select.select([target.socket, late], [], [], 5)[0]
                    if late in ready or not ready:
                        break
                    end = target.accept()
                    served = end.recv(4) == b"late"
            except (ConnectionResetError, BrokenPipeError):
                pass
        assert served
        echo(near, far, b"undisturbed")


# ---- Names ----

NAMES = """peers:
  - name: us
    unix: [any]
targets:
  - name: keys
    names: [Keys.grille.invalid]
    ports: [443]
"""


def ended(*arguments):
    return subprocess.run([GRILLE, "relay", *arguments], stderr=subprocess.PIPE, text=True, timeout=PATIENCE_S)


def names_are_compared_as_they_are_and_looked_up_for_each_connection(cases):
    allow = cases.write("names.yaml", NAMES)
    for other in ("tcp:keys.grille.invalid:444", "tcp:a.keys.grille.invalid:443", "tcp:grille.invalid:443",
                  "tcp:203.0.113.7:443"):
        run = ended("--listen", cases.fresh(), "--to", other, "--allow", allow)
        assert run.returncode == 2, run
        assert "POLICY-FORBIDS: --to %s is in no set of targets" % other in run.stderr, run.stderr
    for wrong, text in (("tcp:*.grille.invalid:443", "no pattern"), ("tcp:a.0x7f000001:443", "ends in a number"),
                        ("tcp:keys.grille.invalid:0", "no port from 1 to 65535")):
        run = ended("--listen", cases.fresh(), "--to", wrong)
        assert run.returncode == 2 and text in run.stderr, run
    # Nobody has a name of this zone (RFC 6761 6.4); whoever is asked, or nobody being there, the connection ends.
    with Relay(GRILLE, "--listen", cases.fresh(), "--to", "tcp:Keys.GRILLE.invalid:443", "--allow", allow,
               "--connect-timeout", "2s") as relay:
        assert relay.connect_cut() in ("ended", "reset")
        relay.wait_log("start peer=unix:.* set=us target=tcp:keys.grille.invalid:443")
        relay.wait_log("end to_target_bytes=0 .*the name keys.grille.invalid (has no address|was not found within)")
        assert relay.end() == 0


# ---- The allow-list ----

ALLOW = """peers:
  - name: us
    unix: [%d]
    to: [one]
  - name: local
    tcp: [127.0.0.0/30]
    to: [two]
targets:
  - name: one
    unix: [%s]
  - name: two
    unix: [%s]
"""


def who_may_connect_and_where_to(cases):
    one, two = Target(cases.fresh()), Target(cases.fresh())
    allow = cases.write("allow.yaml", ALLOW % (os.getuid(), one.address[5:], two.address[5:]))
    arguments = []
    for listen, target in [(cases.fresh(), one), (cases.fresh(), two), ("tcp:127.0.0.1:0", one),
                           ("tcp:127.0.0.1:0", two)]:
        arguments += ["--listen", listen, "--to", target.address]
    with Relay(GRILLE, *arguments, "--allow", allow) as relay:
        echo(relay.connect(0), one.accept(), b"unix to one")
        assert relay.connect_cut(1) in ("ended", "reset")
        assert relay.connect_cut(2) == "reset"
        echo(relay.connect(3), two.accept(), b"tcp to two")
        relay.wait_log("start peer=unix:uid=%d,pid=%d set=us target=%s" % (os.getuid(), os.getpid(), one.address))
        relay.wait_log("refused peer=unix:uid=%d,pid=%d reason=\"the allow-list" % (os.getuid(), os.getpid()))
        relay.wait_log("refused peer=tcp:127.0.0.1:\\d+ reason=\"the allow-list")
        relay.wait_log("start peer=tcp:127.0.0.1:\\d+ set=local ")
        # Another address of this machine is outside of the network.
        outside = socket.socket()
        outside.bind(("127.0.0.9", 0))
        outside.settimeout(PATIENCE_S)
        host, _, port = relay.listens[3][4:].rpartition(":")
        try:
            outside.connect((host, int(port)))
            assert is_cut(outside) == "reset"
        except ConnectionResetError:
            pass
        relay.wait_log("refused peer=tcp:127.0.0.9:")


# ---- The end ----

def the_first_signal_drains(cases):
    for number in (signal.SIGTERM, signal.SIGINT):
        target = Target(cases.fresh())
        with Relay(GRILLE, "--listen", "tcp:127.0.0.1:0", "--to", target.address, "--drain-timeout", "1h") as relay:
            near = relay.connect()
            far = target.accept()
            echo(near, far, b"before")
            relay.signal(number)
            relay.wait_log("stopping: 1 connections have 3600000 ms to finish")
            try:
                relay.connect()
                raise AssertionError("it still listens")
            except ConnectionRefusedError:
                pass
            echo(near, far, b"c" * 200000)
            near.shutdown(socket.SHUT_WR)
            assert far.recv(1) == b""
            far.close()
            assert relay.status() == 0


def the_drain_has_an_end(cases):
    target = Target(cases.fresh())
    with Relay(GRILLE, "--listen", "tcp:127.0.0.1:0", "--to", target.address, "--drain-timeout", "50ms") as relay:
        near = relay.connect()
        far = target.accept()
        echo(near, far, b"before")
        assert relay.end() == 0
        assert is_cut(near) == "reset" and is_cut(far) == "ended"
        relay.wait_log("cutting 1 connections after the drain timeout of 50 ms")
        relay.wait_log("end .*cut at the relay's end")


def a_second_signal_cuts(cases):
    path = cases.fresh()
    target = Target(cases.fresh())
    with Relay(GRILLE, "--listen", path, "--to", target.address, "--drain-timeout", "1h") as relay:
        near = relay.connect()
        target.accept()
        relay.wait_log("start")
        relay.signal()
        relay.wait_log("stopping")
        relay.signal(signal.SIGINT)
        assert relay.status() == 0
        assert is_cut(near) in ("ended", "reset")
        assert not os.path.exists(path[5:])
    with Relay(GRILLE, "--listen", path, "--to", target.address) as relay:
        assert relay.end() == 0


def a_signal_while_it_looks_for_more(cases):
    target = Target(cases.fresh())
    for _ in range(20):
        with Relay(GRILLE, "--listen", cases.fresh(), "--to", target.address) as relay:
            near = relay.connect()
            far = target.accept()
            echo(near, far, b"last")
            near.close()
            far.close()
            assert relay.end() == 0


# ---- The command line ----

def quiet_is_quiet(cases):
    target = Target(cases.fresh())
    with Relay(GRILLE, "--listen", cases.fresh(), "--to=" + target.address, "--quiet") as relay:
        near = relay.connect()
        echo(near, target.accept(), b"sh")
        near.close()
        assert relay.end() == 0
        assert relay.lines == [], relay.lines


def nobody_reads_the_log(cases):
    target = Target(cases.fresh())
    reader, writer = os.pipe()
    listen = cases.fresh()
    process = subprocess.Popen([GRILLE, "relay", "--listen", listen, "--to", target.address], stdout=subprocess.PIPE,
                               stderr=writer)
    os.close(reader)
    os.close(writer)
    with process:
        assert process.stdout.readline().startswith(b"ready ")
        for _ in range(3):
            near = connect(listen)
            echo(near, target.accept(), b"unseen")
            near.close()
        process.terminate()
        assert process.wait(PATIENCE_S) == 0


def wrong_arguments(cases):
    free, other = cases.fresh(), cases.fresh()
    taken = Target(cases.fresh())
    bad = cases.write("bad.yaml", "peers:\n  - name: p\n    tcp: [10.0.0.1/8]\n")
    narrow = cases.write("narrow.yaml", ALLOW % (0, "/a", "/b"))
    listening = socket.socket()
    listening.listen()
    pair = ["--listen", free, "--to", other]
    rows = [
        ([], 2, "from where to where"), (["--listen", free], 2, "has no --to"),
        (["--to", other], 2, "has no --listen before it"), (["--listen", free] + pair, 2, "has no --to"),
        (pair + ["--listen"], 2, "--listen needs a value"), (pair + ["--fast"], 2, "no option \"--fast\""),
        (pair + ["x"], 2, "\"x\" is one too many"), (["--lisen", free], 2, "the nearest is --listen"), (pair + ["--rate", "0"], 2, "--rate is a number from 1 to 100000"),
        (pair + ["--rate", "100001"], 2, "from 1 to 100000"), (pair + ["--rate", "-1"], 2, "from 1 to"),
        (pair + ["--rate", "5x"], 2, "from 1 to"), (pair + ["--rate", "5", "--rate", "5"], 2, "--rate twice"),
        (pair + ["--max-connections", "65537"], 2, "from 1 to 65536"),
        (pair + ["--max-connections", "99999999999999999999"], 2, "from 1 to 65536"),
        (pair + ["--idle-timeout", "0s"], 2, "--idle-timeout is a time from 1ms to 24h"),
        (pair + ["--idle-timeout", "25h"], 2, "from 1ms to 24h"), (pair + ["--idle-timeout", "10"], 2, "as 500ms, 10s"),
        (pair + ["--connect-timeout", "1d"], 2, "as 500ms, 10s"), (pair + ["--drain-timeout", "s"], 2, "from 0ms to 24h"),
        (pair + ["--allow", ""], 2, "--allow needs a value"), (pair + ["--to="], 2, "--to needs a value"),
        (pair + ["--allow", cases.path("none")], 2, "POLICY-FILE: can't read the allow-list"),
        (pair + ["--allow", bad], 2, "POLICY-VALUE: %s:3:11: \"10.0.0.1/8\" has bits set" % bad),
        (pair + ["--allow", narrow], 2, "POLICY-FORBIDS: --to %s is in no set of targets" % other),
        (["--listen", "tcp:example.org:1", "--to", other], 2, "LOOP-BAD-ADDRESS: "),
        (["--listen", "inproc:a", "--to", other], 2, "LOOP-ADDRESS-UNSUPPORTED: --listen inproc:a"),
        (["--listen", free, "--to", "inproc:a"], 2, "no address that another process"),
        (["--listen", free, "--to", "vsock:any:5"], 2, "no address that another process"),
        (["--listen", free, "--to", "tcp:127.0.0.1:0"], 2, "no address that another process"),
        (["--listen", "vsock:parent:5", "--to", other], 2, "not one to listen on"),
        (["--listen", free, "--to", free], 2, "the relay would feed itself"),
        (pair + ["--listen", other, "--to", free], 2, "the relay would feed itself"),
        (["--listen", "fd:0", "--to", other], 1, "LOOP-SOCKET: fd:0 is not a usable stream socket"),
        (["--listen", "fd:%d" % listening.fileno(), "--to", other], 1, "is a listening socket, expected a connected"),
        (["--listen", taken.address, "--to", other], 1, "LOOP-LISTEN: listening on %s failed" % taken.address),
    ]
    for arguments, status, text in rows:
        done = subprocess.run([GRILLE, "relay"] + arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=PATIENCE_S, pass_fds=(listening.fileno(),))
        assert done.returncode == status and text in done.stderr and not done.stdout, (arguments, done)
    done = subprocess.run([GRILLE, "relay", "--help"], stdout=subprocess.PIPE, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0 and done.stdout.startswith("usage: grille relay --listen ADDRESS --to ADDRESS"), done
    many = sum([["--listen", "%s.%d" % (free, i), "--to", other] for i in range(65)], [])
    done = subprocess.run([GRILLE, "relay"] + many, stderr=subprocess.PIPE, text=True, timeout=PATIENCE_S)
    assert done.returncode == 2 and "more than 64 pairs" in done.stderr, done


def an_open_door_is_told(cases):
    with Relay(GRILLE, "--listen", "tcp:0.0.0.0:0", "--to", cases.fresh()) as relay:
        relay.wait_log("warning: whoever reaches tcp:0.0.0.0:0 may connect")
    # A list of Nitro's form says nothing of peers.
    target = Target("tcp:127.0.0.1:0")
    port = target.address.rpartition(":")[2]
    listed = cases.write("listed.yaml", "allowlist:\n- {address: 127.0.0.1, port: %s}\n" % port)
    with Relay(GRILLE, "--listen", "tcp:0.0.0.0:0", "--to", target.address, "--allow", listed) as relay:
        relay.wait_log("warning: whoever reaches tcp:0.0.0.0:0 may connect")
        near = socket.create_connection(("127.0.0.1", int(relay.listens[0].rpartition(":")[2])), PATIENCE_S)
        echo(near, target.accept(), b"through")
        near.close()


sys.exit(Cases().run_all([
    bulk_over_every_form_of_address, a_hybrid_target_is_dialled_through_its_vmm, descriptors_are_one_connection, ipv6,
    a_reader_that_stops_stops_the_sender, a_slow_reader_gets_everything, half_closes_go_through_in_each_direction,
    resets_are_resets_on_the_other_side, last_words_of_a_target_that_reads_no_more_arrive,
    a_target_that_nobody_listens_on, a_target_that_is_silent, more_connections_than_allowed, a_flood_of_new_connections,
    idle_connections_end, without_descriptors_it_pauses_and_serves_on,
    names_are_compared_as_they_are_and_looked_up_for_each_connection, who_may_connect_and_where_to,
    the_first_signal_drains, the_drain_has_an_end, a_second_signal_cuts, a_signal_while_it_looks_for_more, quiet_is_quiet, nobody_reads_the_log, wrong_arguments,
    an_open_door_is_told]))
