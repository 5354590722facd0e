/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/key_ring.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/writer.h"

void grille_key_ring_init(grille_key_ring *ring, const grille_key_ring_options *options) {
    *ring = (grille_key_ring){.options = *options};
    grille_list_init(&ring->spare);
}

static void let_go(grille_key_ring *ring, grille_ring_key *key) {
    if (--key->holders > 0) return;
    ring->options.rsa->free(key->key);
    grille_wipe(key, sizeof *key);
    free(key);
    ring->keys_wiped++;
}

static void retire(grille_key_ring *ring) {
    grille_ring_key *key = ring->current;
    ring->current = NULL;
    if (key != NULL) let_go(ring, key);
}

void grille_key_ring_deinit(grille_key_ring *ring) {
    grille_link *link = NULL;
    retire(ring);
    while ((link = grille_list_take_first(&ring->spare)) != NULL)
        let_go(ring, grille_container(link, grille_ring_key, link));
    ring->spare_count = 0;
}

/* A key that nobody has used yet protects nothing, and does not grow old. */
static bool is_worn(const grille_key_ring *ring, const grille_ring_key *key, grille_time_us now_us) {
    return key->uses >= ring->options.uses_per_key ||
           (key->uses > 0 && now_us - key->first_use_us >= ring->options.key_age_us);
}

static bool has_good_document(const grille_key_ring *ring, grille_time_us now_us) {
    return ring->current->has_document && now_us - ring->current->documented_us < ring->options.document_age_us;
}

/* Makes a key that is fit for use `current`, if there is one. */
static void settle(grille_key_ring *ring, grille_time_us now_us) {
    grille_link *link = NULL;
    if (ring->current != NULL && is_worn(ring, ring->current, now_us)) retire(ring);
    if (ring->current != NULL || !ring->wanted) return;
    link = grille_list_take_first(&ring->spare);
    if (link == NULL) return;
    ring->spare_count--;
    ring->current = grille_container(link, grille_ring_key, link);
}

grille_ring_key *grille_key_ring_take(grille_key_ring *ring, grille_time_us now_us) {
    grille_ring_key *key = NULL;
    ring->wanted = true;
    settle(ring, now_us);
    key = ring->current;
    if (key == NULL || !has_good_document(ring, now_us)) return NULL;
    ring->wanted = false;
    key->holders++;
    if (key->uses++ == 0) key->first_use_us = now_us;
    if (key->uses >= ring->options.uses_per_key) retire(ring);
    return key;
}

void grille_key_ring_give_back(grille_key_ring *ring, grille_ring_key *key) {
    let_go(ring, key);
}

grille_key_work grille_key_ring_work(grille_key_ring *ring, grille_time_us now_us) {
    settle(ring, now_us);
    if (ring->wanted && ring->current == NULL) return GRILLE_KEY_MAKE;
    if (ring->wanted && !has_good_document(ring, now_us)) return GRILLE_KEY_DOCUMENT;
    return ring->spare_count < ring->options.keys_ahead ? GRILLE_KEY_MAKE : GRILLE_KEY_REST;
}

grille_time_us grille_key_ring_next_us(const grille_key_ring *ring) {
    return ring->current != NULL && ring->current->uses > 0 ? ring->current->first_use_us + ring->options.key_age_us
                                                            : GRILLE_TIME_NEVER;
}

grille_reason grille_key_ring_add_key(grille_key_ring *ring, grille_rsa_private_key *key) {
    grille_ring_key *made = calloc(1, sizeof *made);
    if (made == NULL) {
        ring->options.rsa->free(key);
        return GRILLE_REASON_OUT_OF_MEMORY;
    }
    made->key = key;
    made->holders = 1;
    grille_list_init(&made->link);
    grille_list_append(&ring->spare, &made->link);
    ring->spare_count++;
    ring->keys_made++;
    return GRILLE_REASON_OK;
}

grille_reason grille_key_ring_add_document(grille_key_ring *ring, grille_ring_key *key, grille_bytes document,
                                           grille_time_us asked_us) {
    grille_writer writer = grille_writer_into(key->document, sizeof key->document);
    key->has_document = false;
    grille_write_bytes(&writer, document);
    if (grille_writer_end(&writer) != GRILLE_REASON_OK) return grille_writer_end(&writer);
    key->document_len = writer.len;
    key->documented_us = asked_us;
    key->has_document = true;
    ring->documents++;
    return GRILLE_REASON_OK;
}
