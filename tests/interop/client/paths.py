# SPDX-License-Identifier: Apache-2.0
"""Certificate paths, and evidence by certificates (kind x509)."""

import datetime
import hashlib
import struct

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from .gate import Refuse, X509, need

CONTEXT = b" " * 64 + b"grille x509 evidence" + b"\0"
CRITICAL = {ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.KEY_USAGE, ExtensionOID.EXTENDED_KEY_USAGE,
            ExtensionOID.SUBJECT_ALTERNATIVE_NAME}
SKEW = datetime.timedelta(milliseconds=60000)


def der(certificate):
    return certificate.public_bytes(serialization.Encoding.DER)


def load(data):
    try:
        return x509.load_der_x509_certificate(bytes(data))
    except ValueError as error:
        raise Refuse("a certificate that is not DER: %s" % error)


def extension(certificate, oid):
    try:
        return certificate.extensions.get_extension_for_oid(oid)
    except x509.ExtensionNotFound:
        return None
    except x509.DuplicateExtension:
        raise Refuse("an extension comes twice")


def value_of(certificate, oid):
    found = extension(certificate, oid)
    return found.value if found else None


def check_one(certificate, above, is_leaf, cas_below, profile, purpose, now):
    need(certificate.version == x509.Version.v3, "no version 3")
    need(0 < certificate.serial_number < 2**159, "a serial number")
    need(len(list(certificate.extensions)) <= 32, "too many extensions")
    need(extension(certificate, ExtensionOID.NAME_CONSTRAINTS) is None, "name constraints")
    need(all(not e.critical or e.oid in CRITICAL for e in certificate.extensions), "a critical extension")
    key = certificate.public_key()
    curves = (ec.SECP384R1,) if profile == "nitro" else (ec.SECP256R1, ec.SECP384R1)
    digests = (hashes.SHA384,) if profile == "nitro" else (hashes.SHA256, hashes.SHA384)
    need(isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, curves), "another key")
    need(isinstance(certificate.signature_hash_algorithm, digests), "another hash")
    if above is not None:
        issuer = certificate.issuer.public_bytes()
        need(issuer == above.subject.public_bytes() and len(certificate.issuer.rdns) > 0, "another issuer")
    basic = extension(certificate, ExtensionOID.BASIC_CONSTRAINTS)
    usage = value_of(certificate, ExtensionOID.KEY_USAGE)
    if is_leaf:
        need(basic is None or not basic.value.ca, "a leaf that is a CA")
        need(usage.digital_signature if usage else profile == "x509", "a leaf's key usage")
    else:
        need(basic is not None and basic.critical and basic.value.ca, "no CA")
        need(basic.value.path_length is None or basic.value.path_length >= cas_below, "a path length")
        need(usage is not None and usage.key_cert_sign, "a CA's key usage")
    if profile == "x509":
        extended = value_of(certificate, ExtensionOID.EXTENDED_KEY_USAGE)
        need(purpose in extended if extended else not is_leaf, "an extended key usage")
    need(certificate.not_valid_before <= now + SKEW, "not yet valid")
    need(now <= certificate.not_valid_after, "expired")


def verify_path(certificates, profile, purpose=None, now=None):
    """certificates: from the anchor, which is pinned, to the leaf."""
    now = now or datetime.datetime.utcnow()
    count = len(certificates)
    need(2 <= count <= 9, "a path of %d certificates" % count)
    for index, certificate in enumerate(certificates):
        above = certificates[index - 1] if index else None
        check_one(certificate, above, index == count - 1, count - index - 2, profile, purpose, now)
    for above, certificate in zip(certificates, certificates[1:]):
        try:
            above.public_key().verify(certificate.signature, certificate.tbs_certificate_bytes,
                                      ec.ECDSA(certificate.signature_hash_algorithm))
        except InvalidSignature:
            raise Refuse("a certificate's signature")


# ---- Evidence ----

def half_bytes(key):
    return key.curve.key_size // 8


def hash_for(key):
    return hashes.SHA384() if isinstance(key.curve, ec.SECP384R1) else hashes.SHA256()


