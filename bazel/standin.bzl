"""Stand-ins for repositories that Bazel asks for by name and would fetch from the network."""

def _standin_repository(ctx):
    ctx.file("WORKSPACE", "")
    ctx.file("BUILD", "package(default_visibility = [\"//visibility:public\"])\n" +
                      "filegroup(name = \"coverage_report_generator\")\n")
    for label, path in ctx.attr.files.items():
        ctx.symlink(label, path)
        ctx.file(path.rpartition("/")[0] + "/BUILD", "")

standin_repository = repository_rule(
    implementation = _standin_repository,
    attrs = {"files": attr.label_keyed_string_dict(allow_files = True, doc = "file of ours: its path in the stand-in")},
)
