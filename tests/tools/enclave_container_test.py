#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: grille enclave build takes a container image as docker save writes it: layers in their order, whiteouts, links,
owners; its command and variables; and refuses what is no such thing."""

import gzip
import io
import json
import os
import struct
import subprocess
import sys
import tarfile
import tempfile

GRILLE = os.path.abspath("tools/grille/grille")
FOLDER = tempfile.mkdtemp(prefix="image.", dir="/tmp")
FILE, LINK, HARD, DIR, FIFO = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE


def path(name):
    return os.path.join(FOLDER, name)


def tar(members, pax=False):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT if pax else tarfile.GNU_FORMAT) as made:
        for name, kind, content, *rest in members:
            one = tarfile.TarInfo(name)
            one.type, one.mode, one.mtime = kind, 0o755 if kind == DIR else 0o644, 1700000000
            if kind in (LINK, HARD):
                one.linkname = content
            for key, value in (rest[0] if rest else {}).items():
                setattr(one, key, value)
            data = content.encode() if kind == FILE else b""
            one.size = len(data)
            made.addfile(one, io.BytesIO(data))
    return out.getvalue()


CONFIG = {"config": {"Entrypoint": ["/bin/server"], "Cmd": ["--port", "5000"], "Env": ["PATH=/bin", "A=1"]}}
BASE = tar([("./usr/", DIR, ""), ("usr/bin/", DIR, ""), ("bin", LINK, "usr/bin"),
            ("usr/bin/server", FILE, "old", {"mode": 0o755}), ("etc/old", FILE, "x"), ("etc/keep", FILE, "k"),
            ("var/cache/a", FILE, "a"), ("var/cache/b", FILE, "b"), ("gone/deep/file", FILE, "g")])
TOP = tar([("usr/bin/server", FILE, "new", {"mode": 0o4755, "uid": 1000, "gid": 50}), ("usr/bin/second", HARD, "usr/bin/server"),
           ("etc/.wh.old", FILE, ""), ("var/cache/c", FILE, "c"), ("var/cache/.wh..wh..opq", FILE, ""), (".wh.gone", FILE, ""),
           ("a" * 150 + "/ü", FILE, "long"), ("dev/fifo", FIFO, "")], pax=True)


def save(layers, config=CONFIG, manifest=None):
    members = [("layer%d.tar" % number, layer) for number, layer in enumerate(layers)]
    if manifest is None:
        manifest = [{"Config": "c.json", "RepoTags": ["acme:1"], "Layers": [name for name, _ in members]}]
    # The manifest comes last, as podman writes it.
    members += [("c.json", json.dumps(config).encode()), ("manifest.json", json.dumps(manifest).encode())]
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as made:
        for name, data in members:
            one = tarfile.TarInfo(name)
            one.size = len(data)
            made.addfile(one, io.BytesIO(data))
    return out.getvalue()


def build(data, *rest):
    with open(path("image.tar"), "wb") as file:
        file.write(data)
    return subprocess.run([GRILLE, "enclave", "build", "--output", path("out.eif"), "--kernel", path("kernel"), "--init",
                           path("init"), "--image", path("image.tar"), *rest], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)


def application():
    """The last ramdisk as {path: (mode, owner, group, content)}."""
    image = open(path("out.eif"), "rb").read()
    count, = struct.unpack_from(">H", image, 26)
    at, = struct.unpack_from(">Q", image, 28 + 8 * (count - 1))
    archive, found, at = image[at + 12:], {}, 0
    while True:
        field = [int(archive[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        name = archive[at + 110:at + 109 + field[11]].decode()
        at += (110 + field[11] + 3) // 4 * 4
        if name == "TRAILER!!!":
            return found
        found[name] = (oct(field[1]), field[2], field[3], archive[at:at + field[6]].decode())
        at += (field[6] + 3) // 4 * 4


def layers_are_applied_in_order():
    done = build(save([BASE, gzip.compress(TOP, mtime=0)]))
    assert done.returncode == 0, done
    files = application()
    folder, name = ("0o40755", 0, 0, ""), "rootfs/" + "a" * 150
    server = ("0o104755", 1000, 50, "new")
    assert files == {
        "cmd": ("0o100644", 0, 0, "/bin/server\n--port\n5000\n"), "env": ("0o100644", 0, 0, "PATH=/bin\nA=1\n"),
        "rootfs": folder, "rootfs/usr": folder, "rootfs/usr/bin": folder, "rootfs/etc": folder, "rootfs/var": folder,
        "rootfs/var/cache": folder, "rootfs/dev": folder, name: folder, name + "/ü": ("0o100644", 0, 0, "long"),
        "rootfs/bin": ("0o120777", 0, 0, "usr/bin"), "rootfs/usr/bin/server": server, "rootfs/usr/bin/second": server,
        "rootfs/etc/keep": ("0o100644", 0, 0, "k"), "rootfs/var/cache/c": ("0o100644", 0, 0, "c"),
        "rootfs/dev/fifo": ("0o10644", 0, 0, "")}, files


def the_same_image_gives_the_same_bytes():
    first = build(save([BASE, TOP])).stdout
    image = open(path("out.eif"), "rb").read()
    assert build(save([gzip.compress(BASE), TOP])).stdout == first
    assert open(path("out.eif"), "rb").read() == image


def the_command_line_wins():
    done = build(save([BASE]), "--env", "A=2", "--", "/usr/bin/server", "x")
    assert done.returncode == 0, done
    files = application()
    assert files["cmd"][3] == "/usr/bin/server\nx\n" and files["env"][3] == "PATH=/bin\nA=1\nA=2\n", files


def what_is_lost_is_told():
    config = {"config": {"Cmd": ["/bin/server"], "WorkingDir": "/srv", "User": "1000"}}
    done = build(save([BASE], config))
    assert done.returncode == 0 and "working folder /srv is not kept" in done.stderr, done
    assert "user 1000 is not kept" in done.stderr, done


def what_is_no_image_is_refused():
    entry = {"Config": "c.json", "Layers": ["layer0.tar"]}
    for data, text in [
            (b"", "image.tar: "), (b"garbage" * 1000, "image.tar: "), (BASE, "no manifest.json"),
            (save([BASE], manifest=[]), "not of one image"), (save([BASE], manifest=[entry, entry]), "not of one image"),
            (save([BASE], manifest=[{"Layers": ["layer0.tar"]}]), "names no configuration"),
            (save([BASE], manifest=[{"Config": "c.json"}]), "names no layers"),
            (save([BASE], manifest=[{"Config": "c.json", "Layers": ["other.tar"]}]), "no other.tar"),
            (save([BASE], manifest=[{"Config": "c.json", "Layers": [1]}]), "by no text"),
            (save([BASE], manifest=[{"Config": "d.json", "Layers": ["layer0.tar"]}]), "no d.json"),
            (save([BASE], {"config": {"Cmd": "text"}}), "no texts"),
            (save([BASE], {"config": {}}), "needs a command"), (save([b"no tar at all" * 100]), "layer0.tar: "),
            (save([tar([("../up", FILE, "x")])]), '".."'), (save([tar([("a", LINK, "/"), ("a/b", FILE, "x")])]), "no folder"),
            (save([tar([("a", HARD, "missing")])]), "not there"), (save([BASE[:700]]), "layer0.tar: "),
            (save([gzip.compress(BASE)[:-20]]), "layer0.tar: ")]:
        done = build(data)
        assert done.returncode == 2 and text in done.stderr, (text, done)
        assert not os.path.exists(path("out.eif")), text


def main():
    with open(path("kernel"), "wb") as file:
        file.write(bytes(514) + b"HdrS")
    with open(path("init"), "w") as file:
        file.write("#!")
    os.chmod(path("init"), 0o755)
    failed = 0
    for case in [what_is_no_image_is_refused, layers_are_applied_in_order, the_same_image_gives_the_same_bytes,
                 the_command_line_wins, what_is_lost_is_told]:
        name = case.__name__.replace("_", " ")
        print("[ RUN      ] " + name, flush=True)
        try:
            case()
            print("[       OK ] " + name)
        except Exception:
            import traceback
            traceback.print_exc(file=sys.stdout)
            print("[  FAILED  ] " + name)
            failed += 1
    for name in os.listdir(FOLDER):
        os.unlink(path(name))
    os.rmdir(FOLDER)
    return failed != 0


sys.exit(main())
