#!/usr/bin/python3
"""Writes what protobuf's reference implementation makes of messages, for the codecs' tests.

Each line: KIND TYPE BYTES DUMP, the bytes as hexadecimal digits or `-` for none.
  exact    decoding gives DUMP, encoding that again gives BYTES
  meaning  decoding gives DUMP
  refused  the reference implementation does not decode it, and neither may we
  differs  the codecs do otherwise, as differences_test.c lists; a fifth word has what the reference implementation
           writes after decoding, and DUMP is `refused` where it does not decode

A dump has each field that is there in the order of numbers: integers as unsigned, floating point as its bits, text and
bytes as digits. dump_nanopb.c and dump_protobuf_c.c write the same.
"""
import random
import struct
import subprocess
import sys
import tempfile
import warnings

from google.protobuf.message import DecodeError

SEED = 20240229
BOUNDED = {"short_string": 15, "short_bytes": 16, "short_strings": 15, "short_blobs": 16, "short_text": 15,
           "greeting": 15, "exact_bytes": 64}
COUNTS = {"Repeats": 8, "Maps": 6, "Holder": 3, "Everything": 3, "Inner": 3, "Wide": 32, "Legacy": 8}


def is_repeated(field):
    return field.label == field.LABEL_REPEATED


def is_map(field):
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def dump_number(field, value):
    kind = field.type
    if kind == field.TYPE_DOUBLE:
        return "%d" % struct.unpack("<Q", struct.pack("<d", value))
    if kind == field.TYPE_FLOAT:
        return "%d" % struct.unpack("<I", struct.pack("<f", value))
    wide = kind in (field.TYPE_INT64, field.TYPE_UINT64, field.TYPE_SINT64, field.TYPE_FIXED64, field.TYPE_SFIXED64)
    return "%d" % (int(value) & (2**64 - 1 if wide else 2**32 - 1))


def dump_value(field, value):
    if field.message_type is not None:
        return dump(value)
    if field.type == field.TYPE_STRING:
        return '"%s"' % value.encode().hex()
    if field.type == field.TYPE_BYTES:
        return '"%s"' % value.hex()
    return dump_number(field, value)


def dump_map(field, entries):
    key, value = (field.message_type.fields_by_name[name] for name in ("key", "value"))
    items = []
    for entry in sorted(entries):
        parts = []
        if dump_value(key, entry) not in ("0", '""'):
            parts.append("1:" + dump_value(key, entry))
        text = dump_value(value, entries[entry])
        if value.message_type is not None or text not in ("0", '""'):
            parts.append("2:" + text)
        items.append("{%s}" % ",".join(parts))
    return "[%s]" % ",".join(items)


def dump(message):
    parts = []
    for field in sorted(message.DESCRIPTOR.fields, key=lambda f: f.number):
        value = getattr(message, field.name)
        if is_map(field):
            if value:
                parts.append("%d:%s" % (field.number, dump_map(field, value)))
        elif is_repeated(field):
            if value:
                parts.append("%d:[%s]" % (field.number, ",".join(dump_value(field, item) for item in value)))
        elif field.has_presence:
            if message.HasField(field.name):
                parts.append("%d:%s" % (field.number, dump_value(field, value)))
        elif dump_value(field, value) not in ("0", '""'):
            parts.append("%d:%s" % (field.number, dump_value(field, value)))
    return "{%s}" % ",".join(parts)


