"""Rules that turn .proto files into Grille's C code, here and in workspaces that use Grille.

    load("@grille//bazel:grille.bzl", "grille_client_library", "grille_proto_library", "grille_server_library")
    load("@grille//bazel:grille.bzl", "grille_fake_library")

    grille_proto_library(
        name = "cryptor_proto",
        srcs = ["acme/cryptor/v1/cryptor.proto"],      # cryptor.options beside it is found by itself
        strip_import_prefix = "",                       # imported as "acme/cryptor/v1/cryptor.proto"
    )
    grille_client_library(name = "cryptor_client", proto = ":cryptor_proto")
    grille_server_library(name = "cryptor_server", proto = ":cryptor_proto", codec = "nanopb")
    grille_fake_library(name = "cryptor_fake", proto = ":cryptor_proto")     # for tests

A program includes "acme/cryptor/v1/cryptor.grille-pb.h" or "….grille-nano.h" (docs/generated-code.md).
"""

GrilleProtoInfo = provider(
    doc = ".proto files, their import paths and their nanopb options.",
    fields = {
        "direct": "list of structs {import_path, path, options_path} of this target",
        "transitive": "depset of such structs, those of deps included",
        "inputs": "depset of files that protoc and the plugins read",
        "descriptors": "whether stubs carry what reflection shows",
    },
)

_CODECS = {
    "protobuf-c": struct(short = "pb", messages = "pb-c", stubs = "grille-pb"),
    "nanopb": struct(short = "nano", messages = "nano", stubs = "grille-nano"),
}

def _import_path(ctx, file, strip):
    """The path under which a file is imported: below its workspace, or below strip_import_prefix."""
    path = file.short_path
    if path.startswith("../"):
        path = path[3:].partition("/")[2]
    if strip == None:
        return path
    prefix = strip[1:] if strip.startswith("/") else "/".join([part for part in [ctx.label.package, strip] if part])
    prefix = prefix.rstrip("/")
    if not prefix:
        return path
    if not path.startswith(prefix + "/"):
        fail("%s is not below the strip_import_prefix %s" % (path, prefix))
    return path[len(prefix) + 1:]

def _stem(import_path):
    return import_path[:-len(".proto")]

def _proto_impl(ctx):
    strip = None if ctx.attr.strip_import_prefix == "/" else ctx.attr.strip_import_prefix
    options = {}
    for file in ctx.files.options:
        options[_import_path(ctx, file, strip)] = file.path
    sources = [(_import_path(ctx, file, strip), file.path) for file in ctx.files.srcs]
    sources += [(path, "%s/%s" % (ctx.attr.system_root, path)) for path in ctx.attr.system_srcs]
    direct = []
    for import_path, path in sources:
        options_path = options.pop(_stem(import_path) + ".options", "")
        direct.append(struct(import_path = import_path, path = path, options_path = options_path))
    if options:
        fail("no .proto of this target goes with %s" % ", ".join(options.keys()))
    infos = [dep[GrilleProtoInfo] for dep in ctx.attr.deps]
    return [
        DefaultInfo(files = depset(ctx.files.srcs)),
        GrilleProtoInfo(
            direct = direct,
            transitive = depset(direct, transitive = [info.transitive for info in infos]),
            inputs = depset(ctx.files.srcs + ctx.files.options, transitive = [info.inputs for info in infos]),
            descriptors = ctx.attr.descriptors,
        ),
    ]

_grille_proto = rule(
    implementation = _proto_impl,
    attrs = {
        "srcs": attr.label_list(allow_files = [".proto"]),
        "options": attr.label_list(allow_files = [".options"]),
        "deps": attr.label_list(providers = [GrilleProtoInfo]),
        "strip_import_prefix": attr.string(default = "/"),
        "descriptors": attr.bool(),
        "system_root": attr.string(),
        "system_srcs": attr.string_list(),
    },
)

