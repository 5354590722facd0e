"""The kernel and the NSM module that nitro-cli brings, as @grille_nitro_blobs. Where nitro-cli is not installed, what needs
them says so when it is built."""

_FILES = ["bzImage", "nsm.ko"]

_MISSING = """genrule(
    name = "missing",
    outs = [%s],
    cmd = "echo '%s holds no bzImage and nsm.ko: install nitro-cli (aws-nitro-enclaves-cli), or set GRILLE_NITRO_BLOBS' >&2; exit 1",
    visibility = ["//visibility:public"],
)
"""

def _nitro_blobs(ctx):
    folder = ctx.path(ctx.os.environ.get("GRILLE_NITRO_BLOBS", ctx.attr.folder))
    names = ", ".join(["\"%s\"" % name for name in _FILES])
    ctx.file("WORKSPACE", "")
    if not all([folder.get_child(name).exists for name in _FILES]):
        ctx.file("BUILD", _MISSING % (names, folder))
        return
    for name in _FILES:
        ctx.symlink(folder.get_child(name), name)
    ctx.file("BUILD", "exports_files([%s], visibility = [\"//visibility:public\"])\n" % names)

nitro_blobs = repository_rule(
    implementation = _nitro_blobs,
    attrs = {"folder": attr.string(default = "/usr/share/nitro_enclaves/blobs", doc = "where nitro-cli's packages put them")},
    environ = ["GRILLE_NITRO_BLOBS"],
    local = True,
)
