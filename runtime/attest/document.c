/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/document.h"

#include <stdio.h>

#include "attest/cbor.h"
#include "base/bytes.h"
#include "base/error.h"

/* Required fields that were seen. */
enum {
    SEEN_MODULE_ID = 1,
    SEEN_DIGEST = 2,
    SEEN_TIMESTAMP = 4,
    SEEN_PCRS = 8,
    SEEN_CERTIFICATE = 16,
    SEEN_CABUNDLE = 32
};
#define SEEN_ALL 63u

typedef struct payload {
    grille_reader reader;
    grille_reader value; /* where the value begins that is being read */
    grille_document *document;
    grille_error *error;
    unsigned seen;
    grille_attest_kind wanted;
} payload;

static grille_reason refuse_observed(const payload *p, const char *field, const char *observed, const char *expected) {
    return grille_error_set(p->error, GRILLE_REASON_ATTEST_DOCUMENT_FIELD,
                            "the document's field %s: observed %s, expected %s", field, observed, expected);
}

static grille_reason refuse_field(const payload *p, const char *field, const char *expected) {
    return refuse_observed(p, field, grille_cbor_describe(&p->value).text, expected);
}

static grille_reason refuse_pcrs(const payload *p, const char *observed, const char *expected) {
    return grille_error_set(p->error, GRILLE_REASON_ATTEST_DOCUMENT_PCRS,
                            "the document's PCRs: observed %s, expected %s", observed, expected);
}

static grille_reason read_module_id(payload *p) {
    grille_bytes text = grille_cbor_read_text(&p->reader);
    bool printable = true;
    for (size_t i = 0; i < text.len; i++)
        printable = printable && text.data[i] > 0x20 && text.data[i] < 0x7f;
    if (text.len == 0 || text.len >= GRILLE_MODULE_ID_MAX || !printable) {
        return refuse_field(p, "module_id", "text of 1 to 127 printable characters");
    }
    p->document->module_id = text;
    p->seen |= SEEN_MODULE_ID;
    return GRILLE_REASON_OK;
}

static grille_reason read_digest(payload *p) {
    grille_bytes text = grille_cbor_read_text(&p->reader);
    if (p->reader.failed) return refuse_field(p, "digest", "text");
    if (!grille_bytes_equal(text, grille_bytes_of_text("SHA384"))) {
        return grille_error_set(
            p->error, GRILLE_REASON_ATTEST_DOCUMENT_DIGEST,
            "observed a digest of %zu characters that is not SHA384; expected SHA384, which all NSMs use", text.len);
    }
    p->seen |= SEEN_DIGEST;
    return GRILLE_REASON_OK;
}

static grille_reason read_timestamp(payload *p) {
    uint64_t timestamp_ms = grille_cbor_read_unsigned(&p->reader);
    if (timestamp_ms == 0 || timestamp_ms > GRILLE_LATEST_WALL_MS) {
        return refuse_field(p, "timestamp", "milliseconds since 1970, above 0 and before the year 10000");
    }
    p->document->timestamp_ms = (grille_wall_ms)timestamp_ms;
    p->seen |= SEEN_TIMESTAMP;
    return GRILLE_REASON_OK;
}

static grille_reason read_pcr_map(payload *p, uint32_t *mask, grille_bytes pcrs[GRILLE_PCR_COUNT]) {
    grille_cbor_map map = grille_cbor_read_map(&p->reader);
    while (grille_cbor_next_entry(&p->reader, &map)) {
        grille_cbor_description key = grille_cbor_describe(&p->reader), content;
        uint64_t index = grille_cbor_read_unsigned(&p->reader);
        grille_bytes value;
        if (p->reader.failed || index >= GRILLE_PCR_COUNT) {
            return refuse_pcrs(p, key.text, "numbers from 0 to 31 as keys");
        }
        content = grille_cbor_describe(&p->reader);
        value = grille_cbor_read_bytes(&p->reader);
        if (value.len != GRILLE_PCR_BYTES) return refuse_pcrs(p, content.text, "byte strings of 48 bytes as values");
        pcrs[index] = value;
        *mask |= UINT32_C(1) << index;
    }
    if (p->reader.failed || *mask == 0) {
        return refuse_pcrs(p, grille_cbor_describe(&p->value).text, "a map of 1 to 32 entries");
    }
    p->seen |= SEEN_PCRS;
    return GRILLE_REASON_OK;
}

