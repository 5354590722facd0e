/* SPDX-License-Identifier: Apache-2.0 */
#include "nsm/message.h"

#include "tests/unit/crypto/crypto_test.h"
#include "tests/unit/nsm/vectors.h"

static grille_nsm_command decode_command(const char *hex) {
    test_bytes encoded = from_hex(hex);
    grille_nsm_command command;
    assert_reason(OK, grille_nsm_command_decode(view(&encoded), &command));
    return command;
}

static const nsm_vector *find(const char *name, bool is_request) {
    for (size_t i = 0; i < NSM_VECTOR_COUNT; i++)
        if (nsm_vectors[i].is_request == is_request && strcmp(nsm_vectors[i].name, name) == 0) return &nsm_vectors[i];
    fail_msg("no vector %s", name);
    return NULL;
}

static void every_vector_is_read_and_written_again(void **state) {
    size_t requests = 0, answers = 0;
    (void)state;
    for (size_t i = 0; i < NSM_VECTOR_COUNT; i++) {
        test_bytes encoded = from_hex(nsm_vectors[i].hex);
        uint8_t out[GRILLE_NSM_RESPONSE_MAX];
        size_t len = 0;
        if (nsm_vectors[i].is_request) {
            grille_nsm_command command;
            assert_reason(OK, grille_nsm_command_decode(view(&encoded), &command));
            assert_reason(OK, grille_nsm_command_encode(&command, out, sizeof out, &len));
            requests++;
        } else {
            grille_nsm_answer answer;
            assert_reason(OK, grille_nsm_answer_decode(view(&encoded), &answer));
            assert_reason(OK, grille_nsm_answer_encode(&answer, out, sizeof out, &len));
            answers++;
        }
        assert_int_equal(encoded.len, len);
        assert_memory_equal(encoded.data, out, len);
    }
    assert_int_equal(10, requests);
    assert_int_equal(15, answers);
}

static void assert_command(const char *vector, grille_nsm_command command) {
    uint8_t out[GRILLE_NSM_REQUEST_MAX];
    size_t len = 0;
    assert_reason(OK, grille_nsm_command_encode(&command, out, sizeof out, &len));
    assert_bytes(find(vector, true)->hex, out, len);
    for (size_t capacity = 0; capacity < len && capacity < 200; capacity++)
        assert_reason(NO_SPACE, grille_nsm_command_encode(&command, out, capacity, &(size_t){0}));
}

static void requests_are_written_from_their_values(void **state) {
    static const uint8_t data[] = {1, 2, 3};
    (void)state;
    assert_command("DescribeNSM", (grille_nsm_command){.operation = GRILLE_NSM_DESCRIBE_NSM});
    assert_command("GetRandom", (grille_nsm_command){.operation = GRILLE_NSM_GET_RANDOM});
    assert_command("DescribePCR_0", (grille_nsm_command){.operation = GRILLE_NSM_DESCRIBE_PCR});
    assert_command("DescribePCR_31", (grille_nsm_command){.operation = GRILLE_NSM_DESCRIBE_PCR, .index = 31});
    assert_command("ExtendPCR_16", (grille_nsm_command){.operation = GRILLE_NSM_EXTEND_PCR,
                                                        .index = 16,
                                                        .data = grille_bytes_of(data, sizeof data)});
    assert_command("LockPCR_16", (grille_nsm_command){.operation = GRILLE_NSM_LOCK_PCR, .index = 16});
    assert_command("LockPCRs_32", (grille_nsm_command){.operation = GRILLE_NSM_LOCK_PCRS, .index = 32});
    assert_command("Attestation_none", (grille_nsm_command){.operation = GRILLE_NSM_ATTESTATION});
    assert_command("Attestation_none",
                   (grille_nsm_command){.operation = GRILLE_NSM_ATTESTATION, .attestation.nonce = {data, 0}});
    assert_command("Attestation_all",
                   (grille_nsm_command){.operation = GRILLE_NSM_ATTESTATION,
                                        .attestation = {grille_bytes_of_text("ud"), grille_bytes_of_text("nonce"),
                                                        grille_bytes_of_text("pk")}});
}

