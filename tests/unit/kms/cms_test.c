/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/cms.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "cms_forge.h"
#include "tests/unit/crypto/crypto_test.h"

static uint8_t recipient[32], encrypted_key[256], iv[16], content[4112];

static void fill(uint8_t *bytes, size_t len, unsigned first) {
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(first + i);
}

/* As AWS KMS writes them: the content in one segment. */
static cms_forge real_form(size_t content_len) {
    fill(recipient, sizeof recipient, 1);
    fill(encrypted_key, sizeof encrypted_key, 2);
    fill(iv, sizeof iv, 3);
    fill(content, sizeof content, 4);
    return (cms_forge){.indefinite = true,
                       .form = CMS_FORGE_SEGMENTS,
                       .recipient = grille_bytes_of(recipient, sizeof recipient),
                       .encrypted_key = grille_bytes_of(encrypted_key, sizeof encrypted_key),
                       .iv = grille_bytes_of(iv, sizeof iv),
                       .content = grille_bytes_of(content, content_len)};
}

/* Reads a copy of exactly so many bytes, so that a sanitizer sees each byte read beyond. */
static grille_reason read_exact(const uint8_t *message, size_t len, grille_cms *cms) {
    uint8_t *copy = malloc(len == 0 ? 1 : len);
    grille_reason reason;
    assert_non_null(copy);
    memcpy(copy, message, len);
    reason = grille_cms_read(grille_bytes_of(copy, len), cms);
    free(copy);
    return reason;
}

static size_t gather(const grille_cms *cms, uint8_t *out, size_t capacity, unsigned *segments) {
    grille_ber_octets octets = cms->content;
    grille_bytes segment;
    size_t len = 0;
    *segments = 0;
    while (grille_ber_octets_next(&octets, &segment)) {
        assert_true(segment.len <= capacity - len);
        if (segment.len > 0) memcpy(out + len, segment.data, segment.len);
        len += segment.len;
        ++*segments;
    }
    assert_false(octets.bad);
    assert_int_equal(cms->content_len, len);
    return len;
}

static void expect_fields(const cms_forge *forge, unsigned expected_segments) {
    uint8_t message[CMS_FORGE_MOST], gathered[CMS_FORGE_MOST];
    const size_t len = cms_forge_write(forge, message);
    unsigned segments;
    grille_cms cms;
    assert_reason(OK, grille_cms_read(grille_bytes_of(message, len), &cms));
    assert_true(grille_bytes_equal(forge->recipient, cms.recipient));
    assert_true(grille_bytes_equal(forge->encrypted_key, cms.encrypted_key));
    assert_true(grille_bytes_equal(forge->iv, cms.iv));
    assert_int_equal(forge->content.len, gather(&cms, gathered, sizeof gathered, &segments));
    assert_memory_equal(forge->content.data, gathered, forge->content.len);
    assert_int_equal(expected_segments, segments);
}

static void each_form_is_read(void **state) {
    (void)state;
    for (unsigned flags = 0; flags < 8; flags++) {
        cms_forge forge = real_form(48);
        forge.indefinite = (flags & 1) != 0;
        forge.all_indefinite = (flags & 2) != 0;
        forge.no_null = (flags & 4) != 0;
        expect_fields(&forge, 1);
        forge.segment_len = 16;
        expect_fields(&forge, 3);
        forge.segment_len = 7; /* a segment ends anywhere */
        expect_fields(&forge, 7);
        forge.form = CMS_FORGE_NESTED;
        forge.depth = 3;
        expect_fields(&forge, 7);
        forge.form = CMS_FORGE_PRIMITIVE;
        expect_fields(&forge, 1);
    }
}

static void a_defect_is_refused(void **state) {
    uint8_t message[CMS_FORGE_MOST];
    grille_cms cms;
    (void)state;
    for (int defect = CMS_FORGE_RIGHT; defect < CMS_FORGE_DEFECTS; defect++) {
        for (unsigned flags = 0; flags < 4; flags++) {
            cms_forge forge = real_form(48);
            size_t len;
            forge.indefinite = (flags & 1) != 0;
            forge.all_indefinite = (flags & 2) != 0;
            forge.defect = (cms_forge_defect)defect;
            len = cms_forge_write(&forge, message);
            if ((read_exact(message, len, &cms) == GRILLE_REASON_OK) != (defect == CMS_FORGE_RIGHT))
                fail_msg("defect %d, form %u", defect, flags);
            if (defect != CMS_FORGE_RIGHT) assert_reason(KMS_MESSAGE, read_exact(message, len, &cms));
        }
    }
}