static grille_reason read_pcrs(payload *p) {
    return read_pcr_map(p, &p->document->pcr_mask, p->document->pcrs);
}

static grille_reason read_nitrotpm_pcrs(payload *p) {
    return read_pcr_map(p, &p->document->nitrotpm_pcr_mask, p->document->nitrotpm_pcrs);
}

/* Exactly one of the two maps is there, and it is the one that was asked for. */
static grille_reason check_kind(payload *p) {
    grille_document *document = p->document;
    bool nitrotpm = document->nitrotpm_pcr_mask != 0;
    if (nitrotpm && document->pcr_mask != 0) return refuse_pcrs(p, "both pcrs and nitrotpm_pcrs", "one of them");
    document->kind = nitrotpm ? GRILLE_ATTEST_NITROTPM : GRILLE_ATTEST_ENCLAVE;
    if (document->kind == p->wanted) return GRILLE_REASON_OK;
    if (nitrotpm) {
        return grille_error_set(
            p->error, GRILLE_REASON_ATTEST_DOCUMENT_NITROTPM,
            "observed a document with nitrotpm_pcrs, which is of a whole EC2 instance with NitroTPM; "
            "expected one of an enclave. The two number their PCRs differently and are never mixed");
    }
    return grille_error_set(
        p->error, GRILLE_REASON_ATTEST_DOCUMENT_ENCLAVE,
        "observed a document with pcrs, which is of an enclave; expected one with nitrotpm_pcrs, of "
        "an EC2 instance with NitroTPM. The two number their PCRs differently and are never mixed");
}

static bool certificate_len_ok(grille_bytes der) {
    return der.len >= 1 && der.len <= GRILLE_LIMIT_CERTIFICATE_BYTES;
}

static grille_reason read_certificate(payload *p) {
    p->document->certificate = grille_cbor_read_bytes(&p->reader);
    if (!certificate_len_ok(p->document->certificate)) {
        return refuse_field(p, "certificate", "a byte string of 1 to 1024 bytes");
    }
    p->seen |= SEEN_CERTIFICATE;
    return GRILLE_REASON_OK;
}

static grille_reason read_cabundle(payload *p) {
    size_t count = grille_cbor_read_array(&p->reader);
    if (p->reader.failed || count < 1 || count > GRILLE_LIMIT_CABUNDLE_CERTIFICATES) {
        return refuse_field(p, "cabundle", "an array of 1 to 8 certificates");
    }
    for (size_t i = 0; i < count; i++) {
        grille_cbor_description certificate = grille_cbor_describe(&p->reader);
        p->document->cabundle[i] = grille_cbor_read_bytes(&p->reader);
        if (!certificate_len_ok(p->document->cabundle[i])) {
            return refuse_observed(p, "cabundle", certificate.text,
                                   "each certificate a byte string of 1 to 1024 bytes");
        }
    }
    p->document->cabundle_count = count;
    p->seen |= SEEN_CABUNDLE;
    return GRILLE_REASON_OK;
}

/* user_data, nonce, public_key: a byte string or null. */
static grille_reason read_optional(payload *p, grille_bytes *field, const char *name) {
    if (grille_cbor_take_null(&p->reader)) return GRILLE_REASON_OK;
    *field = grille_cbor_read_bytes(&p->reader);
    if (p->reader.failed || field->len > GRILLE_DOCUMENT_FIELD_MAX) {
        return refuse_field(p, name, "null or a byte string of at most 1024 bytes");
    }
    return GRILLE_REASON_OK;
}

static grille_reason read_public_key(payload *p) {
    return read_optional(p, &p->document->public_key, "public_key");
}

static grille_reason read_user_data(payload *p) {
    return read_optional(p, &p->document->user_data, "user_data");
}

static grille_reason read_nonce(payload *p) {
    return read_optional(p, &p->document->nonce, "nonce");
}

