/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/psk.h"

#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/reader.h"

#define LABEL  "grille psk evidence"
#define ANCHOR "grille psk anchor"

/* Random keys have about 30 different bytes of 32; fewer than 16 come once in 10^16 keys. */
#define LEAST_DIFFERENT_BYTES 16

typedef struct psk_reader {
    grille_reader text;
    const char *name;
    size_t line; /* from 1 */
    size_t column;
    grille_error *error;
} psk_reader;

static grille_reason fail(const psk_reader *reader, const char *why) {
    return grille_error_set(reader->error, GRILLE_REASON_POLICY_PSK, "%s:%zu:%zu: %s", reader->name, reader->line,
                            reader->column, why);
}

/* The rest of the next line after `start`; the last line's end may be the file's. */
static grille_reason read_line(psk_reader *reader, const char *start, const char *expected, grille_bytes *rest) {
    const grille_bytes begin = grille_bytes_of_text(start);
    const uint8_t *end = reader->text.left > 0 ? memchr(reader->text.at, '\n', reader->text.left) : NULL;
    grille_bytes line;
    grille_reader inside;
    reader->line++;
    reader->column = 1;
    if (reader->text.left == 0) return fail(reader, expected);
    line = grille_read_bytes(&reader->text, end != NULL ? (size_t)(end - reader->text.at) : reader->text.left);
    if (end != NULL) (void)grille_read_u8(&reader->text);
    inside = grille_reader_of(line);
    if (!grille_bytes_equal(grille_read_bytes(&inside, begin.len), begin)) return fail(reader, expected);
    *rest = grille_read_rest(&inside);
    reader->column = begin.len + 1;
    return GRILLE_REASON_OK;
}

bool grille_psk_is_id(grille_bytes text) {
    if (text.len == 0 || text.len >= GRILLE_NAME_MAX) return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] <= 0x20 || text.data[i] > 0x7e) return false;
    }
    return true;
}

static grille_reason read_id(psk_reader *reader, grille_psk *psk) {
    grille_bytes id;
    grille_reason reason = read_line(reader, "id: ", "expected the line \"id: NAME\"", &id);
    if (reason != GRILLE_REASON_OK) return reason;
    if (!grille_psk_is_id(id)) return fail(reader, "the id is not 1 to 255 printable characters without spaces");
    memcpy(psk->id, id.data, id.len);
    return GRILLE_REASON_OK;
}

static grille_reason read_role(psk_reader *reader, grille_psk *psk) {
    static const char expected[] = "expected the line \"role: initiator\" (who opens the connection proves by this "
                                   "key) or \"role: responder\"";
    grille_bytes role;
    grille_reason reason = read_line(reader, "role: ", expected, &role);
    if (reason != GRILLE_REASON_OK) return reason;
    if (grille_bytes_equal(role, grille_bytes_of_text("initiator"))) psk->role = 'I';
    if (grille_bytes_equal(role, grille_bytes_of_text("responder"))) psk->role = 'R';
    return psk->role != 0 ? reason : fail(reader, expected);
}

static size_t different_bytes(const uint8_t key[GRILLE_PSK_BYTES]) {
    size_t different = 0;
    for (size_t i = 0; i < GRILLE_PSK_BYTES; i++) {
        bool first = true;
        for (size_t k = 0; k < i; k++)
            first = first && key[k] != key[i];
        different += first;
    }
    return different;
}

static bool is_text(const uint8_t key[GRILLE_PSK_BYTES]) {
    size_t printable = 0;
    for (size_t i = 0; i < GRILLE_PSK_BYTES; i++)
        printable += key[i] >= 0x20 && key[i] <= 0x7e;
    return printable == GRILLE_PSK_BYTES;
}

