"""Ramdisks of files that Bazel builds: the same files give the same bytes."""

def _ramdisk(ctx):
    output = ctx.actions.declare_file(ctx.attr.out)
    arguments = ctx.actions.args()
    arguments.add(output)
    inputs = []
    for target, path in ctx.attr.files.items():
        files = target.files.to_list()
        if len(files) != 1:
            fail("%s is not one file" % target.label)
        inputs += files
        arguments.add("%s=%s" % (path, files[0].path))
    ctx.actions.run(
        executable = ctx.executable._pack,
        arguments = [arguments],
        inputs = inputs,
        outputs = [output],
        mnemonic = "GrilleRamdisk",
        progress_message = "Packing the ramdisk %s" % ctx.label,
    )
    return [DefaultInfo(files = depset([output]), runfiles = ctx.runfiles([output]))]

ramdisk = rule(
    implementation = _ramdisk,
    attrs = {
        "files": attr.label_keyed_string_dict(allow_files = True, mandatory = True),
        "out": attr.string(mandatory = True),
        # As the surrounding build has it: what it writes does not depend on how it was compiled.
        "_pack": attr.label(default = "@grille//tools/nsm_device:grille_ramdisk", executable = True, cfg = "target"),
    },
)