static const struct {
    const char *key;
    grille_reason (*read)(payload *);
} fields[] = {
    {"module_id", read_module_id},
    {"digest", read_digest},
    {"timestamp", read_timestamp},
    {"pcrs", read_pcrs},
    {"certificate", read_certificate},
    {"cabundle", read_cabundle},
    {"public_key", read_public_key},
    {"user_data", read_user_data},
    {"nonce", read_nonce},
    {"nitrotpm_pcrs", read_nitrotpm_pcrs},
};

static grille_reason read_value(payload *p, grille_bytes key) {
    p->value = p->reader;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (grille_bytes_equal(key, grille_bytes_of_text(fields[i].key))) return fields[i].read(p);
    }
    grille_cbor_skip(&p->reader);
    return GRILLE_REASON_OK;
}

static grille_reason refuse_missing(const payload *p) {
    static const char *const required[] = {"module_id", "digest", "timestamp", "pcrs", "certificate", "cabundle"};
    size_t first = 0;
    char observed[32];
    while ((p->seen >> first & 1u) != 0)
        first++;
    (void)snprintf(observed, sizeof observed, "no %s", required[first]);
    return refuse_observed(p, "payload", observed, "all of module_id, digest, timestamp, pcrs, certificate, cabundle");
}

static grille_reason read_fields(payload *p) {
    grille_cbor_map map = grille_cbor_read_map(&p->reader);
    grille_reason reason = GRILLE_REASON_OK;
    if (p->reader.failed) return refuse_field(p, "payload", "a map");
    while (reason == GRILLE_REASON_OK && grille_cbor_next_entry(&p->reader, &map)) {
        grille_bytes key = grille_cbor_read_text(&p->reader);
        if (p->reader.failed) return refuse_observed(p, "payload", "another key than text", "every key to be text");
        reason = read_value(p, key);
    }
    if (reason == GRILLE_REASON_OK && p->seen != SEEN_ALL) {
        reason = refuse_missing(p);
    }
    return reason == GRILLE_REASON_OK ? check_kind(p) : reason;
}

/* One pass over the whole payload settles nesting, counts, encodings and keys that come twice. */
static grille_reason check_payload(grille_bytes encoded, grille_error *error) {
    grille_reason reason = grille_cbor_check(encoded);
    if (reason == GRILLE_REASON_OK) return reason;
    if (reason == GRILLE_REASON_TRUNCATED || reason == GRILLE_REASON_TRAILING) reason = GRILLE_REASON_ATTEST_CBOR;
    return grille_error_set(
        error, reason,
        "observed in the document's payload: %s; expected one CBOR map in minimal encoding, at most %d deep",
        grille_reason_text(reason), GRILLE_LIMIT_CBOR_DEPTH);
}

grille_reason grille_document_read(grille_bytes encoded, grille_document *document, grille_error *error) {
    return grille_document_read_kind(encoded, GRILLE_ATTEST_ENCLAVE, document, error);
}

grille_reason grille_document_read_kind(grille_bytes encoded, grille_attest_kind kind, grille_document *document,
                                        grille_error *error) {
    grille_document read = {.pcr_mask = 0};
    payload p = {.document = &read, .error = error, .wanted = kind};
    grille_reason reason;
    *document = read;
    if (encoded.len == 0 || encoded.len > GRILLE_LIMIT_DOCUMENT_BYTES) {
        return grille_error_set(error, GRILLE_REASON_ATTEST_SIZE,
                                "observed a document of %zu bytes, expected 1 to %d; those of enclaves have 4 to 6 KiB",
                                encoded.len, GRILLE_LIMIT_DOCUMENT_BYTES);
    }
    reason = grille_cose_read(encoded, &read.cose, error);
    if (reason == GRILLE_REASON_OK) reason = check_payload(read.cose.payload, error);
    if (reason == GRILLE_REASON_OK) {
        p.reader = grille_reader_of(read.cose.payload);
        p.value = p.reader;
        reason = read_fields(&p);
    }
    if (reason == GRILLE_REASON_OK) *document = read;
    return reason;
}