class Maker:
    """Fills messages at random, within the bounds of the .options files."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def integer(self, bits, signed):
        pick = self.random.choice([0, 1, 127, 128, 255, 16383, 16384, 2**31 - 1, 2**bits - 1, self.random.getrandbits(bits)])
        pick &= 2**bits - 1
        return pick - 2**bits if signed and pick >= 2**(bits - 1) else pick

    def scalar(self, field):
        kind, some = field.type, self.random
        if kind in (field.TYPE_INT32, field.TYPE_SINT32, field.TYPE_SFIXED32):
            return self.integer(32, True)
        if kind in (field.TYPE_INT64, field.TYPE_SINT64, field.TYPE_SFIXED64):
            return self.integer(64, True)
        if kind in (field.TYPE_UINT32, field.TYPE_FIXED32):
            return self.integer(32, False)
        if kind in (field.TYPE_UINT64, field.TYPE_FIXED64):
            return self.integer(64, False)
        if kind == field.TYPE_DOUBLE:
            return some.choice([0.0, 1.5, -2.25, 1e300, float("inf"), some.uniform(-1e9, 1e9)])
        if kind == field.TYPE_FLOAT:
            return struct.unpack("<f", struct.pack("<f", some.choice([0.0, 0.5, -1.0, some.uniform(-99, 99)])))[0]
        if kind == field.TYPE_BOOL:
            return some.random() < 0.5
        if kind == field.TYPE_ENUM:
            return some.choice(field.enum_type.values).number
        most = min(BOUNDED.get(field.name, 300), 300)
        length = some.choice([0, 1, 2, most, some.randint(0, most)])
        if kind == field.TYPE_STRING:
            return "".join(some.choice("abc xyz\u00e4") for _ in range(length // 2))
        return bytes(some.getrandbits(8) for _ in range(length))

    def fill_map(self, field, entries, depth, most):
        key, value = (field.message_type.fields_by_name[name] for name in ("key", "value"))
        # One entry: the order of several is not part of the format.
        for _ in range(self.random.randint(0, 1)):
            if value.message_type is not None:
                self.fill(entries[self.scalar(key)], depth + 1)
            else:
                entries[self.scalar(key)] = self.scalar(value)

    def fill(self, message, depth=0):
        most = COUNTS.get(message.DESCRIPTOR.name, 3)
        for field in message.DESCRIPTOR.fields:
            required = field.label == field.LABEL_REQUIRED
            # nanopb packs all numbers (differences_test.c).
            if field.name == "loose":
                continue
            if not required and self.random.random() < (0.4 if depth else 0.25):
                continue
            value = getattr(message, field.name)
            if is_map(field):
                self.fill_map(field, value, depth, most)
            elif is_repeated(field) and field.message_type is not None:
                for _ in range(self.random.choice([0, 1, 2, most])):
                    self.fill(value.add(), depth + 1)
            elif is_repeated(field):
                value.extend(self.scalar(field) for _ in range(self.random.choice([0, 1, 2, most])))
            elif field.message_type is not None:
                value.SetInParent()
                self.fill(value, depth + 1)
            else:
                setattr(message, field.name, self.scalar(field))
        return message


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def fields_of(data):
    """The encoded fields of a message, each with its tag."""
    at, fields = 0, []

    def take_varint(at):
        value = shift = 0
        while True:
            value |= (data[at] & 127) << shift
            at, shift = at + 1, shift + 7
            if data[at - 1] < 128:
                return value, at

    while at < len(data):
        start = at
        tag, at = take_varint(at)
        if tag & 7 == 2:
            length, at = take_varint(at)
            at += length
        elif tag & 7 == 0:
            _, at = take_varint(at)
        else:
            at += 8 if tag & 7 == 1 else 4
        fields.append(data[start:at])
    return fields


def write(kind, message_type, data, text):
    print(kind, message_type.DESCRIPTOR.name, data.hex() or "-", text)


def write_parsed(message_type, data):
    """What the reference implementation says of these bytes."""
    message = message_type()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            message.ParseFromString(data)
            # "Not all data was converted": field number 0 and the like.
            whole = message.IsInitialized() and not caught
        except DecodeError:
            whole = False
    if whole:
        write("meaning", message_type, data, dump(message))
    else:
        write("refused", message_type, data, "-")


UNKNOWN = [varint(3000 << 3) + b"\x05", varint(3001 << 3 | 1) + b"12345678", varint(3002 << 3 | 2) + b"\x03abc",
           varint(3003 << 3 | 5) + b"1234"]


def write_random(message_type, maker, count):
    for _ in range(count):
        message = maker.fill(message_type())
        data = message.SerializeToString(deterministic=True)
        write("exact", message_type, data, dump(message))
        fields = fields_of(data)
        # Another order of fields with different numbers, unknown fields between, means the same.
        order = sorted(fields, key=lambda f: (f[0], maker.random.random()), reverse=True)
        if len({f[:2] for f in fields}) == len(fields):
            mixed = b"".join(f + maker.random.choice([b""] + UNKNOWN) for f in order)
            write_parsed(message_type, mixed)
        if data:
            cut = data[:maker.random.randrange(len(data))]
            write_parsed(message_type, cut)


def write_chosen(codec, legacy):
    """Encodings that no serialiser writes."""
    one = codec.Repeats
    write_parsed(one, b"\x08\x01\x08\x02\x0a\x02\x03\x04\x08\x05")       # packed and not in one field
    write_parsed(one, b"\x62\x03\x01\x02\x03")                            # packed where the schema says not
    write_parsed(one, b"\x1d\x01\x00\x00\x00\x1d\x02\x00\x00\x00")        # fixed32, not packed
    write_parsed(one, b"\x0a\x00")                                        # packed and empty
    write_parsed(one, b"\x1a\x03\x01\x00\x00")                            # packed fixed32, cut
    write_parsed(one, b"\x0a\x01\x80")                                    # packed varint, cut
    write_parsed(codec.Scalars, b"\x18\x80\x00")                          # a varint longer than needed
    write_parsed(codec.Scalars, b"\x98\x80\x00\x05")                      # a tag longer than needed
    write_parsed(codec.Scalars, b"\x98\x80\x80\x80\x00\x05")              # as long as it may be
    write_parsed(codec.Scalars, b"\x7a\x81\x80\x80\x80\x00a")             # a length as long as it may be
    write_parsed(codec.Scalars, b"\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")  # int32 of -1
    write_parsed(codec.Scalars, b"\x18\xff\xff\xff\xff\x0f")              # int32 of -1 in 5 bytes
    write_parsed(codec.Scalars, b"\x18\x01\x18\x02")                      # the last one counts
    write_parsed(codec.Scalars, b"\x7a\x01a\x7a\x01b")                    # of bytes too
    write_parsed(codec.Scalars, b"\x80\x01\x63")                          # an enum's unknown value
    write_parsed(codec.Scalars, b"\x88\x01\xfb\xff\xff\xff\xff\xff\xff\xff\xff\x01")  # a negative one
    write_parsed(codec.Scalars, b"\x68\x02")                              # a bool of 2
    write_parsed(codec.Scalars, b"\x00\x01")                              # field 0
    write_parsed(codec.Scalars, b"\x1e\x01")                              # wire type 6
    write_parsed(codec.Scalars, b"\x1f\x01")                              # wire type 7
    write_parsed(codec.Scalars, b"\x18" + b"\x80" * 10 + b"\x01")         # a varint of 11 bytes
    write_parsed(codec.Scalars, b"\x7a\xff\xff\xff\xff\x0f")              # bytes of 4 GiB
    write_parsed(codec.Scalars, b"\x92\x01\x05\x08\x01")                  # a message longer than what follows
    write_parsed(codec.Oneofs, b"\x10\x05\x1a\x01x")                      # the last member of a oneof counts
    write_parsed(codec.Oneofs, b"\x1a\x01x\x10\x00")                      # also when it is 0
    write_parsed(codec.Oneofs, b"\x2a\x02\x08\x01\x22\x02ab\x2a\x00")     # message, bytes, message: the first is gone
    write_parsed(codec.Oneofs, b"\x3a\x00\x40\x00")
    write_parsed(codec.Oneofs, b"\x22\x00")                               # an empty member is there
    write_parsed(codec.Optionals, b"\x08\x00\x10\x00\x1a\x00\x22\x00\x28\x00\x32\x00")
    write_parsed(codec.Optionals, b"\x1a\x01a\x1a\x00")
    write_parsed(codec.Maps, b"\x0a\x00")                                 # an entry of nothing
    write_parsed(codec.Maps, b"\x0a\x05\x10\x02\x0a\x01k")                # value before key
    write_parsed(codec.Maps, b"\x0a\x07\x0a\x01k\x10\x02\x18\x05")        # an entry with an unknown field
    write_parsed(codec.Empty, b"\x08\x01")
    write_parsed(legacy.Legacy, b"")                                      # required fields are missing
    write_parsed(legacy.Legacy, b"\x08\x01")
    write_parsed(legacy.Legacy, b"\x08\x01\x32\x00")
    write_parsed(legacy.Legacy, b"\x08\x01\x32\x00\x62\x00")              # one below is missing


def write_difference(message_type, digits):
    message = message_type()
    data = bytes.fromhex(digits)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            message.ParseFromString(data)
            text, again = dump(message), message.SerializeToString(deterministic=True).hex() or "-"
        except DecodeError:
            caught = True
    if caught:
        text, again = "refused", "-"
    print("differs", message_type.DESCRIPTOR.name, digits, text, again)


def write_differences(codec, legacy):
    write_difference(codec.Scalars, "090000000000000080")          # -0.0
    write_difference(codec.Repeats, "60016002")                    # [packed = false]
    write_difference(codec.Maps, "0a050a016b1000")                 # an entry whose value is 0
    write_difference(codec.Maps, "0a050a016b10010a050a016b1002")   # a key twice
    write_difference(codec.Oneofs, "2a0208012a03120161")           # a message in a oneof, twice
    write_difference(codec.Optionals, "320208013203120161")        # an optional message, twice
    write_difference(codec.Everything, "12001200")                 # a message with optional fields, twice
    write_difference(codec.Scalars, "7201ff")                      # text that is not UTF-8
    write_difference(codec.Scalars, "7203610062")                  # text with a zero byte, unbounded
    write_difference(codec.Scalars, "9a0103610062")                # text with a zero byte, with max_size
    write_difference(codec.Scalars, "288080808010")                # uint32 of 2^32
    write_difference(codec.Scalars, "388080808020")                # sint32 of 2^32
    write_difference(codec.Scalars, "68808080808001")              # bool of 2^35
    write_difference(codec.Scalars, "1d01000000")                  # int32 with the wire type of fixed32
    write_difference(codec.Scalars, "7001")                        # text with the wire type of a number
    write_difference(codec.Scalars, "18ffffffffffffffffff7f")      # a varint of more than 64 bits
    write_difference(codec.Empty, "0b0c")                          # a group
    write_difference(codec.Empty, "0801")                          # an unknown field
    write_difference(codec.Holder, "1a001a001a001a00")             # one item over max_count
    write_difference(codec.Scalars, "827d11" + "61" * 17)          # one byte over max_size
    write_difference(codec.Scalars, "9a0110" + "61" * 16)          # text as long as its max_size
    write_difference(legacy.Legacy, "0801" + "2863" + "3200")      # an enum's unknown value in proto2
    write_difference(legacy.Legacy, "0801" + "3200" + "a00601")    # a field of an extension


def main(protoc, folder, *protos):
    with tempfile.TemporaryDirectory() as out:
        subprocess.run([protoc, "-I" + folder, "--python_out=" + out, *protos], check=True)
        sys.path.insert(0, out)
        import codec_pb2
        import legacy_pb2
    maker = Maker(SEED)
    types = [codec_pb2.Empty, codec_pb2.Sub, codec_pb2.Scalars, codec_pb2.Optionals, codec_pb2.Repeats, codec_pb2.Oneofs,
             codec_pb2.Holder, codec_pb2.Maps, codec_pb2.Everything, legacy_pb2.Legacy,
             codec_pb2.Flat]
    for message_type in types:
        message = message_type()
        if message.IsInitialized():
            write("exact", message_type, b"", dump(message))
        write_random(message_type, maker, 40)
    write_chosen(codec_pb2, legacy_pb2)
    write_differences(codec_pb2, legacy_pb2)


main(*sys.argv[1:])