def _run_protoc(ctx, plugin, flag, parameters, outputs):
    info = ctx.attr.proto[GrilleProtoInfo]
    arguments = ctx.actions.args()
    arguments.add("--plugin=protoc-gen-%s=%s" % (flag, plugin.path))
    arguments.add("--%s_out=%s/%s" % (flag, ctx.bin_dir.path, _folder(ctx)))
    for parameter in parameters:
        arguments.add("--%s_opt=%s" % (flag, parameter))
    for file in info.transitive.to_list():
        arguments.add("-I%s=%s" % (file.import_path, file.path))
    arguments.add("-I/usr/include")
    for file in info.direct:
        arguments.add(file.path)
    ctx.actions.run(
        executable = "/usr/bin/protoc",
        arguments = [arguments],
        inputs = info.inputs,
        tools = [plugin],
        outputs = outputs,
        mnemonic = "GrilleProtoc",
        progress_message = "Generating %s" % ctx.label,
        use_default_shell_env = True,
    )

def _folder(ctx):
    parts = [ctx.label.workspace_root, ctx.label.package, ctx.label.name]
    return "/".join([part for part in parts if part])

def _declare(ctx, suffix):
    return [
        ctx.actions.declare_file("%s/%s.%s" % (ctx.label.name, _stem(file.import_path), suffix))
        for file in ctx.attr.proto[GrilleProtoInfo].direct
    ]

def _messages_impl(ctx):
    codec = _CODECS[ctx.attr.codec]
    headers, sources = _declare(ctx, codec.messages + ".h"), _declare(ctx, codec.messages + ".c")
    if ctx.attr.codec == "nanopb":
        options = [
            "options=%s:%s" % (file.import_path, file.options_path)
            for file in ctx.attr.proto[GrilleProtoInfo].transitive.to_list()
            if file.options_path
        ]
        _run_protoc(ctx, ctx.executable._nanopb, "grille-nanopb", options, headers + sources)
    else:
        _run_protoc(ctx, ctx.executable._protobuf_c, "grille-c", [], headers + sources)
    return [
        DefaultInfo(files = depset(headers + sources), runfiles = ctx.runfiles(headers + sources)),
        OutputGroupInfo(headers = depset(headers), sources = depset(sources)),
    ]

def _stubs_impl(ctx):
    kind = _CODECS[ctx.attr.codec].stubs
    headers, tables = _declare(ctx, kind + ".h"), _declare(ctx, kind + ".c")
    client, server = _declare(ctx, kind + "-client.c"), _declare(ctx, kind + "-server.c")
    parameters = ["codec=" + ctx.attr.codec, "side=both"]
    if ctx.attr.prefix:
        parameters.append("prefix=" + ctx.attr.prefix)
    if ctx.attr.proto[GrilleProtoInfo].descriptors:
        parameters.append("descriptors=true")
    _run_protoc(ctx, ctx.executable._grille, "grille", parameters, headers + tables + client + server)
    generated = headers + tables + client + server
    return [
        DefaultInfo(files = depset(generated), runfiles = ctx.runfiles(generated)),
        OutputGroupInfo(
            headers = depset(headers),
            tables = depset(tables),
            client = depset(client),
            server = depset(server),
        ),
    ]

def _fakes_impl(ctx):
    kind = _CODECS[ctx.attr.codec].stubs
    headers, sources = _declare(ctx, kind + "-fake.h"), _declare(ctx, kind + "-fake.c")
    parameters = ["codec=" + ctx.attr.codec, "side=fake"]
    if ctx.attr.prefix:
        parameters.append("prefix=" + ctx.attr.prefix)
    _run_protoc(ctx, ctx.executable._grille, "grille", parameters, headers + sources)
    return [
        DefaultInfo(files = depset(headers + sources), runfiles = ctx.runfiles(headers + sources)),
        OutputGroupInfo(headers = depset(headers), sources = depset(sources)),
    ]

def _plugin(name):
    # "host" and not "exec", so that no transition (release.bzl, enclave.bzl) builds the plugins once more.
    return attr.label(default = "@grille//codegen:" + name, executable = True, cfg = "host")

_grille_messages = rule(
    implementation = _messages_impl,
    attrs = {
        "proto": attr.label(providers = [GrilleProtoInfo], mandatory = True),
        "codec": attr.string(values = _CODECS.keys(), mandatory = True),
        "_protobuf_c": _plugin("protoc-gen-grille-c"),
        "_nanopb": _plugin("protoc-gen-grille-nanopb"),
    },
)

