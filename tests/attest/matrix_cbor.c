/* SPDX-License-Identifier: Apache-2.0
 * Class B: the CBOR of the payload, which is inside the signature: whoever wrote it holds a leaf's key. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "matrix.h"

typedef enum place { NONCE, TIMESTAMP, PCRS, CABUNDLE, DIGEST, EXTRA, DEFINITE_HEAD, TAIL } place;
static const char *const keys[] = {"nonce", "timestamp", "pcrs", "cabundle", "digest"};

#define PCR "\x58\x30................................................"

static const struct {
    place where;
    grille_bytes bytes;
    grille_reason expected;
} rows[] = {
#define R(where, literal, expected)                                                                                    \
    { where, {(const uint8_t *)("" literal), sizeof literal - 1}, GRILLE_REASON_##expected }
    /* One encoding for each number and length. */
    R(DEFINITE_HEAD, "\xa9", OK),
    R(DEFINITE_HEAD, "\xb8\x09", ATTEST_CBOR),
    R(DEFINITE_HEAD, "\xb9\x00\x09", ATTEST_CBOR),
    R(DEFINITE_HEAD, "\xba\x00\x00\x00\x09", ATTEST_CBOR),
    R(DEFINITE_HEAD, "\xa8", ATTEST_CBOR), /* an entry too many */
    R(DEFINITE_HEAD, "\xaa", ATTEST_CBOR), /* one too few */
    R(DEFINITE_HEAD, "\x89", ATTEST_CBOR),
    R(DEFINITE_HEAD, "\x92", ATTEST_DOCUMENT_FIELD), /* an array of the same items */
    R(TIMESTAMP, "\x18\x17", ATTEST_CBOR),
    R(TIMESTAMP, "\x19\x00\xff", ATTEST_CBOR),
    R(TIMESTAMP, "\x1a\x00\x00\xff\xff", ATTEST_CBOR),
    R(TIMESTAMP, "\x1b\x00\x00\x00\x00\xff\xff\xff\xff", ATTEST_CBOR),
    R(PCRS, "\xa1\x18\x00" PCR, ATTEST_CBOR),
    R(PCRS, "\xa1\x00\x59\x00\x30................................................", ATTEST_CBOR),
    R(DIGEST, "\x78\x06SHA384", ATTEST_CBOR),
    R(EXTRA, "\x78\x03new\x00", ATTEST_CBOR),
    R(EXTRA, "\x63new\x58\x01x", ATTEST_CBOR),
    R(EXTRA, "\x63new\x98\x01\x00", ATTEST_CBOR),
    R(EXTRA, "\x63new\x38\x17", ATTEST_CBOR),
    /* Of unsaid length: maps only, as AWS writes them. */
    R(PCRS, "\xbf\x00" PCR "\x01" PCR "\xff", OK),
    R(EXTRA, "\x63new\xbf\x01\x02\xff", OK),
    R(EXTRA, "\x63new\xbf\xff", OK),
    R(EXTRA, "\x63new\x9f\xff", ATTEST_CBOR),
    R(CABUNDLE, "\x9f\x41x\xff", ATTEST_CBOR),
    R(NONCE, "\x5f\x41x\xff", ATTEST_CBOR),
    R(NONCE, "\x5f\xff", ATTEST_CBOR),
    R(DIGEST, "\x7f\x66SHA384\xff", ATTEST_CBOR),
    /* Keys that come twice. */
    R(EXTRA, "\x65nonce\xf6", ATTEST_CBOR_DUPLICATE_KEY),
    R(EXTRA,
      "\x66"
      "digest\x66SHA384",
      ATTEST_CBOR_DUPLICATE_KEY),
    R(EXTRA, "\x64pcrs\xa1\x00" PCR, ATTEST_CBOR_DUPLICATE_KEY),
    R(EXTRA, "\x63new\x00\x63new\x00", ATTEST_CBOR_DUPLICATE_KEY),
    R(PCRS, "\xa2\x00" PCR "\x00" PCR, ATTEST_CBOR_DUPLICATE_KEY),
    R(PCRS, "\xbf\x00" PCR "\x01" PCR "\x00" PCR "\xff", ATTEST_CBOR_DUPLICATE_KEY),
    R(EXTRA, "\x63new\xa2\x01\x01\x01\x02", ATTEST_CBOR_DUPLICATE_KEY),
    R(EXTRA,
      "\x63new\x81\xa1\x00\xa2\x61"
      "a\x01\x61"
      "a\x01",
      ATTEST_CBOR_DUPLICATE_KEY),
    R(EXTRA, "\x63new\xa2\x20\x01\x20\x01", ATTEST_CBOR_DUPLICATE_KEY),
    R(EXTRA, "\x63new\xa2\x01\x01\x20\x02", OK),
    /* Reserved additional information 28 to 30, and 31 where there is none. */
    R(TIMESTAMP, "\x1c", ATTEST_CBOR),
    R(TIMESTAMP, "\x1d", ATTEST_CBOR),
    R(TIMESTAMP, "\x1e", ATTEST_CBOR),
    R(TIMESTAMP, "\x1f", ATTEST_CBOR),
    R(EXTRA, "\x63new\x3c", ATTEST_CBOR),
    R(EXTRA, "\x63new\x3f", ATTEST_CBOR),
    R(EXTRA, "\x63new\x5c", ATTEST_CBOR),
    R(EXTRA, "\x63new\x7d", ATTEST_CBOR),
    R(EXTRA, "\x63new\x9e", ATTEST_CBOR),
    R(EXTRA, "\x63new\xbc", ATTEST_CBOR),
    R(EXTRA, "\x63new\xdc\x00", ATTEST_CBOR),
    R(EXTRA, "\x63new\xfc", ATTEST_CBOR),
    R(EXTRA, "\x63new\xfe", ATTEST_CBOR),
    /* Breaks, and maps that are odd. */
    R(EXTRA, "\x63new\xbf\x01\x02", ATTEST_CBOR), /* the payload's break ends this one */
    R(EXTRA, "\x63new\xff", ATTEST_CBOR),
    R(EXTRA, "\x63new\x81\xff", ATTEST_CBOR),
    R(EXTRA, "\x63new", ATTEST_CBOR),
    R(EXTRA, "\x63new\xbf\x01\xff", ATTEST_CBOR),
    R(EXTRA, "\x63new\xa1\x01", ATTEST_CBOR),
    R(TAIL, "\xff", ATTEST_CBOR),
    R(TAIL, "\x00", ATTEST_CBOR),
    R(TAIL, "\xa0", ATTEST_CBOR),
    /* Counts and lengths that nothing stands behind. */
    R(EXTRA, "\x63new\x9a\xff\xff\xff\xff", ATTEST_CBOR),
    R(EXTRA, "\x63new\x9b\x00\x00\x00\x01\x00\x00\x00\x00", ATTEST_CBOR), /* 2^32 */
    R(EXTRA, "\x63new\x9b\xff\xff\xff\xff\xff\xff\xff\xff", ATTEST_CBOR),
    R(EXTRA, "\x63new\xba\xff\xff\xff\xff", ATTEST_CBOR),
    R(EXTRA, "\x63new\xbb\x80\x00\x00\x00\x00\x00\x00\x00", ATTEST_CBOR), /* twice that wraps */
    R(EXTRA, "\x63new\x5a\xff\xff\xff\xff", ATTEST_CBOR),
    R(EXTRA, "\x63new\x5b\x7f\xff\xff\xff\xff\xff\xff\xff", ATTEST_CBOR),
    R(EXTRA, "\x63new\x7b\xff\xff\xff\xff\xff\xff\xff\xff", ATTEST_CBOR),
    R(CABUNDLE, "\x9a\xff\xff\xff\xff", ATTEST_CBOR),
    R(PCRS, "\xba\x10\x00\x00\x00", ATTEST_CBOR),
    /* Text is UTF-8 (RFC 3629). */
    R(EXTRA, "\x61\xff\x00", ATTEST_CBOR),
    R(EXTRA, "\x63new\x61\x80", ATTEST_CBOR),
    R(EXTRA, "\x63new\x62\xc0\x80", ATTEST_CBOR),         /* overlong */
    R(EXTRA, "\x63new\x63\xed\xa0\x80", ATTEST_CBOR),     /* a surrogate */
    R(EXTRA, "\x63new\x64\xf4\x90\x80\x80", ATTEST_CBOR), /* over U+10FFFF */
    R(EXTRA, "\x63new\x61\xc3", ATTEST_CBOR),             /* cut */
    R(EXTRA, "\x63new\x62\xc3\xa9", OK),
    /* Floats, simple values and tags. */
    R(TIMESTAMP, "\xf9\x3c\x00", ATTEST_CBOR),
    R(TIMESTAMP, "\xfa\x3f\x80\x00\x00", ATTEST_CBOR),
    R(TIMESTAMP, "\xfb\x42\x79\xe0\x00\x00\x00\x00\x00", ATTEST_CBOR),
    R(TIMESTAMP, "\xf5", ATTEST_DOCUMENT_FIELD),
    R(TIMESTAMP, "\xf7", ATTEST_CBOR), /* undefined */
    R(TIMESTAMP, "\xe0", ATTEST_CBOR),
    R(TIMESTAMP, "\xf8\x20", ATTEST_CBOR),
    R(TIMESTAMP, "\xf8\x16", ATTEST_CBOR), /* null in two bytes */
    R(TIMESTAMP, "\xc1\x1a\x65\x00\x00\x00", ATTEST_CBOR),
    R(TIMESTAMP, "\xc2\x41\x01", ATTEST_CBOR), /* a bignum */
    R(EXTRA, "\x63new\xd8\x18\x41\x00", ATTEST_CBOR),
    /* Keys: text at the top, text, bytes or numbers below. */
    R(EXTRA, "\x01\x02", ATTEST_DOCUMENT_FIELD),
    R(EXTRA, "\x43new\x00", ATTEST_DOCUMENT_FIELD),
    R(EXTRA, "\xf6\x00", ATTEST_CBOR),
    R(EXTRA, "\x80\x00", ATTEST_CBOR),
    R(EXTRA, "\xf9\x3c\x00\x00", ATTEST_CBOR),
    R(EXTRA, "\x63new\xa1\xa0\x00", ATTEST_CBOR),
    /* What is not known is skipped, inside the signature. */
    R(EXTRA, "\x63new\x00", OK),
    R(EXTRA, "\x60\x00", OK),
    R(EXTRA, "\x63new\x83\x01\xa2\x61x\xf6\x41y\xf4\x40\x64more\x20", OK),
