"""Compiler options of all of Grille's own C: gcc 12 and clang 14, every warning an error."""

GRILLE_WARNINGS = [
    "-Wall",
    "-Wextra",
    "-Wconversion",
    "-Wshadow",
    "-Wstrict-prototypes",
    "-Wvla",
    "-Wundef",
    "-Werror",
]

# A plain build is meant for tests: some optimisation, so that the compiler's flow-based warnings work.
_OPTIMISE = select({
    "@grille//bazel:fastbuild": ["-O1"],
    "//conditions:default": [],
})

GRILLE_COPTS = ["-std=c11", "-D_GNU_SOURCE"] + GRILLE_WARNINGS + ["-fstack-protector-strong"] + _OPTIMISE

# For rooms with probes (runtime/base/probe.h): a probe's note names its function's section, and gold does not link a
# program whose linker has thrown that section away. With a file's functions in one section nothing is left over. Enclave
# programs are linked by lld, which does.
GRILLE_PROBED_COPTS = GRILLE_COPTS + select({
    "@grille//bazel:enclave": [],
    "//conditions:default": ["-fno-function-sections"],
})

# For rooms whose code runs once for each connection: for size in enclave programs.
GRILLE_COLD_COPTS = GRILLE_COPTS + select({
    "@grille//bazel:enclave": ["-Os"],
    "//conditions:default": [],
})
