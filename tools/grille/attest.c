/* SPDX-License-Identifier: Apache-2.0
 * grille attest: attestation documents. */
#include "attest.h"

#include "command.h"
#include "options.h"

static const char usage[] =
    "usage: grille attest verify [options] DOC   is DOC of the enclave that it should be of?\n"
    "       grille attest show [--json] DOC      what DOC says, without verifying it\n"
    "         DOC is a file of the document's bytes, or of base64 of them; - is standard input\n";

int command_attest(int argc, char **argv) {
    static const command_verb verbs[] = {{"verify", attest_verify}, {"show", attest_show}};
    return command_verb_run(usage, verbs, sizeof verbs / sizeof verbs[0], argc, argv);
}