static void primitive_content_is_whole_blocks(void **state) {
    static const cms_forge_defect defects[] = {CMS_FORGE_EMPTY_CONTENT, CMS_FORGE_HALF_BLOCK, CMS_FORGE_CONTENT_TAIL};
    uint8_t message[CMS_FORGE_MOST];
    grille_cms cms;
    (void)state;
    for (size_t i = 0; i < sizeof defects / sizeof *defects; i++) {
        cms_forge forge = real_form(32);
        forge.form = CMS_FORGE_PRIMITIVE;
        forge.defect = defects[i];
        assert_reason(KMS_MESSAGE, read_exact(message, cms_forge_write(&forge, message), &cms));
    }
}

static void nesting_of_the_content_has_a_limit(void **state) {
    uint8_t message[CMS_FORGE_MOST];
    cms_forge forge = real_form(32);
    grille_cms cms;
    (void)state;
    forge.indefinite = false;
    forge.form = CMS_FORGE_NESTED;
    forge.depth = GRILLE_LIMIT_BER_DEPTH - 1; /* [0] is one, too */
    expect_fields(&forge, 1);
    forge.depth++;
    assert_reason(KMS_MESSAGE, read_exact(message, cms_forge_write(&forge, message), &cms));
}

static void messages_have_a_limit(void **state) {
    static uint8_t long_content[GRILLE_LIMIT_KMS_RECIPIENT_BYTES];
    uint8_t message[CMS_FORGE_MOST];
    cms_forge forge = real_form(4112); /* the longest plaintext of the service */
    size_t len;
    grille_cms cms;
    (void)state;
    expect_fields(&forge, 1);
    forge.form = CMS_FORGE_SEGMENTS;
    forge.content = grille_bytes_of(long_content, 5632);
    forge.segment_len = 5631;
    len = cms_forge_write(&forge, message);
    assert_reason(OK, grille_cms_read(grille_bytes_of(message, len), &cms));
    assert_true(len <= GRILLE_LIMIT_KMS_RECIPIENT_BYTES);
    forge.segment_len = 32; /* each segment costs two bytes more */
    while (cms_forge_write(&forge, message) <= GRILLE_LIMIT_KMS_RECIPIENT_BYTES)
        forge.segment_len--;
    assert_reason(KMS_MESSAGE, grille_cms_read(grille_bytes_of(message, cms_forge_write(&forge, message)), &cms));
}

static void each_cut_and_each_tail_is_refused(void **state) {
    static const cms_forge_content contents[] = {CMS_FORGE_PRIMITIVE, CMS_FORGE_SEGMENTS, CMS_FORGE_NESTED};
    uint8_t message[CMS_FORGE_MOST];
    grille_cms cms;
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        cms_forge forge = real_form(48);
        size_t len;
        forge.indefinite = i < 3;
        forge.form = contents[i % 3];
        forge.segment_len = 20;
        forge.depth = 2;
        len = cms_forge_write(&forge, message);
        for (size_t cut = 0; cut < len; cut++)
            assert_reason(KMS_MESSAGE, read_exact(message, cut, &cms));
        message[len] = 0;
        message[len + 1] = 0;
        assert_reason(KMS_MESSAGE, read_exact(message, len + 1, &cms));
        assert_reason(KMS_MESSAGE, read_exact(message, len + 2, &cms));
    }
}

