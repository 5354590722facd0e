/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/base64.h"

#include "base/bytes.h"
#include "cmocka_all.h"
#include "prng.h"

static grille_reason read_text(const char *text, size_t len, uint8_t *out, size_t capacity, size_t *out_len) {
    grille_writer writer = grille_writer_into(out, capacity);
    const grille_reason reason = grille_base64_read(grille_bytes_of(text, len), &writer);
    *out_len = writer.len;
    return reason;
}

/* RFC 4648, 10. */
static void the_standards_examples(void **state) {
    static const char *const rows[][2] = {{"", ""},
                                          {"f", "Zg=="},
                                          {"fo", "Zm8="},
                                          {"foo", "Zm9v"},
                                          {"foob", "Zm9vYg=="},
                                          {"fooba", "Zm9vYmE="},
                                          {"foobar", "Zm9vYmFy"},
                                          {"\xfb\xef\xbe\xff", "++++/w=="}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t text[16], bytes[16];
        size_t len = 0;
        grille_writer writer = grille_writer_into(text, sizeof text);
        grille_base64_write(&writer, grille_bytes_of_text(rows[i][0]));
        assert_true(grille_bytes_equal(grille_written(&writer), grille_bytes_of_text(rows[i][1])));
        assert_int_equal(grille_base64_len(strlen(rows[i][0])), strlen(rows[i][1]));
        assert_int_equal(read_text(rows[i][1], strlen(rows[i][1]), bytes, sizeof bytes, &len), GRILLE_REASON_OK);
        assert_true(grille_bytes_equal(grille_bytes_of(bytes, len), grille_bytes_of_text(rows[i][0])));
    }
}

static void refuses_every_other_form(void **state) {
    static const char *const rows[] = {
        "Z",      "Zg",     "Zg=",       "Zg===",    "=",       "==",       "===",   "====",     "Z===",
        "Zh==",   "Zm9=",   "Zm8=Zm8=",  "Zg==Zg==", "Z=g=",    "=Zg=",     "Zm9v=", "Zm9v====", "Zm9v\n",
        " Zm9v",  "Zm 9",   "Zm9v Zm9v", "Zm-_",     "Zm9\xc3", "Zm9v\r\n", "Zm9vZ", "Zm9vZg",   "Zm9vZm8",
        "Zg==\n", "Zm8=\n", "!m9v",      "Zm9:",     "Zm9@",    "Zm9[",     "Zm9`",  "Zm9{",     "Zm9,",
    };
    uint8_t bytes[16];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t len = 1;
        if (read_text(rows[i], strlen(rows[i]), bytes, sizeof bytes, &len) != GRILLE_REASON_KMS_BASE64 || len != 0)
            fail_msg("accepted: %s", rows[i]);
    }
    size_t len = 0;
    assert_int_equal(read_text("Zm\0v", 4, bytes, sizeof bytes, &len), GRILLE_REASON_KMS_BASE64);
}

/* All lengths, all bytes: what is written is read, and every other byte in its place is another text or none. */
static void what_is_written_is_read(void **state) {
    uint64_t seed = 7;
    (void)state;
    for (size_t len = 0; len <= 64; len++) {
        uint8_t bytes[64], text[88], back[64];
        size_t back_len = 0;
        for (size_t i = 0; i < len; i++)
            bytes[i] = (uint8_t)prng_next(&seed);
        grille_writer writer = grille_writer_into(text, grille_base64_len(len));
        grille_base64_write(&writer, grille_bytes_of(bytes, len));
        assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_OK);
        assert_int_equal(writer.len, writer.capacity);
        assert_int_equal(read_text((const char *)text, writer.len, back, len, &back_len), GRILLE_REASON_OK);
        assert_int_equal(back_len, len);
        assert_memory_equal(back, bytes, len);
        for (unsigned other = 0; writer.len > 0 && other < 256; other++) {
            const size_t place = (size_t)prng_below(&seed, writer.len);
            const uint8_t before = text[place];
            text[place] = (uint8_t)other;
            if (before != other && read_text((const char *)text, writer.len, back, len, &back_len) == GRILLE_REASON_OK)
                assert_false(back_len == len && memcmp(back, bytes, len) == 0);
            text[place] = before;
        }
    }
}

static void what_does_not_fit_is_not_written(void **state) {
    uint8_t out[8] = {0};
    size_t len = 1;
    (void)state;
    assert_int_equal(read_text("Zm9vYmE=", 8, out, 4, &len), GRILLE_REASON_NO_SPACE);
    assert_int_equal(len, 0);
    grille_writer writer = grille_writer_into(out, 7);
    grille_base64_write(&writer, grille_bytes_of_text("foobar"));
    assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_NO_SPACE);
    assert_int_equal(writer.len, 0);
    assert_int_equal(grille_base64_read(grille_bytes_of_text("Zg=="), &writer), GRILLE_REASON_NO_SPACE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_standards_examples),
        cmocka_unit_test(refuses_every_other_form),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(what_does_not_fit_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
