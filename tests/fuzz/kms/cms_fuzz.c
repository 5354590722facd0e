/* SPDX-License-Identifier: Apache-2.0
 * A message that is read ends where it ends: not a byte before, not one after. Its fields have their sizes, and lie
 * inside of it. */
#include "kms/cms.h"

#include <string.h>

#include "base/bytes.h"
#include "tests/fuzz/crypto/fuzz_check.h"

static void check_inside(grille_bytes message, grille_bytes field, size_t len) {
    FUZZ_CHECK(field.len == len);
    FUZZ_CHECK(len == 0 || (field.data >= message.data && field.data + len <= message.data + message.len));
}

static void check_content(grille_bytes message, grille_ber_octets octets, size_t expected) {
    grille_bytes segment;
    size_t len = 0;
    while (grille_ber_octets_next(&octets, &segment)) {
        check_inside(message, segment, segment.len);
        len += segment.len;
    }
    FUZZ_CHECK(!octets.bad && len == expected && len % GRILLE_CMS_BLOCK_BYTES == 0);
}

/* Octet strings alone: whatever comes, their segments are no longer than they. */
static void check_octets(grille_bytes bytes) {
    grille_reader reader = grille_reader_of(bytes);
    grille_ber_octets octets = grille_ber_read_octets(&reader, GRILLE_BER_OCTET_STRING, GRILLE_REASON_KMS_MESSAGE);
    grille_bytes segment;
    size_t len = 0;
    while (grille_ber_octets_next(&octets, &segment))
        len += segment.len;
    FUZZ_CHECK(len <= bytes.len - reader.left);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t longer[GRILLE_LIMIT_KMS_RECIPIENT_BYTES + 1];
    const grille_bytes message = grille_bytes_of(data, size);
    grille_cms cms, other;
    check_octets(message);
    if (grille_cms_read(message, &cms) != GRILLE_REASON_OK) return 0;
    FUZZ_CHECK(size <= GRILLE_LIMIT_KMS_RECIPIENT_BYTES);
    check_inside(message, cms.recipient, GRILLE_CMS_RECIPIENT_BYTES);
    check_inside(message, cms.encrypted_key, GRILLE_CMS_ENCRYPTED_KEY_BYTES);
    check_inside(message, cms.iv, GRILLE_CMS_IV_BYTES);
    check_content(message, cms.content, cms.content_len);
    FUZZ_CHECK(grille_cms_read(grille_bytes_of(data, size - 1), &other) == GRILLE_REASON_KMS_MESSAGE);
    memcpy(longer, data, size);
    longer[size] = 0;
    FUZZ_CHECK(grille_cms_read(grille_bytes_of(longer, size + 1), &other) == GRILLE_REASON_KMS_MESSAGE);
    return 0;
}
