/* SPDX-License-Identifier: Apache-2.0 */
#include "forge_document.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"

static void must(bool condition) {
    if (!condition) abort();
}

static const grille_crypto *crypto(void) {
    return grille_crypto_wolf();
}

void forge_chain_templates(forge_template templates[FORGE_CHAIN]) {
    static const char *const names[FORGE_CHAIN] = {"root", "abc.eu-west-1.test", "def.zonal.eu-west-1.test",
                                                   FORGE_INSTANCE ".eu-west-1.test", FORGE_MODULE ".eu-west-1.aws"};
    static const int path_lens[FORGE_CHAIN] = {-1, 2, 1, 0, -1};
    for (size_t i = 0; i < FORGE_CHAIN; i++) {
        bool is_leaf = i == FORGE_CHAIN - 1;
        templates[i] = forge_template_of(names[i], GRILLE_P384);
        forge_basic_constraints(&templates[i], true, !is_leaf, path_lens[i]);
        forge_key_usage(&templates[i], !is_leaf,
                        is_leaf ? GRILLE_KEY_USAGE_DIGITAL_SIGNATURE | GRILLE_KEY_USAGE_NON_REPUDIATION
                                : GRILLE_KEY_USAGE_CERT_SIGN);
    }
}

void forge_chain_make(const forge_template templates[FORGE_CHAIN], forge_chain *chain) {
    for (size_t i = 0; i < FORGE_CHAIN; i++) {
        forge_certificate(&templates[i], i == 0 ? NULL : &chain->certificates[i - 1], &chain->certificates[i]);
    }
}

void forge_chain_free(forge_chain *chain) {
    for (size_t i = 0; i < FORGE_CHAIN; i++)
        forge_free(&chain->certificates[i]);
}

grille_bytes forge_chain_der(const forge_chain *chain, size_t index) {
    return forge_der(&chain->certificates[index]);
}

void forge_document_init(forge_document *document, const forge_chain *chain) {
    static const uint8_t zeros[GRILLE_PCR_BYTES];
    const grille_bytes instance[] = {grille_bytes_of(zeros, sizeof zeros), grille_bytes_of_text(FORGE_INSTANCE)};
    *document = (forge_document){.module_id = FORGE_MODULE,
                                 .digest = "SHA384",
                                 .timestamp_ms = (uint64_t)FORGE_NOW_MS,
                                 .pcr_mask = 0xffff,
                                 .certificate = forge_chain_der(chain, FORGE_CHAIN - 1),
                                 .cabundle_count = FORGE_CHAIN - 1};
    for (int i = 0; i < GRILLE_PCR_COUNT; i++)
        memset(document->pcrs[i], 0xa0 + i, GRILLE_PCR_BYTES);
    must(crypto()->hash(GRILLE_SHA384, instance, 2, document->pcrs[4]) == GRILLE_REASON_OK);
    for (size_t i = 0; i < FORGE_CHAIN - 1; i++)
        document->cabundle[i] = forge_chain_der(chain, i);
}

static void write_head(grille_writer *w, unsigned major, uint64_t value) {
    uint8_t type = (uint8_t)(major << 5);
    if (value < 24) {
        grille_write_u8(w, (uint8_t)(type | value));
    } else if (value <= 0xff) {
        grille_write_u8(w, type | 24);
        grille_write_u8(w, (uint8_t)value);
    } else if (value <= 0xffff) {
        grille_write_u8(w, type | 25);
        grille_write_u16(w, (uint16_t)value);
    } else if (value <= 0xffffffff) {
        grille_write_u8(w, type | 26);
        grille_write_u32(w, (uint32_t)value);
    } else {
        grille_write_u8(w, type | 27);
        grille_write_u64(w, value);
    }
}

static void write_bytes(grille_writer *w, grille_bytes bytes) {
    write_head(w, 2, bytes.len);
    grille_write_bytes(w, bytes);
}