def raw_signature(key, data):
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hash_for(key))))
    size = half_bytes(key)
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def verify_raw(key, signature, data):
    size = half_bytes(key)
    need(len(signature) == 2 * size, "a signature of %d bytes" % len(signature))
    r, s = int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
    try:
        key.verify(encode_dss_signature(r, s), data, ec.ECDSA(hash_for(key)))
    except InvalidSignature:
        raise Refuse("a signature")


def block(data):
    return struct.pack(">H", len(data)) + data


class X509Identity:
    """A chain, leaf first, and the leaf's key."""

    kind = X509

    def __init__(self, key, chain, claims=b""):
        self.key, self.chain, self.claims = key, chain, claims

    def prove(self, binder, role, nonce, spki):
        signature = raw_signature(self.key, CONTEXT + role + binder)
        return bytes([len(self.chain)]) + b"".join(block(der(c)) for c in self.chain) + block(signature)


class X509Policy:
    """Accepts certificates of one CA with one of the names."""

    kinds = (X509,)

    def __init__(self, ca, names):
        self.ca, self.names = ca, names

    def read(self, body):
        def next_block(at):
            need(len(body) >= at + 2, "the body is cut")
            end = at + 2 + struct.unpack(">H", body[at:at + 2])[0]
            need(len(body) >= end, "the body is cut")
            return body[at + 2:end], end
        need(body and 1 <= body[0] <= 4, "number of certificates")
        chain, at = [], 1
        for _ in range(body[0]):
            encoded, at = next_block(at)
            need(1 <= len(encoded) <= 4096, "a certificate's size")
            chain.append(load(encoded))
        signature, at = next_block(at)
        need(at == len(body), "bytes behind the body")
        return chain, signature

    def verify(self, kind, binder, role, nonce, spki, claims, body):
        chain, signature = self.read(body)
        leaf, top = chain[0], chain[-1]
        sent_too = der(top) == der(self.ca)
        need(sent_too or top.issuer.public_bytes() == self.ca.subject.public_bytes(), "an unknown issuer")
        names = value_of(leaf, ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
        held = [] if names is None else (names.get_values_for_type(x509.UniformResourceIdentifier) +
                                         names.get_values_for_type(x509.DNSName))
        name = next((name for name in self.names if name in held), None)
        need(name is not None, "names %s" % held)
        path = [self.ca] + (chain[:-1] if sent_too else chain)[::-1]
        purpose = ExtendedKeyUsageOID.CLIENT_AUTH if role == b"I" else ExtendedKeyUsageOID.SERVER_AUTH
        verify_path(path, "x509", purpose)
        verify_raw(leaf.public_key(), signature, CONTEXT + role + binder)
        return "x509", name, [a.value for a in leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]


# ---- Minting ----

def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def builder(subject, issuer, key, days=1):
    now = datetime.datetime.utcnow()
    return (x509.CertificateBuilder().subject_name(name(subject)).issuer_name(issuer).public_key(key)
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=days))
            .not_valid_after(now + datetime.timedelta(days=days)))


def usage(sign=False, certify=False):
    return x509.KeyUsage(sign, False, False, False, False, certify, False, False, False)


def new_ca(subject, issuer=None, curve=ec.SECP256R1):
    """(key, certificate); issuer: another such pair."""
    key = ec.generate_private_key(curve())
    above, issuer_name = (issuer[0], issuer[1].subject) if issuer else (key, name(subject))
    built = (builder(subject, issuer_name, key.public_key())
             .add_extension(x509.BasicConstraints(True, None), critical=True)
             .add_extension(usage(certify=True), critical=True))
    return key, built.sign(above, hash_for(above))


def new_identity(uri, chain_of, curve=ec.SECP256R1, purpose=ExtendedKeyUsageOID.CLIENT_AUTH, claims=b"", subject="parent"):
    """chain_of: list of (key, certificate), the issuer first; what is sent above the leaf is all but the last."""
    key = ec.generate_private_key(curve())
    issuer_key, issuer = chain_of[0]
    leaf = (builder(subject, issuer.subject, key.public_key())
            .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(usage(sign=True), critical=True).sign(issuer_key, hash_for(issuer_key)))
    return X509Identity(key, [leaf] + [pair[1] for pair in chain_of[:-1]], claims)


def sha256(data):
    return hashlib.sha256(data).digest()
