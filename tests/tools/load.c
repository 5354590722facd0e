/* SPDX-License-Identifier: Apache-2.0
 * What a program makes of files: load identity CHAIN KEY, load psk FILE, or load policy FILE. Prints "accepted", or the
 * error. load document FOLDER NONCE: writes a document of the simulated NSM there, with NONCE as it is. */
#include <stdio.h>
#include <string.h>

#include "grille/attest.h"
#include "grille/identity.h"
#include "grille/policy.h"

static grille_code write_document(const char *folder, const char *nonce, grille_error *error) {
    uint8_t document[GRILLE_ATTEST_DOCUMENT_MAX];
    const grille_bytes none = {0};
    const grille_bytes sent = {.data = (const uint8_t *)nonce, .len = strlen(nonce)};
    grille_identity *identity = NULL;
    size_t len = 0;
    grille_code code = grille_identity_open_nsm(folder, &identity, error);
    if (code == GRILLE_OK) {
        code = grille_attest_document(identity, none, sent, none, document, sizeof document, &len, error);
    }
    if (code == GRILLE_OK && fwrite(document, 1, len, stdout) != len) code = GRILLE_SYSTEM;
    grille_identity_free(identity);
    return code;
}

int main(int argc, char **argv) {
    grille_identity *identity = NULL;
    grille_policy *policy = NULL;
    grille_error error = {0};
    grille_code code = GRILLE_INVALID_ARGUMENT;
    if (argc == 4 && strcmp(argv[1], "document") == 0) return write_document(argv[2], argv[3], &error) != GRILLE_OK;
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
