/* SPDX-License-Identifier: Apache-2.0 */
#include "secure/key_schedule.h"

#include <string.h>

#include "base/bytes.h"

enum { key_bytes = GRILLE_GATE_KEY_BYTES, length_bytes = 4, parts_max = 16, label_max = 16 };

/* Parts of a hash with the storage of their lengths. */
typedef struct part_list {
    grille_bytes parts[parts_max];
    size_t count;
    uint8_t lengths[parts_max][length_bytes];
} part_list;

static void add(part_list *list, grille_bytes bytes) {
    list->parts[list->count++] = bytes;
}

static void add_u32(part_list *list, uint32_t value) {
    uint8_t *length = list->lengths[list->count];
    length[0] = (uint8_t)(value >> 24);
    length[1] = (uint8_t)(value >> 16);
    length[2] = (uint8_t)(value >> 8);
    length[3] = (uint8_t)value;
    add(list, grille_bytes_of(length, length_bytes));
}

/* LP(x); every x here is far below 2^32 bytes. */
static void add_prefixed(part_list *list, grille_bytes bytes) {
    add_u32(list, (uint32_t)bytes.len);
    add(list, bytes);
}

static grille_reason hash(const grille_crypto *crypto, const part_list *list, uint8_t out[key_bytes]) {
    return crypto->hash(GRILLE_SHA384, list->parts, list->count, out);
}

grille_reason grille_gate_context(const grille_crypto *crypto, const grille_gate_transcript *t,
                                  uint8_t ctx[key_bytes]) {
    const uint8_t suite[] = {(uint8_t)(t->suite >> 8), (uint8_t)t->suite};
    uint8_t hash_i[key_bytes];
    uint8_t hash_r[key_bytes];
    part_list list = {.count = 0};
    grille_reason reason = crypto->hash(GRILLE_SHA384, &t->leaf_i, 1, hash_i);
    if (reason == GRILLE_REASON_OK) reason = crypto->hash(GRILLE_SHA384, &t->leaf_r, 1, hash_r);
    if (reason != GRILLE_REASON_OK) return reason;
    add(&list, grille_bytes_of_text("grille-gate-v1"));
    add_prefixed(&list, grille_bytes_of(suite, sizeof suite));
    add_prefixed(&list, t->alpn);
    add(&list, grille_bytes_of(hash_i, sizeof hash_i));
    add(&list, grille_bytes_of(hash_r, sizeof hash_r));
    add_prefixed(&list, t->hello_i);
    add_prefixed(&list, t->hello_r);
    add_u32(&list, t->epoch);
    add_prefixed(&list, t->previous_th);
    return hash(crypto, &list, ctx);
}

static grille_reason expand(const grille_crypto *crypto, grille_bytes exporter, const char *label, char role,
                            const uint8_t ctx[key_bytes], uint8_t key[key_bytes]) {
    uint8_t info[label_max + 1 + key_bytes];
    const size_t label_len = strlen(label);
    memcpy(info, label, label_len);
    info[label_len] = (uint8_t)role;
    memcpy(info + label_len + 1, ctx, key_bytes);
    return crypto->hkdf_expand(GRILLE_SHA384, exporter, grille_bytes_of(info, label_len + 1 + key_bytes), key,
                               key_bytes);
}

grille_reason grille_gate_evidence_key(const grille_crypto *crypto, grille_bytes exporter, char role,
                                       const uint8_t ctx[key_bytes], uint8_t key[key_bytes]) {
    return expand(crypto, exporter, "grille evidence ", role, ctx, key);
}

grille_reason grille_gate_confirm_key(const grille_crypto *crypto, grille_bytes exporter, char role,
                                      const uint8_t ctx[key_bytes], uint8_t key[key_bytes]) {
    return expand(crypto, exporter, "grille confirm ", role, ctx, key);
}

grille_reason grille_gate_binder(const grille_crypto *crypto, char role, const uint8_t evidence_key[key_bytes],
                                 const uint8_t ctx[key_bytes], grille_bytes spki, grille_bytes claims,
                                 uint8_t binder[key_bytes]) {
    part_list list = {.count = 0};
    add(&list, grille_bytes_of_text("grille-binder-v1"));
    add(&list, grille_bytes_of(&role, 1));
    add_prefixed(&list, grille_bytes_of(evidence_key, key_bytes));
    add(&list, grille_bytes_of(ctx, key_bytes));
    add_prefixed(&list, spki);
    add_prefixed(&list, claims);
    return hash(crypto, &list, binder);
}

grille_reason grille_gate_transcript_hash(const grille_crypto *crypto, const uint8_t ctx[key_bytes],
                                          grille_bytes evidence_r, grille_bytes evidence_i, uint8_t th[key_bytes]) {
    part_list list = {.count = 0};
    add(&list, grille_bytes_of(ctx, key_bytes));
    add_prefixed(&list, evidence_r);
    add_prefixed(&list, evidence_i);
    return hash(crypto, &list, th);
}

grille_reason grille_gate_confirm(const grille_crypto *crypto, const uint8_t key[key_bytes],
                                  const uint8_t th[key_bytes], uint8_t mac[key_bytes]) {
    const grille_bytes parts[] = {grille_bytes_of_text("ok"), grille_bytes_of(th, key_bytes)};
    return crypto->hmac(GRILLE_SHA384, grille_bytes_of(key, key_bytes), parts, 2, mac);
}
