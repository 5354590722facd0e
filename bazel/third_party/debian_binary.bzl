"""Repositories of files from Debian packages, which are not installed; debian_binary.sh does the work."""

# A program of another Debian than this machine's wants its own C library.
_LAUNCHER = """#!/bin/sh
root=$(dirname "$(readlink -f "$0")")/root
exec "$root/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2" --library-path "$root/usr/lib/x86_64-linux-gnu" "$root/%s" "$@"
"""

def _debian_binary(ctx):
    build_file = ctx.path(ctx.attr.build_file)
    ctx.path(ctx.attr._common)
    result = ctx.execute([ctx.path(ctx.attr._script), ctx.attr.suite, str(ctx.path("root"))] + ctx.attr.packages)
    available = result.return_code == 0
    if not available and not ctx.attr.optional:
        fail(result.stderr.strip() or "debian_binary.sh failed without a word")
    ctx.file("WORKSPACE", "")
    ctx.file("available.bzl", "AVAILABLE = %s\n" % available)
    if available:
        ctx.symlink(build_file, "BUILD")
        if ctx.attr.launches:
            ctx.file("launch", _LAUNCHER % ctx.attr.launches)
    else:
        # buildifier: disable=print
        print("without %s: %s" % (", ".join(ctx.attr.packages), result.stderr.strip()))
        ctx.file("BUILD", "")

debian_binary = repository_rule(
    implementation = _debian_binary,
    attrs = {
        "packages": attr.string_list(mandatory = True, doc = "binary packages; NAME* is the first dependency of NAME"),
        "suite": attr.string(mandatory = True, doc = "code name of the Debian release"),
        "build_file": attr.label(mandatory = True, allow_single_file = True, doc = "sees the files below root/"),
        "launches": attr.string(doc = "a program below root/, which the file launch runs with the C library of root/"),
        "optional": attr.bool(doc = "an empty package with AVAILABLE = False in available.bzl when they can't be had"),
        "_script": attr.label(default = "@grille//bazel/third_party:debian_binary.sh", allow_single_file = True),
        "_common": attr.label(default = "@grille//bazel/third_party:debian_apt.sh", allow_single_file = True),
    },
)
