/* SPDX-License-Identifier: Apache-2.0
 * A pre-shared key in a file; docs/policy.md has its form. */
#include "identity_psk.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attest/psk.h"
#include "base/bytes.h"
#include "base/error.h"
#include "command.h"
#include "crypto/crypto.h"
#include "files.h"
#include "grille/identity.h"
#include "options.h"

static const char usage[] =
    "usage: grille identity new psk --id NAME --role initiator|responder -o FILE\n"
    "         makes FILE, readable by its owner only: a new random key, by which the end of that role proves to be\n"
    "         NAME. Both ends need a copy; the other end lists its copy in its policy. Make one for each direction.\n";

bool identity_make_psk(const char *id, const char *role, const char *path, grille_error *error) {
    const grille_crypto *crypto = grille_crypto_wolf();
    uint8_t key[GRILLE_PSK_BYTES];
    char hex[2 * GRILLE_PSK_BYTES + 1] = "", text[GRILLE_PSK_FILE_MAX] = "";
    char *folder_of = strdup(path), *name_of = strdup(path);
    grille_reason reason =
        folder_of != NULL && name_of != NULL ? crypto->random(key, sizeof key) : GRILLE_REASON_OUT_OF_MEMORY;
    bool made = reason == GRILLE_REASON_OK;
    if (made) {
        grille_hex_encode(grille_bytes_of(key, sizeof key), hex);
        (void)snprintf(text, sizeof text, "grille-psk 1\nid: %s\nrole: %s\nkey: %s\n", id, role, hex);
        made = file_write_new(dirname(folder_of), basename(name_of), grille_bytes_of_text(text), false, error);
    } else {
        (void)grille_error_default(error, reason);
    }
    grille_wipe(key, sizeof key);
    grille_wipe(hex, sizeof hex);
    grille_wipe(text, sizeof text);
    free(folder_of);
    free(name_of);
    return made;
}

int identity_new_psk(int argc, char **argv) {
    const char *id = NULL, *role = NULL, *path = NULL;
    const command_option options[] = {{"--id", NULL, &id}, {"--role", NULL, &role}, {"-o", NULL, &path}};
    const command_line line = {.command = "identity new psk",
                               .usage = usage,
                               .options = options,
                               .option_count = sizeof options / sizeof options[0]};
    grille_error error = {.code = GRILLE_OK};
    int status = EXIT_DONE;
    if (!command_line_parse(&line, argc, argv, &status)) return status;
    if (id == NULL || role == NULL || path == NULL) {
        return usage_error(usage, "identity new psk: --id, --role and -o are all needed");
    }
    if (!grille_psk_is_id(grille_bytes_of_text(id))) {
        return usage_error(usage, "identity new psk: --id has 1 to %d printable ASCII characters and no spaces",
                           GRILLE_NAME_MAX - 1);
    }
    if (strcmp(role, "initiator") != 0 && strcmp(role, "responder") != 0) {
        return usage_error(
            usage, "identity new psk: --role is initiator (who opens the channel) or responder, not \"%s\"", role);
    }
    if (!identity_make_psk(id, role, path, &error)) {
        (void)fprintf(stderr, "grille: identity: %s: %s\n", error.name, error.text);
        return EXIT_FAILED;
    }
    (void)printf("%s made\n", path);
    return EXIT_DONE;
}
