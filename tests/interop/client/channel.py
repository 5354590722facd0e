# SPDX-License-Identifier: Apache-2.0
"""A connection over a Unix socket: TLS 1.3, the gate, the session; as either side."""

import datetime
import select
import socket
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL, crypto

from . import epochs, gate, paths, session, wire

SUITES = {"TLS_AES_128_GCM_SHA256": 0x1301, "TLS_AES_256_GCM_SHA384": 0x1302, "TLS_CHACHA20_POLY1305_SHA256": 0x1303}
# What OpenSSL says of a self-signed certificate, and of an issuer that it does not know (X509_V_ERR_…).
SELF_SIGNED = (18, 19, 20, 21)
PATIENCE_S = 60


class Closed(Exception):
    """The peer closed: cleanly (close_notify came) or not."""

    def __init__(self, clean):
        super().__init__("close_notify" if clean else "the stream ended")
        self.clean = clean


def new_leaf():
    """(key, certificate) of one connection."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = paths.builder("grille", paths.name("grille"), key.public_key()).sign(key, hashes.SHA256())
    return key, certificate


def spki(certificate):
    return certificate.public_key().public_bytes(serialization.Encoding.DER,
                                                 serialization.PublicFormat.SubjectPublicKeyInfo)


def choose_protocol(connection, offered):
    return gate.ALPN if offered == [gate.ALPN] else SSL.NO_OVERLAPPING_PROTOCOLS


def tls_context(leaf, suite=None):
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_min_proto_version(SSL.TLS1_3_VERSION)
    context.set_alpn_protos([gate.ALPN])
    context.set_alpn_select_callback(choose_protocol)
    context.use_privatekey(crypto.PKey.from_cryptography_key(leaf[0]))
    context.use_certificate(crypto.X509.from_cryptography(leaf[1]))
    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT,
                       lambda connection, certificate, error, depth, ok: ok or error in SELF_SIGNED)
    if suite is not None:
        SSL._lib.SSL_CTX_set_ciphersuites(context._context, suite.encode())
    return context


def check_peer_leaf(certificate):
    gate.need(len(paths.der(certificate)) <= 1024, "a TLS certificate that is too long")
    gate.need(certificate.issuer.public_bytes() == certificate.subject.public_bytes(), "a TLS certificate with an issuer")
    key = certificate.public_key()
    gate.need(isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1), "a TLS key")
    now = datetime.datetime.utcnow()
    gate.need(certificate.not_valid_before <= now <= certificate.not_valid_after, "a TLS certificate's dates")


def connect(path):
    connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connected.connect(path)
    return connected


class Wire:
    """TLS over a connected socket, and waiting for it."""

    def __init__(self, connected, initiator=True, suite=None):
        self.leaf = new_leaf()
        self.socket = connected
        self.socket.setblocking(False)
        self.initiator = initiator
        self.tls = SSL.Connection(tls_context(self.leaf, suite), self.socket)
        if initiator:
            self.tls.set_connect_state()
        else:
            self.tls.set_accept_state()
        self.deadline = time.monotonic() + PATIENCE_S

    def wait(self, events):
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the peer is silent")
        poll = select.poll()
        poll.register(self.socket, events)
        poll.poll(left * 1000)

    def patiently(self, function, *arguments):
        """Calls it until it does not ask for the socket any more."""
        while True:
            try:
                return function(*arguments)
            except SSL.WantReadError:
                self.wait(select.POLLIN)
            except SSL.WantWriteError:
                self.wait(select.POLLOUT)
            except SSL.ZeroReturnError:
                raise Closed(True)
            except SSL.SysCallError:
                raise Closed(False)

    def handshake(self):
        """Returns what the gate needs of TLS."""
        self.patiently(self.tls.do_handshake)
        gate.need(self.tls.get_alpn_proto_negotiated() == gate.ALPN, "another ALPN")
        chain = self.tls.get_peer_cert_chain() or []
        # OpenSSL's list of a server lacks the client's own certificate.
        gate.need(len(chain) == (1 if self.initiator else 0), "another number of TLS certificates")
        peer = self.tls.get_peer_certificate().to_cryptography()
        check_peer_leaf(peer)
        exporter = self.tls.export_keying_material(gate.EXPORTER_LABEL, gate.EXPORTER_BYTES)
        return gate.Tls(SUITES[self.tls.get_cipher_name()], exporter, paths.der(self.leaf[1]), paths.der(peer),
                        spki(self.leaf[1]), spki(peer))

    def write(self, data):
        view = memoryview(bytes(data))
        while view:
            view = view[self.patiently(self.tls.send, view[:16384]):]

    def read(self):
        return self.patiently(self.tls.recv, 65536)

    def read_now(self):
        """What is there without waiting; None when nothing is."""
        try:
            return self.tls.recv(65536)
        except SSL.WantReadError:
            return None
        except SSL.ZeroReturnError:
            raise Closed(True)
        except (SSL.SysCallError, SSL.Error):
            raise Closed(False)

    def close(self):
        try:
            self.tls.shutdown()
        except SSL.Error:
            pass
        self.socket.close()


class Channel:
    """An open connection over a connected socket. Raises gate.Refused or gate.Refuse when the gate fails. Further
    options are the session's."""

    def __init__(self, connected, identity, policy, initiator=True, initiator_first=False, suite=None, alter=None,
                 gate_type=gate.Gate, **options):
        """alter: None, or a function that makes of a payload of the gate the frames to be sent in its place."""
        self.wire = Wire(connected, initiator, suite)
        self.alter = alter
        self.record = []  # (direction, frame) of the gate and the session, for the page's example
        try:
            self.tls = self.wire.handshake()
            self.gate = gate_type(self.tls, identity, policy, b"I" if initiator else b"R", initiator_first)
            self.run_gate(options)
        except gate.Refuse:
            self.refuse()
            raise
        except BaseException:
            self.wire.close()
            raise

    def refuse(self):
        self.wire.write(wire.frame(wire.GATE, 0, 0, bytes([gate.REFUSED])))
        self.wire.close()

    def send_gate(self):
        for payload in self.gate.outgoing:
            data = wire.frame(wire.GATE, 0, 0, payload)
            if self.alter is not None:
                data = self.alter(payload, self)
            self.record.append((self.gate.role.decode(), data))
            self.wire.write(data)
        self.gate.outgoing.clear()

    def run_gate(self, options):
        reader = wire.FrameReader()
        self.send_gate()
        while not self.gate.is_open:
            received = reader.next()
            if received is None:
                reader.feed(self.wire.read())
                continue
            gate.need(received.type == wire.GATE, "a frame before the peer's CONFIRM")
            self.record.append((self.gate.peer_role.decode(), wire.frame(*received)))
            try:
                self.gate.take(received.payload)
            except gate.Refused:
                self.check_goodbye(reader)
                raise
            self.send_gate()
        self.session = session.Session(initiator=self.wire.initiator, **options)
        self.epochs = epochs.Epochs(self.gate, self.session.send_gate)
        self.session.epochs = self.epochs
        self.session.feed(bytes(reader.buffer))

    def check_goodbye(self, reader):
        """Behind REFUSED comes close_notify and nothing else."""
        try:
            assert not reader.buffer and not self.wire.read(), "something came behind REFUSED"
        except Closed as closed:
            assert closed.clean, "no close_notify behind REFUSED"
        finally:
            self.wire.close()

    # ---- the session ----

    def push(self):
        """Writes what waits."""
        if self.session.out:
            data = bytes(self.session.out)
            self.session.out.clear()
            self.wire.write(data)

    def pump(self):
        """Writes what waits, then takes what comes, waiting for it."""
        self.push()
        self.session.feed(self.wire.read())

    def run(self, done):
        """Goes on until done() is true."""
        while not done():
            self.pump()
        self.push()

    def run_epoch(self, number):
        self.run(lambda: self.epochs.number >= number)

    def finish(self, stream):
        self.run(lambda: stream.ended)
        return stream

    def unary(self, method_id, message, **options):
        return self.finish(self.session.call(method_id, message=message, end=True, **options))

    def wait_closed(self):
        """Until the peer closes; True when it did so with close_notify."""
        try:
            while True:
                self.pump()
        except Closed as closed:
            return closed.clean
        finally:
            self.wire.close()

    def close(self):
        self.wire.close()
