"""Everything outside the project that the build needs, for this workspace and for those that use Grille.

A workspace that uses Grille declares it as the repository `grille`, loads this file and calls grille_workspace().
Nothing here comes from the network but Debian's packages (debian_source.bzl, debian_binary.bzl), which are fetched when
something is built that needs them.
"""

load("//bazel/third_party:debian_binary.bzl", "debian_binary")
load("//bazel/third_party:debian_source.bzl", "debian_source")
load("//bazel/third_party:nitro_blobs.bzl", "nitro_blobs")
load("//bazel:standin.bzl", "standin_repository")

# Where Debian's bazel-* packages install.
_BAZEL_SHARE = "/usr/share/bazel"

def grille_workspace():
    native.local_repository(name = "platforms", path = _BAZEL_SHARE + "/platforms")
    native.local_repository(name = "rules_java", path = _BAZEL_SHARE + "/rules/java")
    native.local_repository(name = "rules_proto", path = _BAZEL_SHARE + "/rules/proto")
    native.local_repository(name = "bazel_skylib", path = _BAZEL_SHARE + "/tools/skylib")
    standin_repository(
        name = "rules_cc",
        files = {"@grille//bazel/standins:rules_cc.bzl": "cc/defs.bzl"},
    )
    standin_repository(name = "remote_coverage_tools")
    debian_source(
        name = "grille_wolfssl",
        package = "wolfssl",
        upstream_version = "5.7.2",
        suite = "trixie",
        build_file = "@grille//bazel/third_party/wolfssl:wolfssl.BUILD",
    )
    debian_source(
        name = "grille_nanopb",
        package = "nanopb",
        upstream_version = "0.4.7",
        suite = "bookworm",
        build_file = "@grille//bazel/third_party/nanopb:nanopb.BUILD",
    )

    # For enclave programs, which Debian's compiled libraries don't fit: the versions are those of its libraries.
    debian_source(
        name = "grille_uv",
        package = "libuv1",
        upstream_version = "1.44.2",
        suite = "bookworm",
        build_file = "@grille//bazel/third_party/uv:uv.BUILD",
    )
    debian_source(
        name = "grille_yaml",
        package = "libyaml",
        upstream_version = "0.2.5",
        suite = "bookworm",
        build_file = "@grille//bazel/third_party/yaml:yaml.BUILD",
    )
    debian_source(
        name = "grille_protobuf_c",
        package = "protobuf-c",
        upstream_version = "1.4.1",
        suite = "bookworm",
        build_file = "@grille//bazel/third_party/protobuf_c:protobuf_c.BUILD",
    )

    # What enclave images boot outside of Nitro: linux-image-cloud-amd64 names the newest of Debian's kernels for clouds.
    debian_binary(
        name = "grille_kernel",
        packages = ["linux-image-cloud-amd64*"],
        suite = "bookworm",
        build_file = "@grille//bazel/third_party/kernel:kernel.BUILD",
    )

    # What enclave images boot on Nitro.
    nitro_blobs(name = "grille_nitro_blobs")

    # The other end of a virtual machine's vsock, for tests; they say so when it can't be had.
    debian_binary(
        name = "grille_vhost_device_vsock",
        packages = ["vhost-device-vsock", "libc6", "libgcc-s1"],
        suite = "sid",
        build_file = "@grille//bazel/third_party/vhost_device_vsock:vhost_device_vsock.BUILD",
        launches = "usr/bin/vhost-device-vsock",
        optional = True,
    )
