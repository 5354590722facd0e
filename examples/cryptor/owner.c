/* SPDX-License-Identifier: Apache-2.0
 * The owner: holds the file and the data key, trusts nobody but the enclave that its policy pins. STATE is the owner's
 * own folder (data key, nonce), FOLDER is where the parent carries blobs from and to. usage: cryptor_owner challenge
 * FOLDER STATE cryptor_owner seal FOLDER STATE POLICY FILE cryptor_owner open FOLDER STATE cryptor_owner search STATE
 * FILE SEEN   how often card numbers of FILE, or the data key, stand in SEEN */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "blob.h"
#include "cryptor.h"
#include "grille/attest.h"
#include "transactions.h"

static const char usage[] = "usage: cryptor_owner challenge FOLDER STATE\n"
                            "       cryptor_owner seal FOLDER STATE POLICY FILE\n"
                            "       cryptor_owner open FOLDER STATE\n"
                            "       cryptor_owner search STATE FILE SEEN\n";

#define DATA_KEY_FILE "data-key"
#define SEEN_MAX      ((size_t)256 << 20)

static grille_bytes text_bytes(const char *text) {
    return (grille_bytes){(const uint8_t *)text, strlen(text)};
}

static bool told(const char *what, grille_code code, const grille_error *error) {
    if (code == GRILLE_OK) return true;
    (void)fprintf(stderr, "cryptor_owner: %s: %s: %s\n", what, error->name, error->text);
    return false;
}

static int64_t now_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool read_key(const char *state, blob *key) {
    if (!blob_read(state, DATA_KEY_FILE, GRILLE_DATA_KEY_BYTES, key)) return false;
    if (key->len == GRILLE_DATA_KEY_BYTES) return true;
    (void)fprintf(stderr, "cryptor_owner: the data key has %zu bytes, expected %d\n", key->len, GRILLE_DATA_KEY_BYTES);
    blob_free(key);
    return false;
}

/* Tokens stay the same as long as the data key does, so that an old key is kept. */
static bool make_key(const char *state) {
    char path[4096];
    struct stat exists;
    uint8_t key[GRILLE_DATA_KEY_BYTES];
    grille_error error;
    bool made = false;
    (void)snprintf(path, sizeof path, "%s/" DATA_KEY_FILE, state);
    if (stat(path, &exists) == 0) return true;
    made = told("data key", grille_random(key, sizeof key, &error), &error) &&
           blob_write(state, DATA_KEY_FILE, key, sizeof key);
    explicit_bzero(key, sizeof key);
    return made;
}

/* The nonce is kept by the owner: what comes back is compared with its own copy. */
static bool challenge(const char *folder, const char *state) {
    uint8_t nonce[CRYPTOR_NONCE_BYTES];
    grille_error error;
    return make_key(state) && told("nonce", grille_random(nonce, sizeof nonce, &error), &error) &&
           blob_write(state, CRYPTOR_BLOB_NONCE, nonce, sizeof nonce) &&
           blob_write(folder, CRYPTOR_BLOB_NONCE, nonce, sizeof nonce);
}

static bool verify(const char *folder, const char *state, const char *policy_path, blob *document,
                   grille_attest_facts *facts) {
    grille_attest_options options = grille_attest_options_default();
    grille_policy *policy = NULL;
    grille_error error = {0};
    blob nonce = {0};
    bool accepted = blob_read(folder, CRYPTOR_BLOB_DOCUMENT, CRYPTOR_DOCUMENT_MAX, document) &&
                    blob_read(state, CRYPTOR_BLOB_NONCE, CRYPTOR_NONCE_BYTES, &nonce) &&
                    told("policy", grille_policy_load(policy_path, &policy, &error), &error);
    if (accepted) {
        options.policy = policy;
        options.nonce = blob_bytes(&nonce);
        accepted = told("the enclave's document is rejected",
                        grille_attest_verify_live(blob_bytes(document), &options, now_ms(), facts, &error), &error);
    }
    if (accepted && (facts->user_data.len != strlen(CRYPTOR_USER_DATA) ||
                     memcmp(facts->user_data.data, CRYPTOR_USER_DATA, facts->user_data.len) != 0)) {
        fputs("cryptor_owner: the document was made for another purpose\n", stderr);
        accepted = false;
    }
    grille_policy_free(policy);
    blob_free(&nonce);
    return accepted;
}

static bool seal_key(const char *folder, const blob *key, grille_bytes attested_key) {
    uint8_t encapsulated[GRILLE_SEAL_ENCAPSULATED];
    uint8_t sealed[CRYPTOR_SEALED_KEY_BYTES];
    size_t len = 0;
    grille_error error;
    return told("sealing the key",
                grille_seal(attested_key, text_bytes(CRYPTOR_PURPOSE_KEY), blob_bytes(key), encapsulated, sealed,
                            sizeof sealed, &len, &error),
                &error) &&
           blob_write(folder, CRYPTOR_BLOB_ENCAPSULATED, encapsulated, sizeof encapsulated) &&
           blob_write(folder, CRYPTOR_BLOB_SEALED_KEY, sealed, len);
}

