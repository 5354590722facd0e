"""Enclave images, from programs that Bazel builds.

    load("@grille//bazel:image.bzl", "grille_enclave_image")

    grille_enclave_image(
        name = "cryptor_image",
        binary = ":cryptor_enclave",                 # a grille_enclave_binary
        args = ["vsock:any:5000", "/etc/cryptor/policy.yaml"],
        files = {":policy.yaml": "/etc/cryptor/policy.yaml"},
    )

gives cryptor_image.eif and cryptor_image.measurements.json, which a policy names in `measurements`. The same sources
give the same bytes. docs/enclave-images.md says more.
"""

# Debian's kernel has these as modules; the order is that of loading.
DEBIAN_VSOCK_MODULES = ["@grille_kernel//:" + name for name in [
    "virtio_ring",
    "virtio",
    "virtio_pci_legacy_dev",
    "virtio_pci_modern_dev",
    "virtio_pci",
    "vsock",
    "vmw_vsock_virtio_transport_common",
    "vmw_vsock_virtio_transport",
    "vsock_loopback",
]]

# Debian's kernel finds its vsock on PCI; it says little, and does not come again once it has ended. Its check of the timer
# takes an emulated machine that is slow for a broken one.
DEBIAN_CMDLINE = "reboot=t panic=-1 console=ttyS0 quiet random.trust_cpu=on no_timer_check"

def _single(target):
    files = target.files.to_list()
    if len(files) != 1:
        fail("%s is not one file" % target.label)
    return files[0]

def _enclave_image(ctx):
    image = ctx.actions.declare_file(ctx.label.name + ".eif")
    measurements = ctx.actions.declare_file(ctx.label.name + ".measurements.json")
    kernel, init = _single(ctx.attr.kernel), _single(ctx.attr.init)
    modules = [_single(module) for module in ctx.attr.modules]
    program = "/app/" + ctx.executable.binary.basename
    arguments = ctx.actions.args()
    arguments.add("--output", image)
    arguments.add("--kernel", kernel)
    arguments.add("--init", init)
    arguments.add("--name", ctx.attr.image_name or ctx.label.name)
    if ctx.attr.version:
        arguments.add("--version", ctx.attr.version)
    if ctx.attr.cmdline:
        arguments.add("--cmdline", ctx.attr.cmdline)
    arguments.add_all(modules, before_each = "--module")
    arguments.add_all(ctx.attr.env, before_each = "--env")
    arguments.add("--file", "%s=%s" % (program, ctx.executable.binary.path))
    inputs = [kernel, init, ctx.executable.binary] + modules
    for target, path in ctx.attr.files.items():
        file = _single(target)
        inputs.append(file)
        arguments.add("--file", "%s=%s" % (path, file.path))
    arguments.add("--")
    arguments.add(program)
    arguments.add_all(ctx.attr.command_arguments)
    ctx.actions.run_shell(
        # The program by its first argument; "$@" keeps the words apart.
        command = "tool=$1 measurements=$2; shift 2; exec \"$tool\" enclave build \"$@\" >\"$measurements\"",
        arguments = [ctx.executable._grille.path, measurements.path, arguments],
        inputs = inputs,
        tools = [ctx.executable._grille],
        outputs = [image, measurements],
        mnemonic = "GrilleEnclaveImage",
        progress_message = "Building the enclave image %s" % ctx.label,
    )
    return [
        DefaultInfo(files = depset([image, measurements]), runfiles = ctx.runfiles([image, measurements])),
        OutputGroupInfo(eif = depset([image]), measurements = depset([measurements])),
    ]

_grille_enclave_image = rule(
    implementation = _enclave_image,
    attrs = {
        "binary": attr.label(mandatory = True, executable = True, cfg = "target"),
        "command_arguments": attr.string_list(),
        "env": attr.string_list(),
        "files": attr.label_keyed_string_dict(allow_files = True),
        "kernel": attr.label(allow_files = True),
        "modules": attr.label_list(allow_files = True),
        "init": attr.label(allow_files = True),
        "cmdline": attr.string(),
        "image_name": attr.string(),
        "version": attr.string(),
        # As the surrounding build has it: what it writes does not depend on how it was compiled.
        "_grille": attr.label(default = "@grille//tools/grille", executable = True, cfg = "target"),
    },
)

def grille_enclave_image(
        name,
        binary,
        args = [],
        env = {},
        files = {},
        kernel = "@grille_kernel//:bzimage",
        modules = DEBIAN_VSOCK_MODULES,
        cmdline = DEBIAN_CMDLINE,
        init = "@grille//tools/init",
        image_name = "",
        version = "",
        **kwargs):
    """An enclave image (EIF) and its measurements.

    Args:
      name: the target; its files are NAME.eif and NAME.measurements.json
      binary: the program, a grille_enclave_binary; in the image it is /app/ and the file's name
      args: its arguments
      env: its environment variables
      files: other files: {label: path in the image}
      kernel: a bzImage; default: Debian's, which boots in QEMU. For Nitro: the bzImage that comes with nitro-cli
      modules: kernel modules that the init loads, in this order. For Nitro: nitro-cli's nsm.ko
      cmdline: the kernel's command line; "": that of nitro-cli
      init: the first program
      image_name: said in the image, not measured
      version: likewise
      **kwargs: visibility, testonly, tags
    """
    _grille_enclave_image(
        name = name,
        binary = binary,
        command_arguments = args,
        env = ["%s=%s" % pair for pair in sorted(env.items())],
        files = files,
        kernel = kernel,
        modules = modules,
        cmdline = cmdline,
        init = init,
        image_name = image_name,
        version = version,
        **kwargs
    )