static void requests_are_read_into_their_values(void **state) {
    test_bytes largest = from_hex(find("Attestation_max", true)->hex);
    grille_nsm_command command;
    (void)state;
    assert_reason(OK, grille_nsm_command_decode(view(&largest), &command));
    assert_int_equal(GRILLE_NSM_FIELD_MAX, command.attestation.user_data.len);
    assert_int_equal(GRILLE_NSM_FIELD_MAX, command.attestation.nonce.len);
    assert_int_equal(GRILLE_NSM_FIELD_MAX, command.attestation.public_key.len);
    command = decode_command(find("DescribePCR_31", true)->hex);
    assert_int_equal(GRILLE_NSM_DESCRIBE_PCR, command.operation);
    assert_int_equal(31, command.index);
    command = decode_command("a1684c6f636b50435273a16572616e676519ffff");
    assert_int_equal(GRILLE_NSM_LOCK_PCRS, command.operation);
    assert_int_equal(65535, command.index);
    /* null and an empty string differ, entries come in any order, unknown ones are passed over, maps may be open */
    command =
        decode_command("bf6b4174746573746174696f6ebf656e6f6e636540636e6577a10182f5f66a7075626c69635f6b6579f66975736572"
                       "5f6461746141aaffff");
    assert_non_null(command.attestation.nonce.data);
    assert_int_equal(0, command.attestation.nonce.len);
    assert_null(command.attestation.public_key.data);
    assert_int_equal(1, command.attestation.user_data.len);
}

static void answers_are_read_into_their_values(void **state) {
    test_bytes description = from_hex(find("DescribeNSM", false)->hex), pcr = from_hex(find("DescribePCR", false)->hex);
    test_bytes failed = from_hex(find("Error_InvalidIndex", false)->hex),
               random = from_hex(find("GetRandom", false)->hex);
    grille_nsm_answer answer;
    (void)state;
    assert_reason(OK, grille_nsm_answer_decode(view(&description), &answer));
    assert_int_equal(1, answer.description.version_major);
    assert_string_equal("i-0123456789abcdef0-enc0123456789abcdef", answer.description.module_id);
    assert_int_equal(32, answer.description.max_pcrs);
    assert_int_equal(0xffff, answer.description.locked_pcrs);
    assert_null(answer.error_name.data);
    assert_reason(OK, grille_nsm_answer_decode(view(&pcr), &answer));
    assert_int_equal(GRILLE_NSM_DESCRIBE_PCR, answer.operation);
    assert_true(answer.locked);
    assert_int_equal(GRILLE_NSM_PCR_BYTES, answer.data.len);
    assert_reason(OK, grille_nsm_answer_decode(view(&failed), &answer));
    assert_true(grille_bytes_equal(grille_bytes_of_text("InvalidIndex"), answer.error_name));
    assert_reason(OK, grille_nsm_answer_decode(view(&random), &answer));
    assert_int_equal(GRILLE_NSM_RANDOM_MAX, answer.data.len);
}

static grille_reason decode(bool is_request, grille_bytes encoded) {
    grille_nsm_command command;
    grille_nsm_answer answer;
    return is_request ? grille_nsm_command_decode(encoded, &command) : grille_nsm_answer_decode(encoded, &answer);
}

static void every_prefix_is_truncated_and_every_suffix_trailing(void **state) {
    (void)state;
    for (size_t i = 0; i < NSM_VECTOR_COUNT; i++) {
        test_bytes encoded = from_hex(nsm_vectors[i].hex);
        for (size_t len = 0; len < encoded.len; len++) {
            /* in memory of just that size, so that a sanitizer sees the smallest step over the end */
            uint8_t *exact = malloc(len + 1);
            assert_non_null(exact);
            memcpy(exact, encoded.data, len);
            assert_reason(TRUNCATED, decode(nsm_vectors[i].is_request, grille_bytes_of(exact, len)));
            free(exact);
        }
        encoded.data[encoded.len++] = 0xf6;
        assert_reason(TRAILING, decode(nsm_vectors[i].is_request, view(&encoded)));
    }
}