_grille_stubs = rule(
    implementation = _stubs_impl,
    attrs = {
        "proto": attr.label(providers = [GrilleProtoInfo], mandatory = True),
        "codec": attr.string(values = _CODECS.keys(), mandatory = True),
        "prefix": attr.string(),
        "_grille": _plugin("protoc-gen-grille"),
    },
)

_grille_fakes = rule(
    implementation = _fakes_impl,
    attrs = {
        "proto": attr.label(providers = [GrilleProtoInfo], mandatory = True),
        "codec": attr.string(values = _CODECS.keys(), mandatory = True),
        "prefix": attr.string(),
        "_grille": _plugin("protoc-gen-grille"),
    },
)

# What generated code compiles with, each warning an error or not as the surrounding build says.
_STUB_COPTS = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic"]

# Not ours: the message libraries' own output.
_MESSAGE_COPTS = ["-std=c11", "-w"]

_LIBRARY_OF = {
    "protobuf-c": "@grille//bazel/third_party:protobuf_c",
    "nanopb": "@grille//bazel/third_party:nanopb",
}

_CODEC_OF = {
    "protobuf-c": "@grille//runtime/codec:protobuf_c",
    "nanopb": "@grille//runtime/codec:nanopb",
}

def _absolute(label):
    """A label with its target's name written out, so that a suffix can follow."""
    if ":" in label:
        return label
    return label + ":" + label.rpartition("/")[2]

def _group(name, target, group, attributes):
    native.filegroup(name = name, srcs = [target], output_group = group, **attributes)
    return ":" + name

def _message_library(name, proto, codec, deps, attributes):
    generated = name + "_gen"
    _grille_messages(name = generated, proto = proto, codec = codec, **attributes)
    native.cc_library(
        name = name,
        srcs = [_group(name + "_srcs", generated, "sources", attributes)],
        hdrs = [_group(name + "_hdrs", generated, "headers", attributes)],
        copts = _MESSAGE_COPTS,
        includes = [generated],
        deps = deps + [_LIBRARY_OF[codec], "@grille//runtime/include:grille"],
        **attributes
    )

def _stub_libraries(name, proto, codec, prefix, messages, copts, attributes):
    """NAME_client and NAME_server over shared tables, so that both fit into one program."""
    generated = name + "_gen"
    _grille_stubs(name = generated, proto = proto, codec = codec, prefix = prefix, **attributes)
    native.cc_library(
        name = name + "_tables",
        srcs = [_group(name + "_tables_srcs", generated, "tables", attributes)],
        hdrs = [_group(name + "_hdrs", generated, "headers", attributes)],
        copts = _STUB_COPTS + copts,
        includes = [generated],
        deps = [messages, "@grille//runtime/include:grille", _CODEC_OF[codec]],
        **attributes
    )
    for side in ["client", "server"]:
        native.cc_library(
            name = "%s_%s" % (name, side),
            srcs = [_group("%s_%s_srcs" % (name, side), generated, side, attributes)],
            copts = _STUB_COPTS + copts,
            deps = [":%s_tables" % name],
            **attributes
        )

def grille_proto_library(
        name,
        srcs = [],
        options = None,
        deps = [],
        strip_import_prefix = "/",
        system_root = "",
        system_srcs = [],
        descriptors = False,
        copts = [],
        visibility = None,
        testonly = None):
    """.proto files and the messages of both libraries; what is not asked for is not built.

    Args:
      name: the target. NAME.pb_messages and NAME.nano_messages are the messages alone, as cc_library.
      srcs: .proto files
      options: .options files of nanopb; None: those beside the srcs, as far as they exist
      deps: grille_proto_library targets that the srcs import
      strip_import_prefix: what is left out of the path for imports and includes: with a `/` in front below the
        workspace, else below the package; "/": the path is the one below the workspace
      system_root: folder outside the workspace, for system_srcs
      system_srcs: paths below it, as they are imported
      descriptors: the stubs carry what grille_reflection_describe shows of the services
      copts: added to the options that the generated stubs are compiled with
      visibility: of all targets
      testonly: of all targets
    """
    if options == None:
        names = [src for src in srcs if src.endswith(".proto") and ":" not in src and not src.startswith("//")]
        options = native.glob([src[:-len(".proto")] + ".options" for src in names]) if names else []
    _grille_proto(
        name = name,
        srcs = srcs,
        options = options,
        deps = deps,
        strip_import_prefix = strip_import_prefix,
        system_root = system_root,
        system_srcs = system_srcs,
        descriptors = descriptors,
        visibility = visibility,
        testonly = testonly,
    )
    # Manual: a wildcard builds the codec that somebody uses, and refuses none that nobody does.
    attributes = {"visibility": visibility, "testonly": testonly, "tags": ["manual"]}
    for codec, names in _CODECS.items():
        messages = "%s.%s_messages" % (name, names.short)
        on = ["%s.%s_messages" % (_absolute(dep), names.short) for dep in deps]
        _message_library(messages, ":" + name, codec, on, attributes)
        _stub_libraries("%s.%s" % (name, names.short), ":" + name, codec, "", ":" + messages, copts, attributes)