static bool seal_file(const char *folder, const blob *key, const blob *file) {
    size_t capacity = file->len + GRILLE_DATA_OVERHEAD_BYTES;
    blob sealed = {.data = malloc(capacity)};
    grille_error error;
    bool done = sealed.data != NULL &&
                told("sealing the file",
                     grille_data_seal(key->data, text_bytes(CRYPTOR_PURPOSE_FILE), blob_bytes(file), sealed.data,
                                      capacity, &sealed.len, &error),
                     &error) &&
                blob_write(folder, CRYPTOR_BLOB_FILE, sealed.data, sealed.len);
    blob_free(&sealed);
    return done;
}

static bool seal(const char *folder, const char *state, const char *policy_path, const char *path) {
    grille_attest_facts facts;
    blob document = {0};
    blob key = {0};
    blob file = {0};
    bool done = blob_read(NULL, path, CRYPTOR_FILE_MAX, &file) && read_key(state, &key) &&
                verify(folder, state, policy_path, &document, &facts);
    if (done) {
        (void)printf("owner: the document of %.*s is fresh, its measurements are those of set \"%s\"%s\n",
                     (int)facts.module_id.len, (const char *)facts.module_id.data, facts.set,
                     facts.insecure ? " (DEVELOPMENT root: proves nothing about a machine)" : "");
        done = seal_key(folder, &key, facts.public_key) && seal_file(folder, &key, &file);
    }
    blob_free(&document);
    blob_free(&key);
    blob_free(&file);
    return done;
}

static bool open_result(const char *folder, const char *state) {
    blob key = {0};
    blob sealed = {0};
    blob result = {0};
    grille_error error;
    bool done = read_key(state, &key) && blob_read(folder, CRYPTOR_BLOB_RESULT, CRYPTOR_RESULT_MAX, &sealed);
    if (done) result.data = malloc(sealed.len + 1);
    done = done && result.data != NULL &&
           told("opening the result",
                grille_data_open(key.data, text_bytes(CRYPTOR_PURPOSE_RESULT), blob_bytes(&sealed), result.data,
                                 sealed.len, &result.len, &error),
                &error) &&
           fwrite(result.data, 1, result.len, stdout) == result.len;
    blob_free(&key);
    blob_free(&sealed);
    blob_free(&result);
    return done;
}

static size_t count_of(const blob *seen, const void *part, size_t len) {
    size_t hits = 0;
    const uint8_t *at = seen->data;
    const uint8_t *end = seen->data + seen->len;
    while (len > 0 && (at = memmem(at, (size_t)(end - at), part, len)) != NULL) {
        hits++;
        at++;
    }
    return hits;
}

/* One run of digits, spaces and dashes: looked for as it stands in the file and as bare digits, if it is a card number.
 */
static size_t count_run(const char *run, size_t len, const blob *seen, size_t *cards) {
    char digits[CARD_DIGITS_MAX];
    size_t count = 0;
    size_t at = 0;
    size_t hits = 0;
    while (len > 0 && (run[len - 1] == ' ' || run[len - 1] == '-'))
        len--;
    for (at = 0; at < len; at++) {
        if (run[at] == ' ' || run[at] == '-') continue;
        if (count == CARD_DIGITS_MAX) return 0;
        digits[count++] = run[at];
    }
    if (count < CARD_DIGITS_MIN || !luhn_valid(digits, count)) return 0;
    (*cards)++;
    hits = count_of(seen, digits, count);
    return len == count ? hits : hits + count_of(seen, run, len);
}

static size_t count_cards(const blob *file, const blob *seen, size_t *cards) {
    const char *text = (const char *)file->data;
    size_t hits = 0;
    size_t start = 0;
    size_t at = 0;
    for (at = 0; at <= file->len; at++) {
        bool digit = at < file->len && text[at] >= '0' && text[at] <= '9';
        bool between = at < file->len && at > start && (text[at] == ' ' || text[at] == '-');
        if (digit || between) continue;
        hits += count_run(text + start, at - start, seen, cards);
        start = at + 1;
    }
    return hits;
}

static bool search(const char *state, const char *path, const char *seen_path) {
    blob key = {0};
    blob file = {0};
    blob seen = {0};
    size_t cards = 0;
    size_t hits = 0;
    bool none = false;
    if (read_key(state, &key) && blob_read(NULL, path, CRYPTOR_FILE_MAX, &file) &&
        blob_read(NULL, seen_path, SEEN_MAX, &seen)) {
        hits = count_cards(&file, &seen, &cards);
        none = hits == 0 && count_of(&seen, key.data, key.len) == 0;
        (void)printf("%zu card numbers and the data key searched in %zu bytes: %zu hits\n", cards, seen.len,
                     hits + count_of(&seen, key.data, key.len));
    }
    blob_free(&key);
    blob_free(&file);
    blob_free(&seen);
    return none;
}

int main(int argc, char **argv) {
    bool done = false;
    if (argc == 4 && strcmp(argv[1], "challenge") == 0) {
        done = challenge(argv[2], argv[3]);
    } else if (argc == 6 && strcmp(argv[1], "seal") == 0) {
        done = seal(argv[2], argv[3], argv[4], argv[5]);
    } else if (argc == 4 && strcmp(argv[1], "open") == 0) {
        done = open_result(argv[2], argv[3]);
    } else if (argc == 5 && strcmp(argv[1], "search") == 0) {
        done = search(argv[2], argv[3], argv[4]);
    } else {
        fputs(usage, stderr);
        return 2;
    }
    return done ? 0 : 1;
}
