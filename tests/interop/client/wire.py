# SPDX-License-Identifier: Apache-2.0
"""Frames, and the protocol's own messages."""

import struct
from collections import namedtuple

GATE, SETTINGS, CALL, HEADERS, DATA, STATUS, RESET, CREDIT, PING, DRAIN = range(1, 11)
HAS_MESSAGE, BEGIN, END_STREAM, ACK, IGNORABLE = 0x01, 0x02, 0x04, 0x08, 0x80
FRAME_HEADER_BYTES = 8
PAYLOAD_MAX = 16376
FIELDS_MAX = 512
METADATA_ENTRIES_MAX = 64

# type: (flags allowed, on the connection, on a stream, least payload, most payload)
RULES = {
    GATE: (0, True, False, 1, PAYLOAD_MAX),
    SETTINGS: (0, True, False, 0, PAYLOAD_MAX),
    CALL: (HAS_MESSAGE | END_STREAM, False, True, 2, PAYLOAD_MAX),
    HEADERS: (0, False, True, 1, PAYLOAD_MAX),
    DATA: (BEGIN | END_STREAM, False, True, 0, PAYLOAD_MAX),
    STATUS: (HAS_MESSAGE, False, True, 2, PAYLOAD_MAX),
    RESET: (0, False, True, 1, 1),
    CREDIT: (0, True, True, 4, 4),
    PING: (ACK, True, False, 8, 8),
    DRAIN: (0, True, False, 5, 5),
}

Frame = namedtuple("Frame", "type flags stream payload")
Call = namedtuple("Call", "method_id timeout_us metadata")
Status = namedtuple("Status", "code message details trailers")
Settings = namedtuple("Settings", "max_streams max_handlers max_message_bytes max_metadata_bytes stream_window_bytes "
                                  "connection_window_bytes services")

