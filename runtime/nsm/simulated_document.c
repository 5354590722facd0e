/* SPDX-License-Identifier: Apache-2.0 */
#include "nsm/simulated_document.h"

#include "base/bytes.h"
#include "nsm/cbor.h"

enum { boot_pcr_count = 16, signature_bytes = 96, payload_most = 0x3000 };

/* { 1: -35 }: ES384, RFC 9053 2.1. */
static const uint8_t protected_header[] = {0xa1, 0x01, 0x38, 0x22};

static grille_bytes certificate_of(const grille_nsm_simulated_link *link) {
    return grille_bytes_of(link->certificate, link->certificate_len);
}

static void write_pcrs(grille_writer *writer, const grille_nsm_simulated_pcrs *pcrs) {
    unsigned count = 0;
    uint32_t shown = pcrs->locked | ((UINT32_C(1) << boot_pcr_count) - 1);
    for (unsigned i = 0; i < GRILLE_NSM_PCR_COUNT; i++)
        count += shown >> i & 1;
    grille_nsm_cbor_write_head(writer, GRILLE_NSM_CBOR_MAP, count);
    for (unsigned i = 0; i < GRILLE_NSM_PCR_COUNT; i++) {
        if ((shown >> i & 1) == 0) continue;
        grille_nsm_cbor_write_head(writer, GRILLE_NSM_CBOR_UNSIGNED, i);
        grille_nsm_cbor_write_bytes(writer, grille_bytes_of(pcrs->values[i], GRILLE_NSM_PCR_BYTES));
    }
}

/* Root first. */
static void write_cabundle(grille_writer *writer, const grille_nsm_simulated_chain *chain) {
    grille_nsm_cbor_write_head(writer, GRILLE_NSM_CBOR_ARRAY, GRILLE_NSM_SIMULATED_LEAF);
    for (unsigned level = GRILLE_NSM_SIMULATED_ROOT; level < GRILLE_NSM_SIMULATED_LEAF; level++)
        grille_nsm_cbor_write_bytes(writer, certificate_of(&chain->links[level]));
}

static void write_payload(grille_writer *writer, const grille_nsm_simulated_chain *chain,
                          const grille_nsm_simulated_pcrs *pcrs, const grille_nsm_request *fields,
                          grille_wall_ms now_ms) {
    grille_nsm_cbor_write_open_map(writer);
    grille_nsm_cbor_write_text(writer, "module_id");
    grille_nsm_cbor_write_text(writer, chain->module_id);
    grille_nsm_cbor_write_text(writer, "digest");
    grille_nsm_cbor_write_text(writer, "SHA384");
    grille_nsm_cbor_write_text(writer, "timestamp");
    grille_nsm_cbor_write_head(writer, GRILLE_NSM_CBOR_UNSIGNED, (uint64_t)now_ms);
    grille_nsm_cbor_write_text(writer, "pcrs");
    write_pcrs(writer, pcrs);
    grille_nsm_cbor_write_text(writer, "certificate");
    grille_nsm_cbor_write_bytes(writer, certificate_of(&chain->links[GRILLE_NSM_SIMULATED_LEAF]));
    grille_nsm_cbor_write_text(writer, "cabundle");
    write_cabundle(writer, chain);
    grille_nsm_cbor_write_text(writer, "public_key");
    grille_nsm_cbor_write_optional(writer, fields->public_key);
    grille_nsm_cbor_write_text(writer, "user_data");
    grille_nsm_cbor_write_optional(writer, fields->user_data);
    grille_nsm_cbor_write_text(writer, "nonce");
    grille_nsm_cbor_write_optional(writer, fields->nonce);
    grille_nsm_cbor_write_break(writer);
}

/* RFC 9052 4.4: Sig_structure [ "Signature1", protected, external_aad, payload ]. */
static grille_reason sign(const grille_nsm_simulated_chain *chain, grille_bytes payload,
                          uint8_t signature[signature_bytes]) {
    uint8_t head[64], digest[GRILLE_SHA384_BYTES];
    grille_writer writer = grille_writer_into(head, sizeof head);
    size_t len = 0;
    grille_bytes parts[2];
    grille_reason reason;
    grille_nsm_cbor_write_head(&writer, GRILLE_NSM_CBOR_ARRAY, 4);
    grille_nsm_cbor_write_text(&writer, "Signature1");
    grille_nsm_cbor_write_bytes(&writer, grille_bytes_of(protected_header, sizeof protected_header));
    grille_nsm_cbor_write_head(&writer, GRILLE_NSM_CBOR_BYTES, 0);
    grille_nsm_cbor_write_head(&writer, GRILLE_NSM_CBOR_BYTES, payload.len);
    reason = grille_writer_end(&writer);
    parts[0] = grille_written(&writer);
    parts[1] = payload;
    if (reason == GRILLE_REASON_OK) reason = chain->crypto->hash(GRILLE_SHA384, parts, 2, digest);
    if (reason == GRILLE_REASON_OK)
        reason = chain->crypto->key_sign(chain->links[GRILLE_NSM_SIMULATED_LEAF].key,
                                         grille_bytes_of(digest, sizeof digest), signature, signature_bytes, &len);
    return reason == GRILLE_REASON_OK && len != signature_bytes ? GRILLE_REASON_INTERNAL : reason;
}

grille_reason grille_nsm_simulated_document_write(const grille_nsm_simulated_chain *chain,
                                                  const grille_nsm_simulated_pcrs *pcrs,
                                                  const grille_nsm_request *fields, grille_wall_ms now_ms, uint8_t *out,
                                                  size_t capacity, size_t *len) {
    uint8_t payload[payload_most], signature[signature_bytes];
    grille_writer payload_writer = grille_writer_into(payload, sizeof payload);
    grille_writer writer = grille_writer_into(out, capacity);
    grille_reason reason;
    write_payload(&payload_writer, chain, pcrs, fields, now_ms);
    reason = grille_writer_end(&payload_writer);
    if (reason == GRILLE_REASON_OK) reason = sign(chain, grille_written(&payload_writer), signature);
    if (reason != GRILLE_REASON_OK) return reason;
    grille_nsm_cbor_write_head(&writer, GRILLE_NSM_CBOR_ARRAY, 4);
    grille_nsm_cbor_write_bytes(&writer, grille_bytes_of(protected_header, sizeof protected_header));
    grille_nsm_cbor_write_head(&writer, GRILLE_NSM_CBOR_MAP, 0);
    grille_nsm_cbor_write_bytes(&writer, grille_written(&payload_writer));
    grille_nsm_cbor_write_bytes(&writer, grille_bytes_of(signature, sizeof signature));
    reason = grille_writer_end(&writer);
    if (reason == GRILLE_REASON_OK) *len = writer.len;
    return reason;
}
