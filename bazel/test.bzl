"""Test macros. Every case prints cmocka's lines `[ RUN      ] name` and `[       OK ] name`; the gate counts them."""

load("@grille//bazel:copts.bzl", "GRILLE_COPTS")

def grille_cc_test(name, srcs, deps = [], copts = [], size = "small", **kwargs):
    """A unit test with cmocka."""
    native.cc_test(
        name = name,
        srcs = srcs,
        copts = GRILLE_COPTS + copts,
        size = size,
        deps = deps + ["@grille//bazel/third_party:cmocka"],
        **kwargs
    )

def grille_fuzz_test(name, srcs, deps = [], corpus = [], copts = [], size = "small", tags = [], **kwargs):
    """A libFuzzer target: srcs define LLVMFuzzerTestOneInput.

    Under --config=fuzz it is a libFuzzer binary. Otherwise it runs each file of the corpus, and each file cut short, once
    (fuzz_main.c).

    Args:
      name: the target
      srcs: sources
      deps: libraries
      corpus: seeds and regressions, usually glob(["corpus/NAME/*"])
      copts: added to GRILLE_COPTS
      size: Bazel's test size
      tags: added to "fuzz"
      **kwargs: passed to cc_test
    """
    native.cc_test(
        name = name,
        srcs = srcs,
        args = ["$(rootpath %s)" % file for file in corpus],
        copts = GRILLE_COPTS + copts,
        data = corpus,
        linkstatic = True,
        size = size,
        tags = tags + ["fuzz"],
        deps = deps + ["@grille//bazel:fuzz_main"],
        **kwargs
    )