#undef R
};

static void put(forge_document *d, place where, grille_bytes bytes) {
    if (where <= DIGEST) {
        d->replaced_key = keys[where];
        d->replacement = bytes;
    } else if (where == EXTRA) {
        d->extra = bytes;
    } else if (where == TAIL) {
        d->payload_tail = bytes;
    } else {
        d->definite = true;
        d->payload_head = bytes;
    }
}

/* {"new": [[[…0…]]]} with so many arrays, or maps; the payload itself is one level. */
static grille_bytes nested(size_t depth, bool maps) {
    static uint8_t bytes[12000];
    grille_writer w = grille_writer_into(bytes, sizeof bytes);
    grille_write_bytes(&w, MATRIX_BYTES("\x63new"));
    for (size_t i = 0; i < depth; i++) {
        grille_write_u8(&w, maps ? 0xa1 : 0x81);
        if (maps) grille_write_u8(&w, 0);
    }
    grille_write_u8(&w, 0);
    return grille_written(&w);
}

static grille_bytes many_keys(size_t count) {
    static uint8_t bytes[4000];
    grille_writer w = grille_writer_into(bytes, sizeof bytes);
    for (size_t i = 0; i < count; i++) {
        grille_write_u8(&w, 0x62);
        grille_write_u8(&w, (uint8_t)('A' + i / 16));
        grille_write_u8(&w, (uint8_t)('A' + i % 16));
        grille_write_u8(&w, 0);
    }
    return grille_written(&w);
}

