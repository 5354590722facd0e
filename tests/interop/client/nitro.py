# SPDX-License-Identifier: Apache-2.0
"""Evidence by attestation documents (kind nitro): bounded CBOR, COSE_Sign1, the document."""

import datetime
import struct
import time

from cryptography.x509.oid import NameOID

from . import paths
from .gate import NITRO, need, sha384

DEPTH_MAX = 16
DOCUMENT_MAX = 16384
MAX_AGE_MS, SKEW_MS = 300000, 60000
ES384 = bytes.fromhex("a1013822")
ROOT_G1_SHA256 = "641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b"


class Cbor:
    """Reads items of the one allowed encoding out of `data`."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def byte(self):
        need(self.at < len(self.data), "CBOR is cut")
        self.at += 1
        return self.data[self.at - 1]

    def take(self, size):
        need(size <= len(self.data) - self.at, "CBOR is cut")
        self.at += size
        return self.data[self.at - size:self.at]

    def head(self):
        """(major type, argument); argument None: indefinite length."""
        first = self.byte()
        major, info = first >> 5, first & 31
        if info < 24:
            return major, info
        if info == 31:
            return major, None
        need(info <= 27, "a reserved head")
        size = 1 << info - 24
        value = int.from_bytes(self.take(size), "big")
        need(value >= (24 if size == 1 else 1 << 4 * size), "a head that is not minimal")
        return major, value

    def item(self, depth=0):
        need(depth <= DEPTH_MAX, "CBOR is nested too deeply")
        major, value = self.head()
        need(value is not None or major == 5, "an indefinite length")
        if major == 0:
            return value
        if major == 1:
            return -1 - value
        if major == 2:
            return bytes(self.take(value))
        if major == 3:
            return self.text(value)
        if major == 4:
            need(value <= len(self.data) - self.at, "a count")
            return [self.item(depth + 1) for _ in range(value)]
        if major == 5:
            return self.map(value, depth)
        need(major == 7 and value in (20, 21, 22), "CBOR major type %d" % major)
        return {20: False, 21: True, 22: None}[value]

    def text(self, size):
        try:
            return bytes(self.take(size)).decode()
        except UnicodeDecodeError:
            need(False, "text that is not UTF-8")

    def map(self, count, depth):
        entries = {}
        while count is None or count > 0:
            need(self.at < len(self.data), "CBOR is cut")
            if count is None and self.data[self.at] == 0xff:
                self.at += 1
                break
            key = self.item(depth + 1)
            need(isinstance(key, (int, str)) and not isinstance(key, bool), "a key")
            need(key not in entries, "a key comes twice")
            entries[key] = self.item(depth + 1)
            count = None if count is None else count - 1
        return entries

    def end(self):
        need(self.at == len(self.data), "bytes behind CBOR")


def cbor(data):
    reader = Cbor(data)
    item = reader.item()
    reader.end()
    return item


def bytes_head(size):
    if size < 24:
        return bytes([0x40 | size])
    return b"\x58" + bytes([size]) if size < 256 else b"\x59" + struct.pack(">H", size)


def read_document(body):
    """(payload's map, bytes that are signed, signature)."""
    need(0 < len(body) <= DOCUMENT_MAX, "a document of %d bytes" % len(body))
    parts = cbor(body[1:] if body[0] == 0xd2 else body)
    need(isinstance(parts, list) and len(parts) == 4, "no COSE_Sign1")
    protected, unprotected, payload, signature = parts
    need(protected == ES384, "another algorithm")
    need(unprotected == {}, "an unprotected header")
    need(isinstance(payload, bytes) and payload, "no payload")
    need(isinstance(signature, bytes) and len(signature) == 96, "a signature")
    signed = b"\x84\x6aSignature1" + b"\x44" + ES384 + b"\x40" + bytes_head(len(payload)) + payload
    document = cbor(payload)
    need(isinstance(document, dict), "the payload is no map")
    return document, signed, signature


def check_fields(d):
    module = d.get("module_id")
    need(isinstance(module, str) and 1 <= len(module) <= 127 and "-enc" in module[1:], "module_id")
    need(d.get("digest") == "SHA384", "digest")
    need(type(d.get("timestamp")) is int and d["timestamp"] > 0, "timestamp")
    pcrs = d.get("pcrs")
    need(isinstance(pcrs, dict) and 1 <= len(pcrs) <= 32, "pcrs")
    need(all(type(i) is int and 0 <= i <= 31 and isinstance(v, bytes) and len(v) == 48 for i, v in pcrs.items()), "pcrs")
    bundle = d.get("cabundle")
    need(isinstance(bundle, list) and 1 <= len(bundle) <= 8, "cabundle")
    need(all(isinstance(c, bytes) and 1 <= len(c) <= 1024 for c in bundle + [d.get("certificate")]), "certificates")
    for key in ("public_key", "user_data", "nonce"):
        value = d.get(key)
        need(value is None or isinstance(value, bytes) and len(value) <= 1024, key)
    need("nitrotpm_pcrs" not in d, "a NitroTPM document")


def common_name(certificate):
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return found[0].value if found else ""


def begins_with(text, start):
    return text == start or text.startswith(start + ".")


class NitroPolicy:
    """Accepts enclaves under a root whose PCRs are these. root: DER of a development root, or None for AWS G1."""

    kinds = (NITRO,)

    def __init__(self, root, pcrs):
        self.root, self.pcrs = root, pcrs
        self.document = None  # the last that was accepted

    def verify(self, kind, binder, role, nonce, spki, claims, body):
        d, signed, signature = read_document(body)
        check_fields(d)
        need(d.get("nonce") == nonce, "another nonce")
        need(d.get("user_data") == b"grille-attest-1" + role + binder, "another binder")
        need(d.get("public_key") == spki, "another public key")
        first = d["cabundle"][0]
        need(first == self.root if self.root else paths.sha256(first).hex() == ROOT_G1_SHA256, "another root")
        chain = [paths.load(c) for c in d["cabundle"] + [d["certificate"]]]
        paths.verify_path(chain, "nitro")
        self.check_time(d["timestamp"], chain[-1])
        paths.verify_raw(chain[-1].public_key(), signature, signed)
        self.check_names(d, chain)
        need(d["pcrs"].get(0, bytes(48)) != bytes(48), "a debug enclave")
        need(all(d["pcrs"].get(i) == value for i, value in self.pcrs.items()), "another image")
        self.document = d
        return "nitro", d["module_id"], [d["pcrs"].get(i) for i in range(16)]

    def check_time(self, timestamp, leaf):
        now = int(time.time() * 1000)
        moment = datetime.datetime.utcfromtimestamp(timestamp / 1000)
        need(leaf.not_valid_before - paths.SKEW <= moment <= leaf.not_valid_after, "the document's time")
        need(now - MAX_AGE_MS <= timestamp <= now + SKEW_MS, "a stale document")

    def check_names(self, d, chain):
        module = d["module_id"]
        instance = module[:module.index("-enc", 1)]
        need(begins_with(common_name(chain[-1]), module), "the leaf is of another module")
        need(begins_with(common_name(chain[-2]), instance), "the issuer is of another instance")
        if self.root is None:
            need(d["pcrs"].get(4) == sha384(bytes(48) + instance.encode()), "PCR4")
