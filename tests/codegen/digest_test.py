#!/usr/bin/python3
"""Ids and schema digests in generated code, computed again from docs/generated-code.md.

usage: digest_test.py PROTO_ROOT GENERATED… [PAGE.md]

Each GENERATED is an X.grille-pb.c or X.grille-nano.c; X.proto stands below PROTO_ROOT or /usr/include. Digests that the
page shows are among those of the services.
"""
import hashlib
import re
import struct
import subprocess
import sys
import tempfile

from google.protobuf import descriptor_pb2, descriptor_pool


def u32(value):
    return struct.pack(">I", value)


def id_of(text):
    return struct.unpack(">I", hashlib.sha256(text.encode()).digest()[:4])[0]


def cardinality(method):
    return method.client_streaming | method.server_streaming << 1


def digest(service, methods):
    """`methods` are descriptors with `proto`, the MethodDescriptorProto."""
    met = []

    def number_of(message):
        if message is None:
            return 0xFFFFFFFF
        if message not in met:
            met.append(message)
        return met.index(message)

    out = b"grille-schema-v1" + u32(len(methods))
    for name, proto, request, response in sorted(methods, key=lambda m: id_of("/%s/%s" % (service, m[0]))):
        out += u32(id_of("/%s/%s" % (service, name))) + bytes([cardinality(proto)])
        out += u32(number_of(request)) + u32(number_of(response))
    at = 0
    while at < len(met):
        out += u32(len(met[at].fields))
        for field in sorted(met[at].fields, key=lambda f: f.number):
            out += u32(field.number) + bytes([field.type, field.label]) + u32(number_of(field.message_type))
        at += 1
    return hashlib.sha256(out).hexdigest()


def read_generated(path):
    """{service: (id, digest, {method: id})}"""
    with open(path) as file:
        text = file.read()
    services = {}
    for name, number, body in re.findall(r'grille_service \w+ = \{\s*"([^"]+)", 0x(\w+)u,\s*\{([^}]*)\}', text):
        services[name] = (int(number, 16), "".join(re.findall(r"0x(\w\w)", body)), {})
    for service, method, number in re.findall(r'\{"/([^/]+)/([^"]+)", 0x(\w+)u', text):
        services[service][2][method] = int(number, 16)
    return services


def check(root, path):
    stem = re.sub(r"\.grille-\w+\.c$", "", path.partition("_gen/")[2])
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(["protoc", "-I" + root, "-I/usr/include", "--include_imports", "-o" + out.name, stem + ".proto"],
                       check=True)
        files = descriptor_pb2.FileDescriptorSet.FromString(out.read()).file
    pool = descriptor_pool.DescriptorPool()
    for file in files:
        pool.Add(file)
    expected = {}
    for proto in files[-1].service:
        name = ".".join(part for part in (files[-1].package, proto.name) if part)
        described = pool.FindServiceByName(name)
        methods = [(m.name, m, described.methods_by_name[m.name].input_type, described.methods_by_name[m.name].output_type)
                   for m in proto.method]
        expected[name] = (id_of(name), digest(name, methods), {m.name: id_of("/%s/%s" % (name, m.name)) for m in proto.method})
    return expected == read_generated(path), [digest for _, digest, _ in expected.values()]


def check_page(path, digests):
    print("[ RUN      ]", path)
    with open(path) as page:
        shown = re.findall(r"\b[0-9a-f]{64}\b", page.read())
    known = bool(shown) and all(digest in digests for digest in shown)
    print("[       OK ]" if known else "[  FAILED  ]", path)
    return not known


def main(root, *paths):
    failed, all_digests = 0, []
    for path in paths:
        if path.endswith(".md"):
            failed += check_page(path, all_digests)
        if not re.search(r"\.grille-\w+\.c$", path):
            continue
        print("[ RUN      ]", path)
        same, digests = check(root, path)
        print("[       OK ]" if same else "[  FAILED  ]", path)
        failed += not same
        all_digests += digests
    return failed or not all_digests


sys.exit(main(*sys.argv[1:]) != 0)