/* Whatever stands at any place: the message is refused, or only bytes of its fields differ. */
static void each_other_byte_is_refused_or_in_a_field(void **state) {
    uint8_t message[CMS_FORGE_MOST];
    cms_forge forge = real_form(48);
    size_t len, taken = 0;
    (void)state;
    forge.segment_len = 32;
    len = cms_forge_write(&forge, message);
    for (size_t at = 0; at < len; at++) {
        const uint8_t was = message[at];
        for (unsigned bit = 0; bit < 8; bit++) {
            grille_cms cms;
            message[at] = (uint8_t)(was ^ 1u << bit);
            if (grille_cms_read(grille_bytes_of(message, len), &cms) == GRILLE_REASON_OK) {
                taken++;
                assert_true(message[at] != was && cms.content_len == 48);
            }
        }
        message[at] = was;
    }
    assert_int_equal(8 * (32 + 256 + 16 + 48), taken);
}

static void a_failure_leaves_the_result_alone(void **state) {
    uint8_t message[CMS_FORGE_MOST];
    cms_forge forge = real_form(48);
    const size_t len = cms_forge_write(&forge, message);
    grille_cms cms, before;
    (void)state;
    memset(&cms, 0x5a, sizeof cms);
    memset(&before, 0x5a, sizeof before);
    assert_reason(KMS_MESSAGE, grille_cms_read(grille_bytes_of(message, len - 1), &cms));
    assert_memory_equal(&before, &cms, sizeof cms);
}

static size_t read_file(const char *folder, const char *name, uint8_t *out, size_t capacity) {
    char path[512];
    FILE *file;
    size_t len;
    (void)snprintf(path, sizeof path, "%s/attestation/kms-recipient/%s.ber", folder, name);
    file = fopen(path, "rb");
    assert_non_null(file);
    len = fread(out, 1, capacity, file);
    assert_int_equal(0, fclose(file));
    return len;
}

static void expect_hex(const json_t *row, const char *name, grille_bytes found) {
    char text[1024];
    assert_true(2 * found.len < sizeof text);
    grille_hex_encode(found, text);
    assert_string_equal(json_string_value(json_object_get(row, name)), text);
}

static void check_real(const char *folder, const json_t *row) {
    uint8_t message[CMS_FORGE_MOST], gathered[CMS_FORGE_MOST];
    const size_t len = read_file(folder, json_string_value(json_object_get(row, "name")), message, sizeof message);
    const json_t *segment_lens = json_object_get(row, "content_octet_strings");
    unsigned segments;
    grille_cms cms;
    assert_int_equal(json_integer_value(json_object_get(row, "size")), len);
    assert_reason(OK, grille_cms_read(grille_bytes_of(message, len), &cms));
    expect_hex(row, "ski", cms.recipient);
    expect_hex(row, "ekey", cms.encrypted_key);
    expect_hex(row, "iv", cms.iv);
    expect_hex(row, "ciphertext", grille_bytes_of(gathered, gather(&cms, gathered, sizeof gathered, &segments)));
    assert_int_equal(segment_lens == NULL ? 1 : json_array_size(segment_lens), segments);
    for (size_t cut = 0; cut < len; cut++)
        assert_reason(KMS_MESSAGE, read_exact(message, cut, &cms));
}

/* Messages of AWS KMS that others have published; they are not ours to copy. */
static void real_messages_are_read(void **state) {
    const char *folder = getenv("GRILLE_TESTDATA");
    char path[512];
    json_t *index;
    const json_t *rows;
    (void)state;
    if (folder == NULL) {
        print_message("0 real messages: no GRILLE_TESTDATA\n");
        return;
    }
    (void)snprintf(path, sizeof path, "%s/attestation/kms-recipient/vectors.json", folder);
    index = json_load_file(path, 0, NULL);
    rows = json_object_get(index, "vectors");
    assert_true(json_array_size(rows) >= 3);
    for (size_t i = 0; i < json_array_size(rows); i++)
        check_real(folder, json_array_get(rows, i));
    print_message("%zu real messages\n", json_array_size(rows));
    json_decref(index);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_is_read),
        cmocka_unit_test(a_defect_is_refused),
        cmocka_unit_test(primitive_content_is_whole_blocks),
        cmocka_unit_test(nesting_of_the_content_has_a_limit),
        cmocka_unit_test(messages_have_a_limit),
        cmocka_unit_test(each_cut_and_each_tail_is_refused),
        cmocka_unit_test(each_other_byte_is_refused_or_in_a_field),
        cmocka_unit_test(a_failure_leaves_the_result_alone),
        cmocka_unit_test(real_messages_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
