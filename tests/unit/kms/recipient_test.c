/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/recipient.h"

#include <wolfssl/wolfcrypt/settings.h>

#include <wolfssl/wolfcrypt/aes.h>

#include "cms_forge.h"
#include "failing_malloc.h"
#include "oaep_forge.h"
#include "tests/unit/crypto/crypto_test.h"

enum { plain_most = 4096, canary = 0x5a };

static oaep_forge_stream stream;
static grille_rsa_private_key *key;
static unsigned opened; /* times that RSA was asked */

static int setup(void **state) {
    (void)state;
    key = oaep_forge_key(&stream, 7);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    grille_rsa_private_wolf()->free(key);
    return 0;
}

static grille_reason counting_open(grille_rsa_private_key *by, grille_bytes ciphertext, uint8_t *message, size_t len) {
    opened++;
    return grille_rsa_private_wolf()->open(by, ciphertext, message, len);
}

static const grille_rsa_private *counting(void) {
    static grille_rsa_private rsa;
    rsa = *grille_rsa_private_wolf();
    rsa.open = counting_open;
    return &rsa;
}

/* What a message is made of, and where it is. */
typedef struct sample {
    uint8_t content_key[33];
    uint8_t iv[16];
    uint8_t plain[plain_most];
    uint8_t encrypted_key[256];
    uint8_t content[plain_most + 16];
    size_t plain_len, content_len;
    cms_forge forge;
    uint8_t message[CMS_FORGE_MOST];
    size_t message_len;
} sample;

static void encrypt_content(sample *made, uint8_t padding) {
    const size_t missing = 16 - made->plain_len % 16;
    Aes aes;
    made->content_len = made->plain_len + missing;
    memcpy(made->content, made->plain, made->plain_len);
    memset(made->content + made->plain_len, padding == 0 ? (int)missing : padding, missing);
    assert_int_equal(0, wc_AesInit(&aes, NULL, INVALID_DEVID));
    assert_int_equal(0, wc_AesSetKey(&aes, made->content_key, 32, made->iv, AES_ENCRYPTION));
    assert_int_equal(0, wc_AesCbcEncrypt(&aes, made->content, made->content, (word32)made->content_len));
    wc_AesFree(&aes);
}

static void write_message(sample *made) {
    made->forge.recipient = grille_rsa_private_wolf()->spki_sha256(key);
    made->forge.encrypted_key = grille_bytes_of(made->encrypted_key, sizeof made->encrypted_key);
    made->forge.iv = grille_bytes_of(made->iv, sizeof made->iv);
    made->forge.content = grille_bytes_of(made->content, made->content_len);
    made->message_len = cms_forge_write(&made->forge, made->message);
}

/* A message as the service writes it, with one thing wrong or none; `padding` is a byte in the padding's place. */
static sample *make(size_t plain_len, oaep_forge_defect defect, size_t content_key_len, uint8_t padding) {
    static sample made;
    const grille_bytes content_key = grille_bytes_of(made.content_key, content_key_len);
    memset(&made, 0, sizeof made);
    made.plain_len = plain_len;
    for (size_t i = 0; i < sizeof made.content_key; i++)
        made.content_key[i] = (uint8_t)(0xa0 + i);
    for (size_t i = 0; i < plain_len; i++)
        made.plain[i] = (uint8_t)(3 * i + 1);
    made.forge = (cms_forge){.indefinite = true, .form = CMS_FORGE_SEGMENTS};
    encrypt_content(&made, padding);
    oaep_forge_encrypt(grille_rsa_private_wolf()->spki(key), defect, content_key, made.encrypted_key);
    write_message(&made);
    return &made;
}

static grille_reason open_into(const sample *made, uint8_t *plain, size_t capacity, size_t *len) {
    memset(plain, canary, capacity);
    opened = 0;
    *len = 12345;
    return grille_recipient_open(counting(), key, grille_bytes_of(made->message, made->message_len), plain, capacity,
                                 len);
}

static void expect_opens(const sample *made) {
    uint8_t plain[GRILLE_LIMIT_KMS_RECIPIENT_BYTES];
    size_t len;
    assert_reason(OK, open_into(made, plain, sizeof plain, &len));
    assert_int_equal(made->plain_len, len);
    assert_memory_equal(made->plain, plain, len);
    assert_int_equal(1, opened);
}

/* Nothing of what was decrypted stays, and nothing beyond it was touched. */
static void expect_closed(const sample *made, unsigned expected_opened) {
    uint8_t plain[GRILLE_LIMIT_KMS_RECIPIENT_BYTES];
    const uint8_t first = expected_opened == 0 ? canary : 0;
    size_t len;
    assert_reason(KMS_RECIPIENT, open_into(made, plain, sizeof plain, &len));
    assert_int_equal(expected_opened, opened);
    assert_int_equal(12345, len);
    for (size_t i = 0; i < sizeof plain; i++)
        assert_int_equal(i < made->content_len ? first : canary, plain[i]);
}

static void each_form_opens(void **state) {
    static const cms_forge_content forms[] = {CMS_FORGE_PRIMITIVE, CMS_FORGE_SEGMENTS, CMS_FORGE_NESTED};
    static const size_t segment_lens[] = {0, 1, 16, 21};
    (void)state;
    for (size_t i = 0; i < 24; i++) {
        sample *made = make(70, OAEP_FORGE_RIGHT, 32, 0);
        made->forge.form = forms[i % 3];
        made->forge.segment_len = segment_lens[i / 6];
        made->forge.indefinite = i / 3 % 2 == 0;
        made->forge.depth = 2;
        write_message(made);
        expect_opens(made);
    }
}