def _stubs_of(proto, codec, prefix, testonly):
    """The name of the stubs' libraries; those of a prefix are made where they are first asked for."""
    if codec not in _CODECS:
        fail("codec = \"%s\": the codecs are %s" % (codec, " and ".join(_CODECS.keys())))
    base = "%s.%s" % (_absolute(proto), _CODECS[codec].short)
    if not prefix:
        return base
    messages = base + "_messages"
    base = "%s.%s.%s" % (proto.replace("/", "_").replace(":", "_").replace("@", "_"), _CODECS[codec].short, prefix)

    # Client and server of one prefix share their tables when they stand in one package.
    if not native.existing_rule(base + "_gen"):
        shared = {"testonly": testonly, "tags": ["manual"]}
        _stub_libraries(base, proto, codec, prefix, messages, [], shared)
    return ":" + base

def _side_library(name, side, proto, codec, prefix, attributes):
    base = _stubs_of(proto, codec, prefix, attributes.get("testonly"))
    native.cc_library(name = name, deps = ["%s_%s" % (base, side), "@grille//runtime:" + side], **attributes)

def grille_client_library(name, proto, codec = "protobuf-c", prefix = "", **attributes):
    """Client stubs with all that they link to.

    Args:
      name: the target, a cc_library
      proto: a grille_proto_library
      codec: "protobuf-c" or "nanopb"
      prefix: before each symbol; for the second codec of one service in one program
      **attributes: visibility, testonly, tags …
    """
    _side_library(name, "client", proto, codec, prefix, attributes)

def grille_server_library(name, proto, codec = "protobuf-c", prefix = "", **attributes):
    """Server handlers with all that they link to; arguments as those of grille_client_library.

    Args:
      name: the target, a cc_library
      proto: a grille_proto_library
      codec: "protobuf-c" or "nanopb"
      prefix: before each symbol
      **attributes: visibility, testonly, tags …
    """
    _side_library(name, "server", proto, codec, prefix, attributes)

def grille_fake_library(name, proto, codec = "protobuf-c", prefix = "", copts = [], **attributes):
    """Fakes of services, for unit tests of callers and handlers: X.grille-pb-fake.h, with stubs and handlers.

    Without any connection, TLS or identity: only what is testonly can depend on it.

    Args:
      name: the target, a cc_library
      proto: a grille_proto_library
      codec: "protobuf-c" or "nanopb"
      prefix: that of the client or server libraries beside it
      copts: added to the options that the fakes are compiled with
      **attributes: visibility, tags …
    """
    base = _stubs_of(proto, codec, prefix, True)
    generated = name + "_gen"
    shared = {"visibility": attributes.get("visibility"), "testonly": True, "tags": ["manual"]}
    _grille_fakes(name = generated, proto = proto, codec = codec, prefix = prefix, **shared)
    native.cc_library(
        name = name,
        testonly = True,
        srcs = [_group(name + "_srcs", generated, "sources", shared)],
        hdrs = [_group(name + "_hdrs", generated, "headers", shared)],
        copts = _STUB_COPTS + copts,
        includes = [generated],
        deps = [
            base + "_client",
            base + "_server",
            "@grille//runtime:client",
            "@grille//runtime:server",
            "@grille//testing",
        ],
        **attributes
    )
