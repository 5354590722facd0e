/* SPDX-License-Identifier: Apache-2.0 */
#include "document_view.h"

#include "attest/cbor.h"
#include "base/bytes.h"

/* Takes one item whole, as it is encoded. */
static grille_bytes take_encoded(grille_reader *reader) {
    grille_reader before = *reader;
    grille_cbor_skip(reader);
    if (reader->failed != GRILLE_REASON_OK) return grille_bytes_of(NULL, 0);
    return grille_read_bytes(&before, before.left - reader->left);
}

/* Each reader of a field works on its encoding alone, so that one of another type hurts nobody. */

static bool read_bytes(grille_reader value, grille_bytes *field) {
    if (grille_cbor_take_null(&value)) return true;
    *field = grille_cbor_read_bytes(&value);
    return value.failed == GRILLE_REASON_OK;
}

static bool read_text(grille_reader value, grille_bytes *field) {
    *field = grille_cbor_read_text(&value);
    return value.failed == GRILLE_REASON_OK;
}

static bool read_pcrs(grille_reader value, view_pcrs *pcrs) {
    grille_cbor_map map = grille_cbor_read_map(&value);
    while (grille_cbor_next_entry(&value, &map)) {
        uint64_t index = grille_cbor_read_unsigned(&value);
        grille_bytes pcr = grille_cbor_read_bytes(&value);
        if (value.failed != GRILLE_REASON_OK || index >= GRILLE_PCR_COUNT) break;
        pcrs->values[index] = pcr;
        pcrs->mask |= UINT32_C(1) << index;
    }
    pcrs->present = value.failed == GRILLE_REASON_OK;
    return pcrs->present;
}

static bool read_cabundle(grille_reader value, document_view *view) {
    size_t count = grille_cbor_read_array(&value);
    if (value.failed != GRILLE_REASON_OK || count > GRILLE_LIMIT_CABUNDLE_CERTIFICATES) return false;
    for (size_t i = 0; i < count; i++)
        view->cabundle[i] = grille_cbor_read_bytes(&value);
    if (value.failed == GRILLE_REASON_OK) view->cabundle_count = count;
    return value.failed == GRILLE_REASON_OK;
}

static bool read_timestamp(grille_reader value, document_view *view) {
    view->timestamp_ms = grille_cbor_read_unsigned(&value);
    view->has_timestamp = value.failed == GRILLE_REASON_OK;
    return view->has_timestamp;
}

static bool is(grille_bytes key, const char *name) {
    return grille_bytes_equal(key, grille_bytes_of_text(name));
}

/* False: another key, or another type than the key's. */
static bool read_field(grille_bytes key, grille_reader value, document_view *view) {
    if (is(key, "module_id")) return read_text(value, &view->module_id);
    if (is(key, "digest")) return read_text(value, &view->digest);
    if (is(key, "timestamp")) return read_timestamp(value, view);
    if (is(key, "pcrs")) return read_pcrs(value, &view->pcrs);
    if (is(key, "nitrotpm_pcrs")) return read_pcrs(value, &view->nitrotpm_pcrs);
    if (is(key, "certificate")) return read_bytes(value, &view->certificate);
    if (is(key, "cabundle")) return read_cabundle(value, view);
    if (is(key, "public_key")) return read_bytes(value, &view->public_key);
    if (is(key, "user_data")) return read_bytes(value, &view->user_data);
    if (is(key, "nonce")) return read_bytes(value, &view->nonce);
    return false;
}

static void keep_extra(grille_bytes key, grille_bytes encoded, document_view *view) {
    if (view->extra_count < VIEW_UNKNOWN_KEYS) {
        view->extra[view->extra_count] = (view_extra){.key = key, .encoded = encoded};
    }
    view->extra_count++;
}

static bool read_payload(document_view *view) {
    grille_reader reader = grille_reader_of(view->payload);
    grille_cbor_map map = grille_cbor_read_map(&reader);
    if (reader.failed != GRILLE_REASON_OK) return false;
    view->indefinite = map.indefinite;
    while (grille_cbor_next_entry(&reader, &map)) {
        grille_bytes key = grille_cbor_read_text(&reader);
        grille_bytes encoded = take_encoded(&reader);
        if (reader.failed != GRILLE_REASON_OK) break;
        if (!read_field(key, grille_reader_of(encoded), view)) keep_extra(key, encoded, view);
    }
    return true;
}

static bool read_outer(grille_bytes encoded, document_view *view) {
    grille_reader reader = grille_reader_of(encoded);
    view->tagged = grille_cbor_take_tag(&reader, 18);
    if (grille_cbor_read_array(&reader) != 4) return false;
    view->protected_header = grille_cbor_read_bytes(&reader);
    view->unprotected = take_encoded(&reader);
    if (grille_cbor_take_null(&reader)) return false;
    view->payload = grille_cbor_read_bytes(&reader);
    view->has_payload = reader.failed == GRILLE_REASON_OK;
    view->signature = grille_cbor_read_bytes(&reader);
    return view->has_payload;
}

bool document_view_read(grille_bytes encoded, document_view *view) {
    grille_document strict;
    *view = (document_view){.len = encoded.len};
    if (grille_document_read(encoded, &strict, &view->problem) == GRILLE_REASON_OK) {
        view->problem = (grille_error){.code = GRILLE_OK};
    }
    if (encoded.len == 0 || encoded.len > GRILLE_LIMIT_DOCUMENT_BYTES) return false;
    return read_outer(encoded, view) && read_payload(view);
}

bool document_view_is_debug(const document_view *view) {
    return view->pcrs.present && (view->pcrs.mask & 1u) != 0 && grille_bytes_all_zero(view->pcrs.values[0]);
}