static void plaintexts_of_each_length_open(void **state) {
    static const size_t lens[] = {0, 1, 15, 16, 17, 32, 4095, 4096};
    (void)state;
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++)
        expect_opens(make(lens[i], OAEP_FORGE_RIGHT, 32, 0));
}

/* A message for another key costs no RSA. */
static void a_message_for_another_key_stays_closed(void **state) {
    (void)state;
    for (size_t at = 0; at < 32; at++) {
        sample *made = make(32, OAEP_FORGE_RIGHT, 32, 0);
        uint8_t other[32];
        memcpy(other, made->forge.recipient.data, sizeof other);
        other[at] ^= 1;
        made->forge.recipient = grille_bytes_of(other, sizeof other);
        made->message_len = cms_forge_write(&made->forge, made->message);
        expect_closed(made, 0);
    }
}

static void a_content_key_that_is_wrong_opens_nothing(void **state) {
    (void)state;
    for (int defect = OAEP_FORGE_RIGHT + 1; defect < OAEP_FORGE_DEFECTS; defect++)
        expect_closed(make(32, (oaep_forge_defect)defect, 32, 0), 1);
    expect_closed(make(32, OAEP_FORGE_RIGHT, 31, 0), 1);
    expect_closed(make(32, OAEP_FORGE_RIGHT, 33, 0), 1);
    expect_closed(make(32, OAEP_FORGE_RIGHT, 16, 0), 1);
    expect_closed(make(32, OAEP_FORGE_RIGHT, 0, 0), 1);
}

/* Were zeros taken for the content key that RSA did not yield, this would open. */
static void content_under_a_key_of_zeros_stays_closed(void **state) {
    sample *made = make(32, OAEP_FORGE_LABEL, 32, 0);
    (void)state;
    memset(made->content_key, 0, sizeof made->content_key);
    encrypt_content(made, 0);
    write_message(made);
    expect_closed(made, 1);
}

static void a_wrong_padding_opens_nothing(void **state) {
    static const uint8_t paddings[] = {0x08, 0x10, 0x11, 0x20, 0x80, 0xff};
    (void)state;
    for (size_t i = 0; i < sizeof paddings; i++) {
        const sample *made = make(32 + 9, OAEP_FORGE_RIGHT, 32, paddings[i]); /* seven bytes of padding */
        expect_closed(made, 1);
    }
}

static void no_room_is_told(void **state) {
    const sample *made = make(40, OAEP_FORGE_RIGHT, 32, 0);
    uint8_t plain[48];
    size_t len;
    (void)state;
    assert_reason(NO_SPACE, open_into(made, plain, 47, &len));
    assert_int_equal(0, opened);
    assert_int_equal(12345, len);
    assert_reason(OK, open_into(made, plain, 48, &len));
    assert_int_equal(40, len);
}

static void a_malformed_message_is_told(void **state) {
    uint8_t plain[64];
    size_t len;
    (void)state;
    for (int defect = CMS_FORGE_RIGHT + 1; defect < CMS_FORGE_DEFECTS; defect++) {
        sample *made = make(32, OAEP_FORGE_RIGHT, 32, 0);
        made->forge.defect = (cms_forge_defect)defect;
        write_message(made);
        assert_reason(KMS_MESSAGE, open_into(made, plain, sizeof plain, &len));
        assert_int_equal(0, opened);
        assert_int_equal(canary, plain[0]);
    }
}

/* A bit of the encrypted key, of the IV, of the content: the first opens nothing, the others garble. */
static void what_a_changed_bit_does(void **state) {
    uint8_t plain[64];
    size_t len;
    sample *made;
    (void)state;
    for (size_t at = 0; at < 256; at += 51) {
        made = make(32, OAEP_FORGE_RIGHT, 32, 0);
        made->encrypted_key[at] ^= 4;
        write_message(made);
        expect_closed(made, 1);
    }
    made = make(32, OAEP_FORGE_RIGHT, 32, 0);
    made->iv[3] ^= 4;
    write_message(made);
    assert_reason(OK, open_into(made, plain, sizeof plain, &len)); /* no integrity: recipient.h says so */
    assert_int_equal(made->plain[3] ^ 4, plain[3]);
    made = make(32, OAEP_FORGE_RIGHT, 32, 0);
    made->content[16 + 15] ^= 16; /* of the block before the padding */
    write_message(made);
    expect_closed(made, 1);
}

static void opening_takes_no_heap(void **state) {
    const sample *made = make(32, OAEP_FORGE_RIGHT, 32, 0);
    uint8_t plain[64];
    size_t len;
    (void)state;
    failing_malloc_from(0);
    assert_reason(OK, open_into(made, plain, sizeof plain, &len));
    assert_int_equal(0, failing_malloc_asked());
    failing_malloc_never();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_opens),
        cmocka_unit_test(plaintexts_of_each_length_open),
        cmocka_unit_test(a_message_for_another_key_stays_closed),
        cmocka_unit_test(a_content_key_that_is_wrong_opens_nothing),
        cmocka_unit_test(content_under_a_key_of_zeros_stays_closed),
        cmocka_unit_test(a_wrong_padding_opens_nothing),
        cmocka_unit_test(no_room_is_told),
        cmocka_unit_test(a_malformed_message_is_told),
        cmocka_unit_test(what_a_changed_bit_does),
        cmocka_unit_test(opening_takes_no_heap),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
