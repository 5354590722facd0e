/* SPDX-License-Identifier: Apache-2.0 */
#include "forge_psk.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "forge.h"

const char *forge_psk_text(const char *id, const char *role, unsigned seed) {
    static char texts[8][512];
    static int next;
    char *text = texts[next++ % 8];
    const uint8_t byte = (uint8_t)seed;
    const grille_bytes part = grille_bytes_of(&byte, 1);
    uint8_t key[GRILLE_SHA256_BYTES];
    char hex[2 * GRILLE_SHA256_BYTES + 1];
    if (grille_crypto_wolf()->hash(GRILLE_SHA256, &part, 1, key) != GRILLE_REASON_OK) abort();
    grille_hex_encode(grille_bytes_of(key, sizeof key), hex);
    (void)snprintf(text, sizeof texts[0], "grille-psk 1\nid: %s\nrole: %s\nkey: %s\n", id, role, hex);
    return text;
}

const char *forge_psk_file(const char *name, const char *text) {
    const char *path = forge_file(name, grille_bytes_of(NULL, 0));
    /* No buffer of stdio's: a test looks for keys in memory that was given back. */
    const int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0 || fchmod(file, S_IRUSR | S_IWUSR) != 0) abort();
    if (write(file, text, strlen(text)) != (ssize_t)strlen(text) || close(file) != 0) abort();
    return path;
}

grille_identity *forge_psk_identity(const char *text) {
    grille_identity *identity = NULL;
    grille_error error;
    char name[32];
    const char *path;
    (void)snprintf(name, sizeof name, "forged-%d.psk", (int)getpid());
    path = forge_psk_file(name, text);
    if (grille_identity_load_psk(path, &identity, &error) != GRILLE_OK) {
        (void)fprintf(stderr, "%s: %s\n%s", error.name, error.text, text);
        abort();
    }
    (void)unlink(path);
    return identity;
}
