/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "options.h"

static const char usage[] =
    "usage: grille attest verify|show …                   judge an attestation document, or look at one\n"
    "       grille bench …                                measure, beside the ceilings of the transport\n"
    "       grille enclave build|describe|measure …       images of enclaves\n"
    "       grille enclave run|list|console|terminate …   start enclaves and end them, on Nitro or in virtual "
    "machines\n"
    "       grille identity new ca|x509|psk …             make a development CA, an identity under it, a shared key\n"
    "       grille kms policy|credentials|encrypt|…       keys that a key service releases to attested enclaves\n"
    "       grille policy check|explain|diff|add|sign …   look at whom a policy trusts, change it, sign it\n"
    "       grille relay --listen ADDRESS --to ADDRESS …  forward connections, bytes only\n"
    "       grille sim init|show DIR                      a simulated NSM (development only)\n"
    "       grille help\n"
    "       each says more with --help\n";

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
    } nouns[] = {{"attest", command_attest},     {"bench", command_bench}, {"enclave", command_enclave},
                 {"identity", command_identity}, {"kms", command_kms},     {"policy", command_policy},
                 {"relay", command_relay},       {"sim", command_sim}};
    enum { NOUNS = sizeof nouns / sizeof nouns[0] };
    const char *names[NOUNS];
    const char *near;
    if (argc < 2) return usage_error(usage, "what to do?");
    for (size_t i = 0; i < NOUNS; i++) {
        if (strcmp(argv[1], nouns[i].name) == 0) return nouns[i].run(argc - 1, argv + 1);
        names[i] = nouns[i].name;
    }
    if (argc == 2 && (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0)) {
        fputs(usage, stdout);
        return EXIT_DONE;
    }
    near = nearest_word(argv[1], names, NOUNS);
    return near == NULL ? usage_error(usage, "there is no \"%s\"", argv[1])
                        : usage_error(usage, "there is no \"%s\"; the nearest is %s", argv[1], near);
}