void matrix_b_cbor(void **state) {
    const matrix_judgement usual = matrix_judgement_of(matrix_chain());
    forge_document d;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char name[64];
        char hex[2 * 24 + 1];
        size_t shown = rows[i].bytes.len < 24 ? rows[i].bytes.len : 24;
        grille_hex_encode(grille_bytes_of(rows[i].bytes.data, shown), hex);
        (void)snprintf(name, sizeof name, "%zu: %s", i, hex);
        d = matrix_document(usual.chain);
        put(&d, rows[i].where, rows[i].bytes);
        matrix_expect(name, rows[i].expected, &d, &usual);
    }
    d = matrix_document(usual.chain);
    d.no_break = true;
    matrix_expect("no break", GRILLE_REASON_ATTEST_CBOR, &d, &usual);
    for (int maps = 0; maps < 2; maps++) {
        d = matrix_document(usual.chain);
        d.extra = nested(15, maps);
        matrix_expect("16 deep", GRILLE_REASON_OK, &d, &usual);
        d.extra = nested(16, maps);
        matrix_expect("17 deep", GRILLE_REASON_ATTEST_CBOR_DEPTH, &d, &usual);
        d.extra = nested(5000, maps);
        matrix_expect("5000 deep", GRILLE_REASON_ATTEST_CBOR_DEPTH, &d, &usual);
    }
    d = matrix_document(usual.chain);
    d.extra = many_keys(128 - 9);
    matrix_expect("128 keys", GRILLE_REASON_OK, &d, &usual);
    d.extra = many_keys(129 - 9);
    matrix_expect("129 keys", GRILLE_REASON_ATTEST_CBOR, &d, &usual);
}