typedef struct bad_row {
    const char *what;
    bool is_request;
    const char *hex;
    grille_reason reason;
} bad_row;

static const bad_row bad_rows[] = {
    {"unknown operation", true, "63466f6f", GRILLE_REASON_NSM_MALFORMED},
    {"unknown operation with fields", true, "a163466f6fa0", GRILLE_REASON_NSM_MALFORMED},
    {"operation without its fields", true, "6b44657363726962655043 52", GRILLE_REASON_NSM_MALFORMED},
    {"fields where there are none", true, "a16947657452616e646f6da0", GRILLE_REASON_NSM_MALFORMED},
    {"no field", true, "a1674c6f636b504352a0", GRILLE_REASON_NSM_MALFORMED},
    {"doubled field", true, "a1674c6f636b504352a265696e6465781065696e64657810", GRILLE_REASON_NSM_MALFORMED},
    {"index over 16 bits", true, "a1674c6f636b504352a165696e6465781a00010000", GRILLE_REASON_NSM_MALFORMED},
    {"negative index", true, "a1674c6f636b504352a165696e64657820", GRILLE_REASON_NSM_MALFORMED},
    {"index not minimal", true, "a1674c6f636b504352a165696e6465781810", GRILLE_REASON_NSM_MALFORMED},
    {"index in 8 bits that needs them", true, "a1674c6f636b504352a165696e6465781818", GRILLE_REASON_OK},
    {"index in 8 bits that needs none", true, "a1674c6f636b504352a165696e6465781817", GRILLE_REASON_NSM_MALFORMED},
    {"two operations", true, "a2674c6f636b504352a165696e64657810674c6f636b504352a165696e64657810",
     GRILLE_REASON_NSM_MALFORMED},
    {"no operation", true, "a0", GRILLE_REASON_NSM_MALFORMED},
    {"array", true, "80", GRILLE_REASON_NSM_MALFORMED},
    {"data is text", true, "a169457874656e64504352a265696e646578106464617461 6161", GRILLE_REASON_NSM_MALFORMED},
    {"data of 2^64 bytes", true, "a169457874656e64504352a265696e6465781064646174615bffffffffffffffff",
     GRILLE_REASON_TRUNCATED},
    {"fields of 2^64", true, "a1674c6f636b504352bbffffffffffffffff", GRILLE_REASON_TRUNCATED},
    {"unknown field nested too deep", true, "a1674c6f636b504352a265696e6465781061788181818181 80",
     GRILLE_REASON_NSM_MALFORMED},
    {"unknown field is a float", true, "a1674c6f636b504352a265696e646578106178f93c00", GRILLE_REASON_NSM_MALFORMED},
    {"key is no text", true, "a1674c6f636b504352a265696e646578100110", GRILLE_REASON_NSM_MALFORMED},
    {"reserved additional information", true, "a1674c6f636b504352a165696e6465781c", GRILLE_REASON_NSM_MALFORMED},
    {"error without a name", false, "a1654572726f7260", GRILLE_REASON_NSM_MALFORMED},
    {"error with a newline", false, "a1654572726f72610a", GRILLE_REASON_NSM_MALFORMED},
    {"error as text", false, "654572726f72", GRILLE_REASON_NSM_MALFORMED},
    {"lock is a number", false, "a16b4465736372696265504352a2646c6f636b01646461746140", GRILLE_REASON_NSM_MALFORMED},
    {"answer as text", false, "694765745261 6e646f6d", GRILLE_REASON_NSM_MALFORMED},
};

/* Hex with blanks, for reading. */
static test_bytes from_spaced_hex(const char *text) {
    char packed[256];
    size_t len = 0;
    for (; *text != 0; text++)
        if (*text != ' ') packed[len++] = *text;
    packed[len] = 0;
    return from_hex(packed);
}

static void malformed_messages_are_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof bad_rows / sizeof *bad_rows; i++) {
        test_bytes encoded = from_spaced_hex(bad_rows[i].hex);
        grille_reason reason = decode(bad_rows[i].is_request, view(&encoded));
        if (reason != bad_rows[i].reason)
            fail_msg("%s: %s instead of %s", bad_rows[i].what, grille_reason_name(reason),
                     grille_reason_name(bad_rows[i].reason));
    }
}

