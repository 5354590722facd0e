/* SPDX-License-Identifier: Apache-2.0
 * Pre-shared keys: their file, and the MAC that proves one. docs/protocol.md has the evidence, docs/policy.md the file:
 *
 *   grille-psk 1
 *   id: NAME
 *   role: initiator
 *   key: 64 hex digits */
#ifndef GRILLE_ATTEST_PSK_H
#define GRILLE_ATTEST_PSK_H

#include "attest/evidence.h"
#include "base/arena.h"

#define GRILLE_PSK_BYTES     32
#define GRILLE_PSK_MAC_BYTES GRILLE_SHA384_BYTES
/* The longest id with its words fits thrice. */
#define GRILLE_PSK_FILE_MAX 1024

/* What stays of a key when it was read: the key itself is forgotten. Caller's storage; wipe it. */
typedef struct grille_psk {
    char id[GRILLE_NAME_MAX];
    char role;                             /* 'I' or 'R': of who proves by it */
    uint8_t mac_key[GRILLE_PSK_MAC_BYTES]; /* HKDF-SHA384(empty salt, key, "grille psk evidence") */
    uint8_t
        anchor[GRILLE_SHA256_BYTES]; /* SHA-256("grille psk anchor" ‖ key): tells keys apart, tells nothing of them */
} grille_psk;

/* Reads the text of a key file: the four lines, each as above and in this order, and nothing else. POLICY_PSK with
 * "name:line:column: …", which repeats nothing of the key's line; *psk is wiped then. */
GRILLE_MUST_USE grille_reason grille_psk_read(const grille_crypto *crypto, grille_bytes text, const char *name,
                                              grille_psk *psk, grille_error *error);

/* The same from a file that nobody but its owner may read or write (mode 0600 or less): POLICY_PSK, POLICY_FILE. `fold`
 * (may be NULL) is called with the whole file before it is wiped. */
GRILLE_MUST_USE grille_reason grille_psk_load(const grille_crypto *crypto, const char *path,
                                              grille_reason (*fold)(void *user, grille_bytes content), void *user,
                                              grille_psk *psk, grille_error *error);

/* HMAC-SHA384(mac_key, role ‖ binder). */
GRILLE_MUST_USE grille_reason grille_psk_mac(const grille_crypto *crypto, const uint8_t mac_key[GRILLE_PSK_MAC_BYTES],
                                             const grille_binding *binding, uint8_t mac[GRILLE_PSK_MAC_BYTES]);

/* Whether a text may be an id: 1 to GRILLE_NAME_MAX - 1 printable ASCII characters, no spaces. */
bool grille_psk_is_id(grille_bytes text);

#endif
