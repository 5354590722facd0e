"""Targets as --config=release builds them, inside any build: what tests of shipped artefacts look at."""

# The same as build:release in .bazelrc; whatever else the command line asks for (sanitizers) is left out.
_SETTINGS = {
    "//command_line_option:compilation_mode": "opt",
    "//command_line_option:copt": [
        "-U_FORTIFY_SOURCE",
        "-D_FORTIFY_SOURCE=2",
        "-fcf-protection",
        "-fstack-clash-protection",
    ],
    "//bazel:release_build": True,
    "//command_line_option:linkopt": [
        "-Wl,-z,relro,-z,now,-z,noexecstack",
    ],
}

def _release_transition(_settings, _attr):
    return _SETTINGS

_transition = transition(
    implementation = _release_transition,
    inputs = [],
    outputs = _SETTINGS.keys(),
)

def _release_files(ctx):
    files = depset(transitive = [target[DefaultInfo].files for target in ctx.attr.srcs])
    return [DefaultInfo(files = files, runfiles = ctx.runfiles(transitive_files = files))]

release_files = rule(
    implementation = _release_files,
    doc = "The files of libraries and binaries in the release configuration.",
    attrs = {
        "srcs": attr.label_list(mandatory = True, cfg = _transition, doc = "libraries and binaries"),
        "_whitelist_function_transition": attr.label(
            default = "@bazel_tools//tools/whitelists/function_transition_whitelist",
        ),
    },
)
