/* SPDX-License-Identifier: Apache-2.0
 * What a program makes of files: load identity CHAIN KEY, load psk FILE, or load policy FILE. Prints "accepted", or the error. */
#include <stdio.h>
#include <string.h>

#include "grille/identity.h"
#include "grille/policy.h"

int main(int argc, char **argv) {
    grille_identity *identity = NULL;
    grille_policy *policy = NULL;
    grille_error error = {0};
    grille_code code = GRILLE_INVALID_ARGUMENT;
    if (argc == 4 && strcmp(argv[1], "identity") == 0) {
        code = grille_identity_load_x509(argv[2], argv[3], &identity, &error);
    } else if (argc == 3 && strcmp(argv[1], "psk") == 0) {
        code = grille_identity_load_psk(argv[2], &identity, &error);
    } else if (argc == 3 && strcmp(argv[1], "policy") == 0) {
        code = grille_policy_load(argv[2], &policy, &error);
    }
    (void)printf("%s\n", code == GRILLE_OK ? "accepted" : error.text);
    grille_identity_free(identity);
    grille_policy_free(policy);
    return code == GRILLE_OK ? 0 : 1;
}
