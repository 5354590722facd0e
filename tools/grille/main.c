/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "command.h"

static const char usage[] =
    "usage: grille attest verify|show …                   judge an attestation document, or look at one\n"
    "       grille identity new ca|x509|psk …             make a development CA, an identity under it, a shared key\n"
    "       grille policy check|explain|diff|add|sign …   look at whom a policy trusts, change it, sign it\n"
    "       grille relay --listen ADDRESS --to ADDRESS …  forward connections, bytes only\n"
    "       grille sim init|show DIR                      a simulated NSM (development only)\n"
    "       grille help\n"
    "       each says more with --help\n";

int main(int argc, char **argv) {
    if (argc < 2) return usage_error(usage, "what to do?");
    if (strcmp(argv[1], "attest") == 0) return command_attest(argc - 1, argv + 1);
    if (strcmp(argv[1], "identity") == 0) return command_identity(argc - 1, argv + 1);
    if (strcmp(argv[1], "policy") == 0) return command_policy(argc - 1, argv + 1);
    if (strcmp(argv[1], "relay") == 0) return command_relay(argc - 1, argv + 1);
    if (strcmp(argv[1], "sim") == 0) return command_sim(argc - 1, argv + 1);
    if (argc == 2 && (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0)) {
        fputs(usage, stdout);
        return EXIT_DONE;
    }
    return usage_error(usage, "there is no \"%s\"", argv[1]);
}