static void write_text(grille_writer *w, const char *text) {
    write_head(w, 3, strlen(text));
    grille_write_bytes(w, grille_bytes_of_text(text));
}

/* Writes the key; true when the caller is to write the value. */
static bool begin(grille_writer *w, const forge_document *d, const char *key) {
    if (d->omitted != NULL && strcmp(d->omitted, key) == 0) return false;
    write_text(w, key);
    if (d->replaced_key == NULL || strcmp(d->replaced_key, key) != 0) return true;
    grille_write_bytes(w, d->replacement);
    return false;
}

static void write_pcrs(grille_writer *w, const forge_document *d) {
    size_t count = 0;
    for (unsigned i = 0; i < GRILLE_PCR_COUNT; i++)
        count += d->pcr_mask >> i & 1;
    write_head(w, 5, count);
    for (unsigned i = 0; i < GRILLE_PCR_COUNT; i++) {
        if ((d->pcr_mask >> i & 1) == 0) continue;
        write_head(w, 0, i);
        write_bytes(w, grille_bytes_of(d->pcrs[i], GRILLE_PCR_BYTES));
    }
}

static void write_optional(grille_writer *w, const forge_document *d, const char *key, grille_bytes value) {
    if (!begin(w, d, key)) return;
    if (value.len == 0) {
        grille_write_u8(w, 0xf6);
    } else {
        write_bytes(w, value);
    }
}

static void write_payload(grille_writer *w, const forge_document *d) {
    if (d->payload_head.len != 0) {
        grille_write_bytes(w, d->payload_head);
    } else if (d->definite) {
        write_head(w, 5, 9 + d->extra_entries - (d->omitted != NULL ? 1 : 0));
    } else {
        grille_write_u8(w, 0xbf);
    }
    if (begin(w, d, "module_id")) write_text(w, d->module_id);
    if (begin(w, d, "digest")) write_text(w, d->digest);
    if (begin(w, d, "timestamp")) write_head(w, 0, d->timestamp_ms);
    if (begin(w, d, d->nitrotpm ? "nitrotpm_pcrs" : "pcrs")) write_pcrs(w, d);
    if (begin(w, d, "certificate")) write_bytes(w, d->certificate);
    if (begin(w, d, "cabundle")) {
        write_head(w, 4, d->cabundle_count);
        for (size_t i = 0; i < d->cabundle_count; i++)
            write_bytes(w, d->cabundle[i]);
    }
    write_optional(w, d, "public_key", d->public_key);
    write_optional(w, d, "user_data", d->user_data);
    write_optional(w, d, "nonce", d->nonce);
    grille_write_bytes(w, d->extra);
    if (!d->definite && !d->no_break) grille_write_u8(w, 0xff);
    grille_write_bytes(w, d->payload_tail);
}

static void sign(const forge_document *d, const forge_chain *chain, grille_bytes protected_header, grille_bytes payload,
                 uint8_t signature[GRILLE_RAW_SIGNATURE_MAX]) {
    static uint8_t buffer[40000];
    uint8_t digest[GRILLE_SHA384_BYTES];
    size_t len = 0;
    grille_writer w = grille_writer_into(buffer, sizeof buffer);
    grille_bytes signed_bytes;
    write_head(&w, 4, 4);
    write_text(&w, d->context != NULL ? d->context : "Signature1");
    grille_write_bytes(&w, d->signed_header.len != 0 ? d->signed_header : protected_header);
    write_bytes(&w, d->aad);
    write_bytes(&w, payload);
    must(grille_writer_end(&w) == GRILLE_REASON_OK);
    signed_bytes = grille_written(&w);
    must(crypto()->hash(GRILLE_SHA384, &signed_bytes, 1, digest) == GRILLE_REASON_OK);
    must(crypto()->key_sign(d->other_signer != NULL ? d->other_signer : chain->certificates[FORGE_CHAIN - 1].key,
                            grille_bytes_of(digest, sizeof digest), signature, GRILLE_RAW_SIGNATURE_MAX,
                            &len) == GRILLE_REASON_OK);
    if (d->zero_r) memset(signature, 0, 48);
}

