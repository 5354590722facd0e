"""A repository made from a Debian source package; debian_source.sh does the work."""

def _debian_source(ctx):
    build_file = ctx.path(ctx.attr.build_file)
    ctx.path(ctx.attr._common)
    result = ctx.execute([
        ctx.path(ctx.attr._script),
        ctx.attr.package,
        ctx.attr.upstream_version,
        ctx.attr.suite,
        str(ctx.path(".")),
    ])
    if result.return_code:
        fail(result.stderr.strip() or "debian_source.sh failed without a word")

    # Upstream's own Bazel files would win over ours or make packages of subfolders.
    ctx.execute(["find", ".", "(", "-name", "BUILD", "-o", "-name", "BUILD.bazel", "-o", "-name", "WORKSPACE", ")", "-delete"])
    ctx.file("WORKSPACE", "")
    ctx.symlink(build_file, "BUILD")

debian_source = repository_rule(
    implementation = _debian_source,
    attrs = {
        "package": attr.string(mandatory = True, doc = "source package"),
        "upstream_version": attr.string(mandatory = True, doc = "refuses any other; Debian's revision may rise"),
        "suite": attr.string(mandatory = True, doc = "code name of the Debian release"),
        "build_file": attr.label(mandatory = True, allow_single_file = True),
        "_script": attr.label(default = "@grille//bazel/third_party:debian_source.sh", allow_single_file = True),
        "_common": attr.label(default = "@grille//bazel/third_party:debian_apt.sh", allow_single_file = True),
    },
)
