/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "kms_emulator/credentials.h"
#include "kms_emulator/principal.h"

/* Sizes of AWS's own (IAM User Guide, "IAM identifiers"): 20 characters of which four say the kind, and 40. */
enum { key_letters = 16, secret_random_bytes = 30, token_random_bytes = 240 };

/* In base 32, as AWS's are. */
static bool make_access_key(const char *kind, char *text) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    uint8_t random[key_letters];
    if (RAND_bytes(random, sizeof random) != 1) return false;
    text = stpcpy(text, kind);
    for (size_t i = 0; i < sizeof random; i++)
        *text++ = digits[random[i] % 32];
    *text = '\0';
    return true;
}

/* Base64 of random bytes, a multiple of three. */
static bool make_text(size_t random_bytes, char *text) {
    uint8_t random[token_random_bytes];
    const bool made = RAND_bytes(random, (int)random_bytes) == 1;
    if (made) (void)EVP_EncodeBlock((unsigned char *)text, random, (int)random_bytes);
    grille_wipe(random, sizeof random);
    return made;
}

static bool make_keys(kms_credential *item) {
    const bool is_session = kms_principal_is_session(item->principal);
    return make_access_key(is_session ? "ASIA" : "AKIA", item->access_key_id) &&
           make_text(secret_random_bytes, item->secret_access_key) &&
           (!is_session || make_text(token_random_bytes, item->session_token));
}

bool kms_credentials_add(kms_credentials *credentials, const char *name, const char *principal,
                         grille_wall_ms expires_ms, bool identity_policy_allows, grille_error *error) {
    kms_credential item = {.expires_ms = expires_ms, .identity_policy_allows = identity_policy_allows};
    if (!kms_caller_name_valid(name) || strlen(name) >= sizeof item.name) {
        (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                               "observed the name \"%.80s\", expected up to %zu letters, digits, '.', '-' and '_'",
                               name, sizeof item.name - 1);
        return false;
    }
    if (!kms_principal_of(principal, name, item.principal, sizeof item.principal) ||
        !kms_principal_read(item.principal, item.account)) {
        (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                               "observed the principal \"%.120s\", expected arn:aws:iam::ACCOUNT:user/NAME, "
                               "arn:aws:iam::ACCOUNT:role/NAME or arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION",
                               principal);
        return false;
    }
    if (credentials->count == KMS_CREDENTIALS_MOST || kms_credentials_named(credentials, name) != NULL) {
        (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "there is a \"%s\" already, or there are %d others",
                               name, KMS_CREDENTIALS_MOST);
        return false;
    }
    (void)snprintf(item.name, sizeof item.name, "%s", name);
    if (make_keys(&item))
        credentials->items[credentials->count++] = item;
    else
        (void)grille_error_set(error, GRILLE_REASON_SYSTEM, "libcrypto has no randomness");
    grille_wipe(&item, sizeof item);
    return credentials->count > 0 && strcmp(credentials->items[credentials->count - 1].name, name) == 0;
}