static grille_reason read_key(psk_reader *reader, uint8_t key[GRILLE_PSK_BYTES]) {
    static const char expected[] =
        "expected the line \"key: \" and 64 hex digits, 32 random bytes. A password is refused: who records one "
        "exchange of evidence could try passwords until one fits. Make a key with grille identity new psk";
    grille_bytes hex;
    size_t len = 0;
    grille_reason reason = read_line(reader, "key: ", expected, &hex);
    if (reason != GRILLE_REASON_OK) return reason;
    if (hex.len != (size_t)2 * GRILLE_PSK_BYTES ||
        !grille_hex_decode((const char *)hex.data, hex.len, key, GRILLE_PSK_BYTES, &len)) {
        return fail(reader, expected);
    }
    if (is_text(key) || different_bytes(key) < LEAST_DIFFERENT_BYTES) {
        return fail(reader, "these 32 bytes are a text or a pattern, not random: who records one exchange of evidence "
                            "could guess them. Make a key with grille identity new psk");
    }
    return GRILLE_REASON_OK;
}

static grille_reason derive(const grille_crypto *crypto, const uint8_t key[GRILLE_PSK_BYTES], grille_psk *psk) {
    const grille_bytes secret = grille_bytes_of(key, GRILLE_PSK_BYTES);
    const grille_bytes parts[] = {grille_bytes_of_text(ANCHOR), secret};
    uint8_t prk[GRILLE_SHA384_BYTES];
    grille_reason reason = crypto->hkdf_extract(GRILLE_SHA384, grille_bytes_of(NULL, 0), secret, prk);
    if (reason == GRILLE_REASON_OK) {
        reason = crypto->hkdf_expand(GRILLE_SHA384, grille_bytes_of(prk, sizeof prk), grille_bytes_of_text(LABEL),
                                     psk->mac_key, sizeof psk->mac_key);
    }
    if (reason == GRILLE_REASON_OK) reason = crypto->hash(GRILLE_SHA256, parts, 2, psk->anchor);
    grille_wipe(prk, sizeof prk);
    return reason;
}

static grille_reason read_lines(psk_reader *reader, grille_psk *psk, uint8_t key[GRILLE_PSK_BYTES]) {
    static const char head[] = "expected the line \"grille-psk 1\": this is no key file, or one of another version";
    grille_bytes rest;
    grille_reason reason = read_line(reader, "grille-psk 1", head, &rest);
    if (reason == GRILLE_REASON_OK && rest.len > 0) reason = fail(reader, head);
    if (reason == GRILLE_REASON_OK) reason = read_id(reader, psk);
    if (reason == GRILLE_REASON_OK) reason = read_role(reader, psk);
    if (reason == GRILLE_REASON_OK) reason = read_key(reader, key);
    if (reason == GRILLE_REASON_OK && reader->text.left > 0) {
        reader->line++;
        reader->column = 1;
        reason = fail(reader, "expected the end: a file has one key in four lines");
    }
    return reason;
}

grille_reason grille_psk_read(const grille_crypto *crypto, grille_bytes text, const char *name, grille_psk *psk,
                              grille_error *error) {
    psk_reader reader = {.text = grille_reader_of(text), .name = name, .error = error};
    uint8_t key[GRILLE_PSK_BYTES] = {0};
    grille_reason reason;
    *psk = (grille_psk){.role = 0};
    reason = read_lines(&reader, psk, key);
    if (reason == GRILLE_REASON_OK) {
        reason = derive(crypto, key, psk);
        if (reason != GRILLE_REASON_OK) reason = grille_error_default(error, reason);
    }
    grille_wipe(key, sizeof key);
    if (reason != GRILLE_REASON_OK) grille_wipe(psk, sizeof *psk);
    return reason;
}

grille_reason grille_psk_mac(const grille_crypto *crypto, const uint8_t mac_key[GRILLE_PSK_MAC_BYTES],
                             const grille_binding *binding, uint8_t mac[GRILLE_PSK_MAC_BYTES]) {
    const uint8_t role = (uint8_t)binding->prover_role;
    const grille_bytes parts[] = {grille_bytes_of(&role, 1), grille_bytes_of(binding->binder, sizeof binding->binder)};
    return crypto->hmac(GRILLE_SHA384, grille_bytes_of(mac_key, GRILLE_PSK_MAC_BYTES), parts, 2, mac);
}
