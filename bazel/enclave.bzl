"""Enclave programs as they go into an image: static, small, optimised, without symbols.

    load("@grille//bazel:enclave.bzl", "grille_enclave_binary")

    grille_enclave_binary(
        name = "cryptor_enclave",
        srcs = ["enclave.c"],
        deps = [
            ":cryptor_server",                       # a grille_server_library
            "@grille//runtime/nsm:linked_device",    # /dev/nsm
        ],
    )

Whatever the surrounding build is, everything below such a target is compiled once more in one configuration: release,
optimised, against musl instead of glibc. So all that it depends on must be C that Bazel compiles; a library that is
installed on the machine was compiled against glibc and does not fit. docs/enclave-programs.md has the reasons.
"""

_RELEASE = str(Label("//bazel:release_build"))
_ENCLAVE = str(Label("//bazel:enclave_build"))

# Where Debian's musl-dev installs.
_HEADERS = "/usr/include/x86_64-linux-musl"
_LIBRARIES = "/usr/lib/x86_64-linux-musl"

_SETTINGS = {
    "//command_line_option:compilation_mode": "opt",
    "//command_line_option:copt": [
        "-isystem",
        _HEADERS,  # before glibc's; the kernel's headers stand behind both
        "-fPIE",
        "-fstack-clash-protection",
        "-fomit-frame-pointer",
        # Nothing unwinds: there are no exceptions and no cancelled threads.
        "-fno-asynchronous-unwind-tables",
        "-fno-unwind-tables",
    ],
    "//command_line_option:linkopt": [],
    _RELEASE: True,
    _ENCLAVE: True,
}

def _enclave_transition(_settings, _attr):
    return _SETTINGS

_transition = transition(
    implementation = _enclave_transition,
    inputs = [],
    outputs = _SETTINGS.keys(),
)

_LINK_OPTIONS = [
    "-fuse-ld=lld",  # gold makes no static program that is position independent
    "-static-pie",
    "-nostdlib",
    "-L" + _LIBRARIES,
    _LIBRARIES + "/rcrt1.o",
    _LIBRARIES + "/crti.o",
    "-lc",
    "-lgcc",
    "-lc",
    _LIBRARIES + "/crtn.o",
    "-Wl,-z,relro,-z,now,-z,noexecstack",
    # The stack of a thread, as musl reads it here: its own 128 KiB are little for cryptography.
    "-Wl,-z,stack-size=8388608",
    "-Wl,--build-id=none",
]

def _enclave_binary(ctx):
    program = ctx.attr.program[0]
    linked = program[DefaultInfo].files_to_run.executable
    stripped = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.run(
        executable = "/usr/bin/strip",
        arguments = ["--strip-all", "--remove-section=.comment", "-o", stripped.path, linked.path],
        inputs = [linked],
        outputs = [stripped],
        mnemonic = "GrilleStrip",
        progress_message = "Stripping %s" % ctx.label,
    )
    return [
        DefaultInfo(
            executable = stripped,
            runfiles = ctx.runfiles([stripped]).merge(program[DefaultInfo].default_runfiles),
        ),
        OutputGroupInfo(with_symbols = depset([linked])),
    ]

_grille_enclave_binary = rule(
    implementation = _enclave_binary,
    executable = True,
    attrs = {
        "program": attr.label(mandatory = True, cfg = _transition, executable = True),
        "_whitelist_function_transition": attr.label(
            default = "@bazel_tools//tools/whitelists/function_transition_whitelist",
        ),
    },
)

def _enclave_files(ctx):
    files = depset(transitive = [target[DefaultInfo].files for target in ctx.attr.srcs])
    return [DefaultInfo(files = files, runfiles = ctx.runfiles(transitive_files = files))]

enclave_files = rule(
    implementation = _enclave_files,
    doc = "The files of libraries as enclave programs link them.",
    attrs = {
        "srcs": attr.label_list(mandatory = True, cfg = _transition, doc = "libraries"),
        "_whitelist_function_transition": attr.label(
            default = "@bazel_tools//tools/whitelists/function_transition_whitelist",
        ),
    },
)

def grille_enclave_binary(name, srcs = [], deps = [], copts = [], linkopts = [], visibility = None, testonly = None, tags = []):
    """A program for an enclave: static, position independent, stripped.

    Args:
      name: the target, one file that needs no other. Its output group with_symbols is the same
        program before it was stripped.
      srcs: C sources
      deps: cc_library targets, among them one of runtime/nsm:linked_device and runtime/nsm:linked_simulated
      copts: options of the srcs
      linkopts: added when linking
      visibility: of the target
      testonly: of the target
      tags: of the target
    """
    linked = name + ".linked"
    native.cc_binary(
        name = linked,
        srcs = srcs,
        copts = copts,
        linkopts = linkopts + _LINK_OPTIONS,
        linkstatic = True,
        tags = ["manual"],
        testonly = testonly,
        visibility = ["//visibility:private"],
        deps = deps,
    )
    _grille_enclave_binary(
        name = name,
        program = ":" + linked,
        tags = tags,
        testonly = testonly,
        visibility = visibility,
    )