static grille_bytes or_default(grille_bytes given, const char *usual, size_t len) {
    return given.len != 0 ? given : grille_bytes_of(usual, len);
}

grille_bytes forge_document_sign(const forge_document *d, const forge_chain *chain) {
    static uint8_t buffers[4][40000], payload_bytes[40000];
    static unsigned next;
    uint8_t signature[FORGE_SIGNATURE_MAX] = {0};
    size_t signature_len = d->signature_len != 0 ? d->signature_len : GRILLE_RAW_SIGNATURE_MAX;
    grille_writer payload = grille_writer_into(payload_bytes, sizeof payload_bytes);
    grille_writer w = grille_writer_into(buffers[next++ % 4], sizeof buffers[0]);
    grille_bytes protected_header = or_default(d->protected_header, "\x44\xa1\x01\x38\x22", 5);
    write_payload(&payload, d);
    must(grille_writer_end(&payload) == GRILLE_REASON_OK);
    sign(d, chain, protected_header, grille_written(&payload), signature);
    grille_write_bytes(&w, or_default(d->head, "\x84", 1));
    grille_write_bytes(&w, protected_header);
    grille_write_bytes(&w, or_default(d->unprotected, "\xa0", 1));
    if (d->detached) {
        grille_write_u8(&w, 0xf6);
    } else {
        write_bytes(&w, grille_written(&payload));
    }
    if (d->edit_signature != NULL) d->edit_signature(signature, &signature_len);
    if (d->signature_item.len != 0) {
        grille_write_bytes(&w, d->signature_item);
    } else {
        write_bytes(&w, grille_bytes_of(signature, signature_len));
    }
    grille_write_bytes(&w, d->tail);
    must(grille_writer_end(&w) == GRILLE_REASON_OK);
    return grille_written(&w);
}

static grille_reason attest(grille_nsm *nsm, const grille_nsm_request *request, uint8_t *document, size_t capacity,
                            size_t *len, grille_error *error) {
    forge_nsm *forged = (forge_nsm *)(void *)nsm;
    forge_document filled = forged->document;
    grille_bytes bytes;
    if (forged->fails) return grille_error_set(error, GRILLE_REASON_NSM_FAILED, "the NSM answered InternalError");
    filled.nonce = request->nonce;
    filled.user_data = request->user_data;
    filled.public_key = request->public_key;
    bytes = forge_document_sign(&filled, forged->chain);
    if (bytes.len > capacity) return grille_error_default(error, GRILLE_REASON_NO_SPACE);
    memcpy(document, bytes.data, bytes.len);
    *len = bytes.len;
    return GRILLE_REASON_OK;
}

static grille_reason describe_pcr(grille_nsm *nsm, uint16_t index, uint8_t value[GRILLE_NSM_PCR_BYTES], bool *locked,
                                  grille_error *error) {
    const forge_nsm *forged = (const forge_nsm *)(const void *)nsm;
    if (forged->fails) return grille_error_set(error, GRILLE_REASON_NSM_FAILED, "the NSM answered InternalError");
    memcpy(value, forged->document.pcrs[index], GRILLE_NSM_PCR_BYTES);
    *locked = true;
    return GRILLE_REASON_OK;
}

static void count_close(grille_nsm *nsm) {
    ((forge_nsm *)(void *)nsm)->closed++;
}

void forge_nsm_init(forge_nsm *nsm, const forge_chain *chain) {
    static const grille_nsm_functions functions = {
        .attest = attest, .describe_pcr = describe_pcr, .close = count_close};
    *nsm = (forge_nsm){.nsm = {.functions = &functions}, .chain = chain};
    forge_document_init(&nsm->document, chain);
}