MINIMA = Settings(16, 16, 65536, 8192, 65536, 1048576, ())
LIMITS = Settings(65536, 65536, 2**30, 10240, (2**31 - 1) // 16, 2**31 - 1, ())


class Broken(Exception):
    """The peer broke a rule that ends the connection."""


def require(condition, what):
    if not condition:
        raise Broken(what)


# ---- Frames ----

def frame(kind, flags, stream, payload=b""):
    return struct.pack(">HBBI", len(payload), kind, flags, stream) + payload


def check_header(length, kind, flags, stream):
    """True when the frame is one to look at, False when it is to be skipped."""
    require(length <= PAYLOAD_MAX, "a frame of %d bytes" % length)
    if kind not in RULES:
        require(flags & IGNORABLE, "frame type %d" % kind)
        return False
    allowed, on_connection, on_stream, least, most = RULES[kind]
    require(flags & ~allowed == 0, "flags 0x%02x of type %d" % (flags, kind))
    require(on_connection if stream == 0 else on_stream, "type %d on stream %d" % (kind, stream))
    if kind == DATA:
        least = 4 if flags & BEGIN else 0 if flags & END_STREAM else 1
    require(least <= length <= most, "%d bytes of type %d" % (length, kind))
    return True


class FrameReader:
    """Frames out of a stream of bytes that is cut anywhere."""

    def __init__(self):
        self.buffer = bytearray()

    def feed(self, data):
        self.buffer += data

    def next(self):
        """The next frame, or None while it is not whole."""
        while len(self.buffer) >= FRAME_HEADER_BYTES:
            length, kind, flags, stream = struct.unpack(">HBBI", self.buffer[:FRAME_HEADER_BYTES])
            known = check_header(length, kind, flags, stream)
            end = FRAME_HEADER_BYTES + length
            if len(self.buffer) < end:
                return None
            payload = bytes(self.buffer[FRAME_HEADER_BYTES:end])
            del self.buffer[:end]
            if known:
                return Frame(kind, flags, stream, payload)
        return None


# ---- Fields ----

def varint(value):
    out = bytearray()
    while value > 0x7f:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field_varint(number, value):
    return varint(number << 3) + varint(value)


def field_bytes(number, value):
    return varint(number << 3 | 2) + varint(len(value)) + value


def field_fixed32(number, value):
    return varint(number << 3 | 5) + struct.pack("<I", value)


def read_varint(data, at):
    value = 0
    for index in range(10):
        require(at < len(data), "a varint is cut")
        byte = data[at]
        at += 1
        value |= (byte & 0x7f) << 7 * index
        if byte & 0x80 == 0:
            require(index == 0 or byte != 0, "a varint is not minimal")
            require(value < 2**64, "a varint is too large")
            return value, at
    raise Broken("a varint of more than 10 bytes")


def take(data, at, size):
    require(size <= len(data) - at, "a field is cut")
    return data[at:at + size], at + size


def fields(data):
    """Yields (number, wire type, value, encoded size) of each field."""
    at, count = 0, 0
    while at < len(data):
        start = at
        count += 1
        require(count <= FIELDS_MAX, "more than %d fields" % FIELDS_MAX)
        tag, at = read_varint(data, at)
        number, kind = tag >> 3, tag & 7
        require(1 <= number < 2**29, "field number %d" % number)
        if kind == 0:
            value, at = read_varint(data, at)
        elif kind == 1:
            value, at = take(data, at, 8)
        elif kind == 2:
            size, at = read_varint(data, at)
            value, at = take(data, at, size)
        elif kind == 5:
            value, at = take(data, at, 4)
            value = struct.unpack("<I", value)[0]
        else:
            raise Broken("wire type %d" % kind)
        yield number, kind, value, at - start


def message(data, schema):
    """schema: {number: (name, wire type, repeated)}. Returns {name: value or list} of what is there."""
    found = {}
    for number, kind, value, size in fields(data):
        if number not in schema:
            continue
        name, wanted, repeated = schema[number]
        require(kind == wanted, "field %s has wire type %d" % (name, kind))
        if repeated:
            found.setdefault(name, []).append((value, size))
        else:
            require(name not in found, "field %s comes twice" % name)
            found[name] = value
    return found


# ---- Messages ----

METADATA = {1: ("key", 2, False), 2: ("value", 2, False)}
KEY_CHARACTERS = set(b"0123456789abcdefghijklmnopqrstuvwxyz_.-")


def encode_metadata(pairs):
    """The entries of field 15. pairs: list of (str, bytes)."""
    out = b""
    for key, value in pairs:
        entry = field_bytes(1, key.encode())
        if value:
            entry += field_bytes(2, value)
        out += field_bytes(15, entry)
    return out


def decode_metadata(entries, most_bytes):
    require(len(entries) <= METADATA_ENTRIES_MAX, "%d entries of metadata" % len(entries))
    require(sum(size for _, size in entries) <= most_bytes, "metadata over its limit")
    pairs = []
    for entry, _ in entries:
        found = message(entry, METADATA)
        key, value = found.get("key", b""), found.get("value", b"")
        require(1 <= len(key) <= 128 and set(key) <= KEY_CHARACTERS, "metadata key %r" % key)
        require(key.endswith(b"-bin") or all(0x20 <= byte <= 0x7e for byte in value), "metadata value %r" % value)
        pairs.append((key.decode(), value))
    return pairs


def encode_call(method_id, timeout_us, metadata):
    out = field_fixed32(1, method_id)
    if timeout_us is not None:
        out += field_varint(2, timeout_us)
    return out + encode_metadata(metadata)


def decode_call(header, most_bytes):
    found = message(header, {1: ("method_id", 5, False), 2: ("timeout_us", 0, False), 15: ("metadata", 2, True)})
    require(found.get("method_id", 0) != 0, "CALL without a method")
    return Call(found["method_id"], found.get("timeout_us"), decode_metadata(found.get("metadata", []), most_bytes))


def headed(header, body):
    """u16 length ‖ header, and u32 length ‖ message when there is one."""
    out = struct.pack(">H", len(header)) + header
    return out if body is None else out + struct.pack(">I", len(body)) + body


def split_headed(flags, payload):
    require(len(payload) >= 2, "no room for a header")
    size = struct.unpack(">H", payload[:2])[0]
    header, at = take(payload, 2, size)
    body = None
    if flags & HAS_MESSAGE:
        prefix, at = take(payload, at, 4)
        body, at = take(payload, at, struct.unpack(">I", prefix)[0])
    require(at == len(payload), "bytes behind the payload")
    return header, body


def decode_headers(payload, most_bytes):
    entries = message(payload, {15: ("metadata", 2, True)}).get("metadata", [])
    require(entries, "HEADERS without an entry")
    return decode_metadata(entries, most_bytes)


def decode_status(header, most_bytes):
    found = message(header, {1: ("code", 0, False), 2: ("message", 2, False), 3: ("details", 2, False),
                             15: ("trailers", 2, True)})
    text = found.get("message", b"")
    require(found.get("code", 0) <= 16, "status code %d" % found.get("code", 0))
    require(len(text) <= 1024 and b"\0" not in text, "a status message of %d bytes" % len(text))
    require(len(found.get("details", b"")) <= 4096, "status details over their limit")
    try:
        text = text.decode()
    except UnicodeDecodeError:
        raise Broken("a status message that is not UTF-8")
    return Status(found.get("code", 0), text, found.get("details", b""),
                  decode_metadata(found.get("trailers", []), most_bytes))


def encode_status(status):
    out = field_varint(1, status.code) if status.code else b""
    out += field_bytes(2, status.message.encode()) if status.message else b""
    out += field_bytes(3, status.details) if status.details else b""
    return out + encode_metadata(status.trailers)


SETTINGS_FIELDS = {number: (name, 0, False) for number, name in enumerate(Settings._fields[:6], 1)}
SETTINGS_FIELDS[7] = ("services", 2, True)


def encode_settings(settings):
    out = b""
    for number, (value, minimum) in enumerate(zip(settings[:6], MINIMA[:6]), 1):
        if value != minimum:
            out += field_varint(number, value)
    for number, digest in settings.services:
        out += field_bytes(7, field_fixed32(1, number) + field_bytes(2, digest))
    return out


def decode_settings(payload):
    found = message(payload, SETTINGS_FIELDS)
    services, previous = [], 0
    for entry, _ in found.pop("services", []):
        service = message(entry, {1: ("id", 5, False), 2: ("digest", 2, False)})
        require(service.get("id", 0) > previous, "services out of order")
        require(len(service.get("digest", b"")) == 32, "a schema digest")
        previous = service["id"]
        services.append((service["id"], service["digest"]))
    require(len(services) <= 256, "%d services" % len(services))
    numbers = {name: value for name, value in found.items() if value != 0}
    settings = MINIMA._replace(services=tuple(services), **numbers)
    for name in Settings._fields[:6]:
        low, high = getattr(MINIMA, name), getattr(LIMITS, name)
        require(low <= getattr(settings, name) <= high, "setting %s" % name)
    require(settings.stream_window_bytes <= settings.connection_window_bytes // 16, "a stream's window")
    return settings


FEATURES = {3: "logs", 4: "metrics", 5: "reflection", 6: "debug"}


def encode_claims(build, policy_digest=b"", **features):
    out = field_varint(1, build) if build else b""
    out += field_bytes(2, policy_digest) if policy_digest else b""
    return out + b"".join(field_varint(number, features[name])
                          for number, name in sorted(FEATURES.items()) if features.get(name))


def decode_claims(claims):
    fields = {1: ("build", 0, False), 2: ("policy_digest", 2, False)}
    fields.update({number: (name, 0, False) for number, name in FEATURES.items()})
    found = message(claims, fields)
    require(all(found.get(name, 0) <= 2 for name in FEATURES.values()), "a feature's state")
    require(len(found.get("policy_digest", b"")) in (0, 48), "a policy digest")
    return found
