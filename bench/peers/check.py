#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: agents of other frameworks keep to bench/README.md "An agent's answer". Arguments: NAME=PATH…"""

import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path

COUNT = 200
UNARY = ["ping-pong", "in-flight", "bulk", "open-loop", "connect", "idle"]
STREAMS = ["stream-up", "stream-down", "stream-both"]
WITHOUT_STREAMS = {"ttrpc-go-mtls"}
ONE_WAY = {"bulk", "stream-up", "stream-down"}
OPTIONS = {"in-flight": ["--in-flight", "100"], "bulk": ["--bytes", "1Mi", "--in-flight", "4"],
           "open-loop": ["--rate", "2000"], "connect": ["--in-flight", "2"], "idle": ["--connections", "20"],
           "stream-up": ["--in-flight", "3"], "stream-down": ["--bytes", "16Ki"]}
SECONDS_MAX = 60
CIPHER = "TLS13-AES128-GCM-SHA256"
FIELDS = ["calls", "errors", "message_bytes", "wall_ns", "client_cpu_ns", "server_cpu_ns", "client_heap_calls",
          "server_heap_calls", "server_rss_kib", "server_first_rss_kib", "client_rss_kib", "cipher", "latency_ns"]


class Server:
    """A server while the block runs; it must then end at SIGTERM with status 0."""

    def __init__(self, path, address):
        self.child = subprocess.Popen([path, "serve", "peer", "--to", address], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        word, _, self.address = self.child.stdout.readline().strip().partition(" ")
        if word != "ready":
            self.child.kill()
            raise AssertionError("not ready: " + self.child.communicate()[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.terminate()
        self.said = self.child.communicate(timeout=SECONDS_MAX)[1]
        assert self.child.returncode == 0, self.child.returncode


def load(path, server, pattern, *options):
    return subprocess.run([path, "load", "peer", "--to", server.address, "--server-pid", str(server.child.pid),
                           "--pattern", pattern, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=SECONDS_MAX)


def answer(done):
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 1, lines
    fields = json.loads(lines[0])
    assert list(fields) == FIELDS, list(fields)
    return fields


def counts_exactly(path, scratch, pattern, address):
    options = ["--count", str(COUNT), *OPTIONS.get(pattern, [])]
    with Server(path, address) as server:
        fields = answer(load(path, server, pattern, *options))
    calls = 20 if pattern == "idle" else COUNT
    payload = {"bulk": 1 << 20, "stream-down": 16 << 10}.get(pattern, 64)
    assert fields["calls"] == calls and fields["errors"] == 0, fields
    assert fields["message_bytes"] == calls * payload * (1 if pattern in ONE_WAY else 2), fields
    assert sum(count for _, count in fields["latency_ns"]) == calls, fields
    values = [value for value, _ in fields["latency_ns"]]
    assert values == sorted(set(values)) and values[0] > 0, values
    assert fields["client_heap_calls"] is None and fields["server_heap_calls"] is None
    assert fields["cipher"] == CIPHER, fields["cipher"]
    assert fields["wall_ns"] > 0 and fields["client_cpu_ns"] > 0 and fields["server_cpu_ns"] >= 0, fields
    assert fields["server_rss_kib"] > 1000 and fields["client_rss_kib"] > 1000, fields
    if pattern == "idle":
        assert 1000 < fields["server_first_rss_kib"] <= fields["server_rss_kib"], fields
    else:
        assert fields["server_first_rss_kib"] is None


def answers_of_each_pattern(name, path, scratch):
    for pattern in UNARY + ([] if name in WITHOUT_STREAMS else STREAMS):
        for address in ["unix:" + scratch + "/socket", "tcp:127.0.0.1:0"]:
            yield "%s counts %s exactly, %s" % (name, pattern, address.partition(":")[0]), \
                lambda pattern=pattern, address=address: counts_exactly(path, scratch, pattern, address)


def seconds_tell_the_end(path, scratch):
    with Server(path, "unix-abstract:grille-peers-%d" % os.getpid()) as server:
        fields = answer(load(path, server, "in-flight", "--seconds", "0.3", "--in-flight", "8", "--connections", "3"))
        assert 0.3e9 <= fields["wall_ns"] < 5e9 and fields["calls"] > 10, fields
        # The CPU time of a loaded server is that of its own process: not more than two processors had.
        assert 0 < fields["server_cpu_ns"] < fields["wall_ns"] * os.cpu_count() * 1.2, fields


def open_loop_keeps_its_rate(path, scratch):
    with Server(path, "unix:" + scratch + "/socket") as server:
        fields = answer(load(path, server, "open-loop", "--seconds", "1", "--rate", "500"))
        assert fields["calls"] == 500 and fields["wall_ns"] > 0.99e9, fields


def a_stall_counts(path, scratch):
    """The server stands still for half a second of an open loop: the calls of that time are late, all of them."""
    with Server(path, "unix:" + scratch + "/socket") as server:
        child = subprocess.Popen([path, "load", "peer", "--to", server.address, "--pattern", "open-loop", "--rate", "1000",
                                  "--seconds", "2", "--warm-up-ms", "100"], stdout=subprocess.PIPE, text=True)
        subprocess.run(["sleep", "0.8"], check=True)
        subprocess.run(["kill", "-STOP", str(server.child.pid)], check=True)
        subprocess.run(["sleep", "0.5"], check=True)
        subprocess.run(["kill", "-CONT", str(server.child.pid)], check=True)
        fields = json.loads(child.communicate(timeout=SECONDS_MAX)[0])
    late = sum(count for value, count in fields["latency_ns"] if value > 100e6)
    assert fields["calls"] == 2000 and late >= 350, (fields["calls"], late)


def refuses(path, status, *words):
    done = subprocess.run([path, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=SECONDS_MAX)
    assert done.returncode == status and done.stdout == "" and done.stderr != "", (words, done)


def refuses_what_it_cannot_read(path, scratch):
    to = ["--to", "unix:" + scratch + "/nobody"]
    for words in [[], ["serve"], ["watch", "peer", *to], ["load", "peer"], ["load", "peer", *to, "--colour", "red"],
                  ["load", "peer", *to, "--bytes", "many"], ["load", "peer", *to, "--bytes", "-1"],
                  ["load", "peer", *to, "--bytes", "1Gi"], ["load", "peer", *to, "--count"],
                  ["load", "peer", *to, "--seconds", "0"], ["load", "peer", *to, "--in-flight", "0"],
                  ["load", "peer", *to, "--pattern", "sideways"], ["load", "peer", *to, "--pattern", "open-loop"]]:
        refuses(path, 2, *words)


def says_what_it_has_not(name, path, scratch):
    for words in [["--to", "vsock:16:5000"], ["--to", "hybrid:%s/s:1" % scratch], ["--to", "inproc:"]]:
        refuses(path, 3, "load", "peer", *words)
        refuses(path, 3, "serve", "peer", *words)
    refuses(path, 3, "load", "peer", "--to", "unix:" + scratch + "/nobody", "--idle-streams", "5")
    refuses(path, 3, "load", "peer", "--to", "unix:" + scratch + "/nobody", "--idle-connections", "5")
    for pattern in STREAMS if name in WITHOUT_STREAMS else []:
        refuses(path, 3, "load", "peer", "--to", "unix:" + scratch + "/nobody", "--pattern", pattern)


def nobody_there_is_a_failure(path, scratch):
    refuses(path, 1, "load", "peer", "--to", "unix:" + scratch + "/nobody")
    refuses(path, 1, "serve", "peer", "--to", "unix:" + scratch + "/no/folder/socket")


def ends_with_its_starter(path, scratch):
    server = Server(path, "unix:" + scratch + "/socket")
    server.child.stdin.close()
    assert server.child.wait(timeout=SECONDS_MAX) == 0
    assert not Path(scratch, "socket").exists()


def stranger(path, address, with_certificate=True, version=ssl.TLSVersion.TLSv1_3, server_name="server.peers.bench"):
    """Connects as another program would. Returns (version, suite) of a connection that the server lets stand, or None."""
    folder = Path(path).parent / "certificates"
    context = ssl.create_default_context(cafile=folder / "ca.pem")
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["h2"])
    if with_certificate:
        context.load_cert_chain(folder / "client.pem", folder / "client.key.pem")
    host, _, port = address.partition(":")[2].rpartition(":")
    with socket.create_connection((host, int(port)), timeout=SECONDS_MAX) as plain:
        try:
            with context.wrap_socket(plain, server_hostname=server_name) as secure:
                found = secure.version(), secure.cipher()[0]
                secure.settimeout(1)  # in TLS 1.3 the refusal of a client comes after its handshake
                try:
                    return found if secure.recv(1) else None
                except socket.timeout:
                    return found
        except (ssl.SSLError, ConnectionError):
            return None


def only_mutual_tls_13(path, scratch):
    with Server(path, "tcp:127.0.0.1:0") as server:
        found = stranger(path, server.address)
        assert found and found[0] == "TLSv1.3", found  # so the refusals below have their reasons
        if path.endswith("grpc_cpp"):
            assert found[1] == "TLS_AES_128_GCM_SHA256", found  # OpenSSL's first choice is another
        assert stranger(path, server.address, version=ssl.TLSVersion.TLSv1_2) is None
        assert stranger(path, server.address, with_certificate=False) is None
        assert stranger(path, server.address, server_name="client.peers.bench") is None
        assert stranger(path, server.address) == found


def the_client_wants_tls_13(path, scratch):
    """A server of TLS 1.2 with the right certificate: no call is made."""
    folder = Path(path).parent / "certificates"
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=folder / "ca.pem")
    context.load_cert_chain(folder / "server.pem", folder / "server.key.pem")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(SECONDS_MAX)
        child = subprocess.Popen([path, "load", "peer", "--count", "1", "--to", "tcp:127.0.0.1:%d" % listener.getsockname()[1]],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        plain, _ = listener.accept()
        with plain:
            plain.settimeout(SECONDS_MAX)
            try:
                context.wrap_socket(plain, server_side=True)
                raise AssertionError("a handshake of TLS 1.2")
            except (ssl.SSLError, ConnectionError):
                pass
    out, why = child.communicate(timeout=SECONDS_MAX)
    assert child.returncode == 1 and out == "" and why != "", (child.returncode, out, why)


def cases(name, path, scratch):
    yield from answers_of_each_pattern(name, path, scratch)
    for case in [seconds_tell_the_end, open_loop_keeps_its_rate, a_stall_counts, refuses_what_it_cannot_read,
                 nobody_there_is_a_failure, ends_with_its_starter, only_mutual_tls_13, the_client_wants_tls_13]:
        yield name + " " + case.__name__.replace("_", " "), lambda case=case: case(path, scratch)
    yield name + " says what it has not", lambda: says_what_it_has_not(name, path, scratch)


def go_is_formatted(scratch):
    folder = Path(__file__).resolve().parent / "ttrpc_go"
    done = subprocess.run(["gofmt", "-l", folder], stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout == "", done.stdout


def run(title, case):
    print("[ RUN      ] " + title, flush=True)
    try:
        case()
    except (AssertionError, OSError, subprocess.SubprocessError, ValueError, KeyError, IndexError) as why:
        print("  %s: %s\n[  FAILED  ] %s" % (type(why).__name__, str(why)[:2000], title), flush=True)
        return 1
    print("[       OK ] " + title, flush=True)
    return 0


def main():
    scratch = tempfile.mkdtemp(prefix="peers.", dir="/tmp")
    failed = passed = 0
    try:
        found = [word.partition("=")[::2] for word in sys.argv[1:]]
        listed = [case for name, path in found for case in cases(name, path, scratch)]
        if shutil.which("gofmt"):
            listed.append(("the Go sources are formatted", lambda: go_is_formatted(scratch)))
        for title, case in listed:
            wrong = run(title, case)
            failed += wrong
            passed += 1 - wrong
    finally:
        shutil.rmtree(scratch)
    print("%d passed, %d failed" % (passed, failed))
    return failed != 0 or passed == 0


sys.exit(main())