/* DescribeNSM's answer with one field replaced. */
static void descriptions_out_of_range_are_refused(void **state) {
    static const struct {
        const char *from, *to;
    } swaps[] = {
        {"5348413338 34", "5348413235 36"},                     /* digest SHA256 */
        {"0e0f66646967657374", "0e182066646967657374"},         /* locked PCR 32 */
        {"6d61785f706372731820", "6d61785f706372731a00010000"}, /* max_pcrs over 16 bits */
        {"692d3031", "692d0a31"},                               /* module id with a newline */
    };
    (void)state;
    for (size_t i = 0; i < sizeof swaps / sizeof *swaps; i++) {
        test_bytes whole = from_hex(find("DescribeNSM", false)->hex), from = from_spaced_hex(swaps[i].from);
        test_bytes to = from_spaced_hex(swaps[i].to), swapped = {.len = 0};
        uint8_t *at = memmem(whole.data, whole.len, from.data, from.len);
        size_t before;
        grille_nsm_answer answer;
        assert_non_null(at);
        before = (size_t)(at - whole.data);
        memcpy(swapped.data, whole.data, before);
        memcpy(swapped.data + before, to.data, to.len);
        memcpy(swapped.data + before + to.len, at + from.len, whole.len - before - from.len);
        swapped.len = whole.len - from.len + to.len;
        assert_reason(NSM_MALFORMED, grille_nsm_answer_decode(view(&swapped), &answer));
    }
}

static void a_module_id_of_64_characters_is_refused(void **state) {
    grille_nsm_answer answer = {.operation = GRILLE_NSM_DESCRIBE_NSM}, read;
    uint8_t out[512];
    size_t len = 0;
    (void)state;
    memset(answer.description.module_id, 'a', GRILLE_NSM_MODULE_ID_MAX - 1);
    assert_reason(OK, grille_nsm_answer_encode(&answer, out, sizeof out - 1, &len));
    assert_reason(OK, grille_nsm_answer_decode(grille_bytes_of(out, len), &read));
    assert_int_equal(GRILLE_NSM_MODULE_ID_MAX - 1, strlen(read.description.module_id));
    for (size_t i = 0; i + 1 < len; i++)
        if (out[i] == 0x78 && out[i + 1] == GRILLE_NSM_MODULE_ID_MAX - 1) {
            out[i + 1]++;
            memmove(out + i + 3, out + i + 2, len - i - 2);
            len++;
            break;
        }
    assert_reason(NSM_MALFORMED, grille_nsm_answer_decode(grille_bytes_of(out, len), &read));
}

static void flipped_bytes_never_crash(void **state) {
    size_t decoded = 0;
    (void)state;
    for (size_t i = 0; i < NSM_VECTOR_COUNT; i++) {
        test_bytes encoded = from_hex(nsm_vectors[i].hex);
        size_t most = encoded.len < 170 ? encoded.len : 170;
        for (size_t at = 0; at < most; at++)
            for (unsigned value = 0; value < 256; value++) {
                uint8_t original = encoded.data[at];
                encoded.data[at] = (uint8_t)value;
                decoded += decode(nsm_vectors[i].is_request, view(&encoded)) == GRILLE_REASON_OK;
                encoded.data[at] = original;
            }
    }
    assert_true(decoded > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_vector_is_read_and_written_again),
        cmocka_unit_test(requests_are_written_from_their_values),
        cmocka_unit_test(requests_are_read_into_their_values),
        cmocka_unit_test(answers_are_read_into_their_values),
        cmocka_unit_test(every_prefix_is_truncated_and_every_suffix_trailing),
        cmocka_unit_test(malformed_messages_are_refused),
        cmocka_unit_test(descriptions_out_of_range_are_refused),
        cmocka_unit_test(a_module_id_of_64_characters_is_refused),
        cmocka_unit_test(flipped_bytes_never_crash),
    };
    return cmocka_run_group_tests_name("nsm_message", tests, NULL, NULL);
}
