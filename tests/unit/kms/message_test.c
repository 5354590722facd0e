/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/message.h"

#include <stdio.h>

#include "base/json.h"
#include "cmocka_all.h"
#include "prng.h"

#define ARN       "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
#define RECIPIENT "\"Recipient\":{\"KeyEncryptionAlgorithm\":\"RSAES_OAEP_SHA_256\",\"AttestationDocument\":\"ZG9j\"}}"

static grille_kms_request request_of(grille_kms_action action) {
    grille_kms_request request = {.action = action, .attestation_document = grille_bytes_of_text("doc")};
    if (action != GRILLE_KMS_GENERATE_RANDOM) request.key_arn = grille_bytes_of_text(ARN);
    if (action == GRILLE_KMS_DECRYPT) request.ciphertext = grille_bytes_of_text("blob");
    if (action != GRILLE_KMS_DECRYPT) request.wanted_bytes = 32;
    return request;
}

static void expect_body(const grille_kms_request *request, const char *expected) {
    uint8_t body[1024];
    grille_writer writer = grille_writer_into(body, strlen(expected));
    assert_int_equal(grille_kms_request_write(request, &writer), GRILLE_REASON_OK);
    if (!grille_bytes_equal(grille_written(&writer), grille_bytes_of_text(expected)))
        fail_msg("%.*s\nexpected\n%s", (int)writer.len, (const char *)body, expected);
    for (size_t room = 0; room < strlen(expected); room++) {
        writer = grille_writer_into(body, room);
        assert_int_equal(grille_kms_request_write(request, &writer), GRILLE_REASON_NO_SPACE);
        assert_int_equal(writer.len, 0);
    }
}

static void requests(void **state) {
    static const grille_kms_pair pairs[] = {{{(const uint8_t *)"app", 3}, {(const uint8_t *)"billing", 7}},
                                            {{(const uint8_t *)"\"\\\n\x1f\x7f", 5}, {(const uint8_t *)"/\xc3\xa4", 3}},
                                            {{(const uint8_t *)"empty", 5}, {NULL, 0}}};
    grille_kms_request request = request_of(GRILLE_KMS_DECRYPT);
    (void)state;
    expect_body(&request, "{\"CiphertextBlob\":\"YmxvYg==\",\"KeyId\":\"" ARN "\"," RECIPIENT);
    request.context = pairs;
    request.context_count = 3;
    expect_body(&request, "{\"CiphertextBlob\":\"YmxvYg==\",\"KeyId\":\"" ARN
                          "\",\"EncryptionContext\":{\"app\":\"billing\",\"\\\"\\\\\\u000a\\u001f\x7f\":\"/\xc3\xa4\","
                          "\"empty\":\"\"}," RECIPIENT);
    request = request_of(GRILLE_KMS_GENERATE_DATA_KEY);
    request.context = pairs;
    request.context_count = 1;
    expect_body(&request,
                "{\"NumberOfBytes\":32,\"KeyId\":\"" ARN "\",\"EncryptionContext\":{\"app\":\"billing\"}," RECIPIENT);
    request = request_of(GRILLE_KMS_GENERATE_RANDOM);
    request.wanted_bytes = 1024;
    expect_body(&request, "{\"NumberOfBytes\":1024," RECIPIENT);
    assert_string_equal(grille_kms_target(GRILLE_KMS_DECRYPT), "TrentService.Decrypt");
    assert_string_equal(grille_kms_target(GRILLE_KMS_GENERATE_DATA_KEY), "TrentService.GenerateDataKey");
    assert_string_equal(grille_kms_target(GRILLE_KMS_GENERATE_RANDOM), "TrentService.GenerateRandom");
}

/* Every character of a text survives: what is written reads as it was. */
static void texts_are_escaped(void **state) {
    char key[128], back[128];
    uint8_t body[1024];
    (void)state;
    for (int i = 1; i < 128; i++)
        key[i - 1] = (char)i;
    const grille_kms_pair pair = {grille_bytes_of(key, 127), grille_bytes_of_text("v")};
    grille_kms_request request = request_of(GRILLE_KMS_GENERATE_DATA_KEY);
    grille_writer writer = grille_writer_into(body, sizeof body), text = grille_writer_into((uint8_t *)back, 127);
    request.context = &pair;
    request.context_count = 1;
    assert_int_equal(grille_kms_request_write(&request, &writer), GRILLE_REASON_OK);
    grille_json json = grille_json_of(grille_written(&writer));
    grille_json_token token = grille_json_next(&json), context = {0};
    for (; token.kind != GRILLE_JSON_END; token = grille_json_next(&json)) {
        assert_int_not_equal(token.kind, GRILLE_JSON_BAD);
        if (token.kind == GRILLE_JSON_KEY && grille_json_is(token, "EncryptionContext")) {
            assert_int_equal(grille_json_next(&json).kind, GRILLE_JSON_OBJECT);
            context = grille_json_next(&json);
        }
    }
    assert_int_equal(context.kind, GRILLE_JSON_KEY);
    assert_true(grille_json_text(context, &text));
    assert_int_equal(text.len, 127);
    assert_memory_equal(back, key, 127);
}

static void expect_refused(const grille_kms_request *request) {
    static uint8_t body[65536];
    grille_writer writer = grille_writer_into(body, sizeof body);
    assert_int_equal(grille_kms_request_write(request, &writer), GRILLE_REASON_BAD_ARGUMENT);
    assert_int_equal(writer.len, 0);
}

static void other_requests(void **state) {
    static const grille_kms_action actions[] = {GRILLE_KMS_DECRYPT, GRILLE_KMS_GENERATE_DATA_KEY,
                                                GRILLE_KMS_GENERATE_RANDOM};
    const grille_bytes text = grille_bytes_of_text("a"), none = grille_bytes_of(NULL, 0);
    const grille_bytes bad[] = {grille_bytes_of("a\0b", 3), grille_bytes_of_text("\xff"),
                                grille_bytes_of_text("\xc0\x80"), grille_bytes_of_text("\xed\xa0\x80")};
    const grille_kms_pair twice[] = {{text, text}, {grille_bytes_of_text("b"), text}, {text, none}};
    const grille_kms_pair unnamed = {none, text};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const bool decrypts = actions[i] == GRILLE_KMS_DECRYPT, has_key = actions[i] != GRILLE_KMS_GENERATE_RANDOM;
        grille_kms_request request = request_of(actions[i]);
        request.attestation_document = none;
        expect_refused(&request);
        request = request_of(actions[i]);
        request.key_arn = has_key ? none : text;
        expect_refused(&request);
        request = request_of(actions[i]);
        request.ciphertext = decrypts ? none : text;
        expect_refused(&request);
        request = request_of(actions[i]);
        request.wanted_bytes = decrypts ? 1 : 0;
        expect_refused(&request);
        request = request_of(actions[i]);
        request.context = twice;
        request.context_count = has_key ? 3 : 1;
        expect_refused(&request);
        request.context = &unnamed;
        request.context_count = 1;
        expect_refused(&request);
        for (size_t at = 0; at < sizeof bad / sizeof *bad; at++) {
            const grille_kms_pair bad_key = {bad[at], text}, bad_value = {text, bad[at]};
            request = request_of(actions[i]);
            request.key_arn = bad[at];
            expect_refused(&request);
            request = request_of(actions[i]);
            request.context = &bad_key;
            request.context_count = 1;
            expect_refused(&request);
            request.context = &bad_value;
            expect_refused(&request);
        }
    }
}

/* Well at the limit, refused one over it. */
static void expect_limit(grille_kms_request *request, size_t *field, size_t limit) {
    static uint8_t body[65536];
    grille_writer writer = grille_writer_into(body, sizeof body);
    *field = limit;
    assert_int_equal(grille_kms_request_write(request, &writer), GRILLE_REASON_OK);
    *field = limit + 1;
    expect_refused(request);
}

static void requests_have_limits(void **state) {
    static char letters[GRILLE_LIMIT_DOCUMENT_BYTES + 1];
    static grille_kms_pair pairs[GRILLE_LIMIT_KMS_CONTEXT_PAIRS + 1];
    grille_kms_request request = request_of(GRILLE_KMS_DECRYPT);
    (void)state;
    memset(letters, 'a', sizeof letters);
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        pairs[i].key = grille_bytes_of(letters, i + 1);
    request.ciphertext = grille_bytes_of(letters, 1);
    expect_limit(&request, &request.ciphertext.len, GRILLE_LIMIT_KMS_CIPHERTEXT_BYTES);
    request = request_of(GRILLE_KMS_DECRYPT);
    request.key_arn = grille_bytes_of(letters, 1);
    expect_limit(&request, &request.key_arn.len, GRILLE_LIMIT_KMS_KEY_ID_BYTES);
    request = request_of(GRILLE_KMS_DECRYPT);
    request.context = pairs;
    expect_limit(&request, &request.context_count, GRILLE_LIMIT_KMS_CONTEXT_PAIRS);
    request = request_of(GRILLE_KMS_GENERATE_DATA_KEY);
    request.attestation_document = grille_bytes_of(letters, 1);
    expect_limit(&request, &request.attestation_document.len, GRILLE_LIMIT_DOCUMENT_BYTES);
    request = request_of(GRILLE_KMS_GENERATE_DATA_KEY);
    expect_limit(&request, &request.wanted_bytes, GRILLE_LIMIT_KMS_RANDOM_BYTES);
    request = request_of(GRILLE_KMS_GENERATE_RANDOM);
    expect_limit(&request, &request.wanted_bytes, GRILLE_LIMIT_KMS_RANDOM_BYTES);
}

typedef struct outcome {
    grille_reason reason;
    grille_kms_answer answer;
    grille_kms_error error;
    size_t space_bytes;
    uint8_t space[65536];
} outcome;

static outcome seen;

static grille_reason read_bytes(grille_kms_action action, unsigned status, grille_bytes body, size_t capacity) {
    const grille_kms_request request = request_of(action);
    grille_writer space = grille_writer_into(seen.space, capacity);
    seen.answer = (grille_kms_answer){.for_recipient = {.data = NULL, .len = 0}};
    memset(&seen.error, 1, sizeof seen.error);
    seen.reason = grille_kms_answer_read(&request, status, body, &space, &seen.answer, &seen.error);
    seen.space_bytes = space.len;
    if (seen.reason != GRILLE_REASON_OK) assert_true(space.len == 0 && seen.answer.for_recipient.data == NULL);
    return seen.reason;
}

static void expect(grille_kms_action action, const char *body, grille_reason reason) {
    if (read_bytes(action, 200, grille_bytes_of_text(body), strlen(body)) != reason)
        fail_msg("%s: %s", grille_reason_name(seen.reason), body);
}

static void expect_blob(grille_bytes blob, const char *text) {
    assert_true(grille_bytes_equal(blob, grille_bytes_of_text(text)));
}

#define KEY_ID "\"KeyId\":\"" ARN "\""
#define CMS    "\"CiphertextForRecipient\":\"bWVzc2FnZQ==\""

static void answers(void **state) {
    (void)state;
    expect(GRILLE_KMS_DECRYPT, "{" CMS ",\"EncryptionAlgorithm\":\"SYMMETRIC_DEFAULT\"," KEY_ID ",\"Plaintext\":null}",
           GRILLE_REASON_OK);
    expect_blob(seen.answer.for_recipient, "message");
    expect_blob(seen.answer.data_key, "");
    expect(GRILLE_KMS_DECRYPT, " { " KEY_ID " , \"Plaintext\" : \"\" ,\"New\":[{\"KeyId\":1}], " CMS " } ",
           GRILLE_REASON_OK);
    expect(GRILLE_KMS_DECRYPT, "{" KEY_ID "," CMS "}", GRILLE_REASON_OK);
    expect(GRILLE_KMS_GENERATE_DATA_KEY, "{\"CiphertextBlob\":\"a2V5\"," CMS "," KEY_ID ",\"Plaintext\":\"\"}",
           GRILLE_REASON_OK);
    expect_blob(seen.answer.for_recipient, "message");
    expect_blob(seen.answer.data_key, "key");
    assert_int_equal(seen.space_bytes, strlen("messagekey"));
    expect(GRILLE_KMS_GENERATE_RANDOM, "{" CMS ",\"Plaintext\":\"\"}", GRILLE_REASON_OK);
    expect(GRILLE_KMS_GENERATE_RANDOM, "{" CMS ",\"KeyId\":7,\"CiphertextBlob\":{}}", GRILLE_REASON_OK);
    assert_int_equal(seen.error.status, 200);
    assert_string_equal(seen.error.type, "");
}

/* Some write solidi with a backslash before them; names and key ids may be escaped as well as they like. */
static void escapes_are_resolved(void **state) {
    (void)state;
    expect(GRILLE_KMS_GENERATE_RANDOM, "{\"CiphertextForRecipient\":\"++++\\/w=\\u003d\"}", GRILLE_REASON_OK);
    expect_blob(seen.answer.for_recipient, "\xfb\xef\xbe\xff");
    expect(GRILLE_KMS_DECRYPT,
           "{" CMS ",\"KeyId\":\"\\u0061rn:aws:kms:eu-central-1:111122223333:key"
           "\\/1234abcd-12ab-34cd-56ef-1234567890ab\"}",
           GRILLE_REASON_OK);
    expect(GRILLE_KMS_GENERATE_RANDOM, "{" CMS ",\"Plain\\u0074ext\":\"a\"}", GRILLE_REASON_KMS_ANSWER);
}

static void another_key_is_refused(void **state) {
    static const char *const ids[] = {"",
                                      "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890a",
                                      ARN "b",
                                      "1234abcd-12ab-34cd-56ef-1234567890ab",
                                      "ARN",
                                      ARN "\\u0000",
                                      "arn:aws:kms:eu-central-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab"};
    char body[2048], longest[GRILLE_LIMIT_KMS_KEY_ID_BYTES + 2] = {0};
    (void)state;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        (void)snprintf(body, sizeof body, "{" CMS ",\"CiphertextBlob\":\"a2V5\",\"KeyId\":\"%s\"}", ids[i]);
        expect(GRILLE_KMS_DECRYPT, body, GRILLE_REASON_KMS_KEY_ID);
        expect(GRILLE_KMS_GENERATE_DATA_KEY, body, GRILLE_REASON_KMS_KEY_ID);
    }
    memset(longest, 'a', sizeof longest - 1);
    (void)snprintf(body, sizeof body, "{" CMS ",\"KeyId\":\"%s\"}", longest);
    expect(GRILLE_KMS_DECRYPT, body, GRILLE_REASON_KMS_KEY_ID);
}

static void a_plaintext_for_everybody_is_refused(void **state) {
    (void)state;
    expect(GRILLE_KMS_DECRYPT, "{" KEY_ID ",\"Plaintext\":\"c2VjcmV0\"}", GRILLE_REASON_KMS_PLAINTEXT);
    expect(GRILLE_KMS_DECRYPT, "{" KEY_ID "," CMS ",\"Plaintext\":\"c2VjcmV0\"}", GRILLE_REASON_KMS_PLAINTEXT);
    expect(GRILLE_KMS_GENERATE_DATA_KEY, "{\"Plaintext\":\"?\"}", GRILLE_REASON_KMS_PLAINTEXT);
    expect(GRILLE_KMS_GENERATE_RANDOM, "{" CMS ",\"Plaintext\":\" \"}", GRILLE_REASON_KMS_PLAINTEXT);
}

static void other_answers(void **state) {
    static const char *const rows[] = {"",
                                       "null",
                                       "[]",
                                       "\"a\"",
                                       "{}",
                                       "{",
                                       "{" KEY_ID "}",
                                       "{" CMS "}",
                                       "{" KEY_ID "," CMS "}}",
                                       "{" KEY_ID "," CMS "} 1",
                                       "{" KEY_ID "," CMS ",}",
                                       "{" KEY_ID "," CMS,
                                       "[{" KEY_ID "," CMS "}]",
                                       "{" KEY_ID "," CMS "," CMS "}",
                                       "{" KEY_ID "," KEY_ID "," CMS "}",
                                       "{" KEY_ID ",\"CiphertextForRecipient\":null}",
                                       "{" KEY_ID ",\"CiphertextForRecipient\":\"\"}",
                                       "{" KEY_ID ",\"CiphertextForRecipient\":1}",
                                       "{" KEY_ID ",\"CiphertextForRecipient\":[\"YQ==\"]}",
                                       "{" CMS ",\"KeyId\":null}",
                                       "{" CMS ",\"KeyId\":[]}",
                                       "{" CMS "," KEY_ID ",\"Plaintext\":{}}",
                                       "{" CMS "," KEY_ID ",\"Plaintext\":false}",
                                       "{" CMS "," KEY_ID ",\"Plaintext\":null,\"Plaintext\":null}",
                                       "{" CMS "," KEY_ID ",\"EncryptionAlgorithm\":\"RSAES_OAEP_SHA_256\"}",
                                       "{" CMS "," KEY_ID ",\"EncryptionAlgorithm\":null}",
                                       "{" CMS "," KEY_ID ",\"New\":}",
                                       "{" KEY_ID ",\"CiphertextForRecipient\":\"YQ==\\u0000\"}",
                                       "{" CMS "," KEY_ID ",\"New\":01}"};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect(GRILLE_KMS_DECRYPT, rows[i], GRILLE_REASON_KMS_ANSWER);
    expect(GRILLE_KMS_GENERATE_DATA_KEY, "{" KEY_ID "," CMS "}", GRILLE_REASON_KMS_ANSWER);
    expect(GRILLE_KMS_GENERATE_DATA_KEY, "{" KEY_ID "," CMS ",\"CiphertextBlob\":\"\"}", GRILLE_REASON_KMS_ANSWER);
    expect(GRILLE_KMS_DECRYPT, "{" KEY_ID ",\"CiphertextForRecipient\":\"YQ=\"}", GRILLE_REASON_KMS_BASE64);
    expect(GRILLE_KMS_DECRYPT, "{" KEY_ID ",\"CiphertextForRecipient\":\"YR==\"}", GRILLE_REASON_KMS_BASE64);
    expect(GRILLE_KMS_DECRYPT, "{" KEY_ID ",\"CiphertextForRecipient\":\"YQ==\\n\"}", GRILLE_REASON_KMS_BASE64);
}

/* Cut at every byte, and with one byte changed: never taken for the whole, unless it says the same. */
static void damaged_answers(void **state) {
    static const char good[] = "{\"CiphertextBlob\":\"a2V5\"," CMS "," KEY_ID ",\"Plaintext\":\"\"}";
    uint64_t seed = 5;
    size_t taken = 0;
    (void)state;
    for (size_t cut = 0; cut < sizeof good - 1; cut++)
        assert_int_equal(read_bytes(GRILLE_KMS_GENERATE_DATA_KEY, 200, grille_bytes_of(good, cut), cut),
                         GRILLE_REASON_KMS_ANSWER);
    for (size_t round = 0; round < 20000; round++) {
        char text[sizeof good];
        memcpy(text, good, sizeof good);
        text[prng_below(&seed, sizeof good - 1)] = (char)prng_next(&seed);
        if (read_bytes(GRILLE_KMS_GENERATE_DATA_KEY, 200, grille_bytes_of(text, sizeof good - 1), sizeof good) !=
            GRILLE_REASON_OK)
            continue;
        taken++;
        assert_non_null(strstr(text, KEY_ID));
        assert_true(seen.answer.for_recipient.len > 0 && seen.answer.data_key.len > 0);
    }
    assert_in_range(taken, 100, 10000);
}

static grille_reason read_long(const char *member, size_t bytes, size_t capacity) {
    static char body[65536];
    int len = snprintf(body, sizeof body, "{" KEY_ID ",\"%s\":\"", member);
    for (size_t i = 0; i < bytes; i += 3, len += 4)
        memcpy(body + len, i + 3 <= bytes ? "AAAA" : i + 2 == bytes ? "AAA=" : "AA==", 4);
    len += snprintf(body + len, sizeof body - (size_t)len, "\",%s}",
                    strcmp(member, "CiphertextBlob") == 0 ? CMS : "\"CiphertextBlob\":\"a2V5\"");
    return read_bytes(GRILLE_KMS_GENERATE_DATA_KEY, 200, grille_bytes_of(body, (size_t)len), capacity);
}

static void answers_have_limits(void **state) {
    (void)state;
    assert_int_equal(read_long("CiphertextBlob", GRILLE_LIMIT_KMS_CIPHERTEXT_BYTES, 65536), GRILLE_REASON_OK);
    assert_int_equal(seen.answer.data_key.len, GRILLE_LIMIT_KMS_CIPHERTEXT_BYTES);
    assert_int_equal(read_long("CiphertextBlob", GRILLE_LIMIT_KMS_CIPHERTEXT_BYTES + 1, 65536),
                     GRILLE_REASON_KMS_ANSWER_LIMIT);
    assert_int_equal(read_long("CiphertextForRecipient", GRILLE_LIMIT_KMS_RECIPIENT_BYTES, 65536), GRILLE_REASON_OK);
    assert_int_equal(read_long("CiphertextForRecipient", GRILLE_LIMIT_KMS_RECIPIENT_BYTES + 1, 65536),
                     GRILLE_REASON_KMS_ANSWER_LIMIT);
    assert_int_equal(read_long("CiphertextForRecipient", 300, 399), GRILLE_REASON_NO_SPACE);
    assert_int_equal(read_long("CiphertextForRecipient", 300, 400), GRILLE_REASON_OK);
}

static void expect_error(unsigned status, const char *body, grille_reason reason, const char *type,
                         const char *message) {
    if (read_bytes(GRILLE_KMS_DECRYPT, status, grille_bytes_of_text(body), 0) != reason)
        fail_msg("%s: %s", grille_reason_name(seen.reason), body);
    assert_int_equal(seen.error.status, status);
    assert_string_equal(seen.error.type, type);
    assert_string_equal(seen.error.message, message);
}

static void errors(void **state) {
    const grille_reason refused = GRILLE_REASON_KMS_REFUSED, unavailable = GRILLE_REASON_KMS_UNAVAILABLE;
    (void)state;
    expect_error(400, "{\"__type\":\"AccessDeniedException\",\"Message\":\"User: x is not authorized\"}", refused,
                 "AccessDeniedException", "User: x is not authorized");
    expect_error(400, "{\"message\":\"no\",\"__type\":\"com.amazonaws.kms#NotFoundException\"}", refused,
                 "NotFoundException", "no");
    expect_error(400, "{\"__type\":\"a#b#ThrottlingException\"}", unavailable, "ThrottlingException", "");
    expect_error(500, "{\"__type\":\"KMSInternalException\",\"message\":null}", unavailable, "KMSInternalException",
                 "");
    expect_error(500, "{\"__type\":\"AccessDeniedException\"}", refused, "AccessDeniedException", "");
    expect_error(503, "<html>", unavailable, "", "");
    expect_error(403, "", refused, "", "");
    expect_error(429, "[]", unavailable, "", "");
    expect_error(201, "{" KEY_ID "," CMS "}", refused, "", "");
    expect_error(400,
                 "{\"__type\":\"X\",\"a\":{\"__type\":\"Y\"},\"message\":\"1\",\"Message\":\"2\",\"__type\":\"Z\"}",
                 refused, "X", "1");
    expect_error(400, "{\"__type\":\"X\",\"message\":\"a\\nb\\u0007\\u007f\\\"\\u00e4\"", refused, "X",
                 "a b  \"\xc3\xa4");
    expect_error(400, "{\"__type\":\"X\\n#Y\",\"message\":\"a\\u0000b\"}", refused, "Y", "a");
    expect_error(400, "{\"__type\":[\"X\"],\"message\":7}", refused, "", "");
    expect_error(400, "{\"__type\":\"#\",\"message\":\"a\xff\"}", refused, "", "a");
    expect_error(400, "{\"__type\":\"Cut", refused, "", "");
}

static void long_errors_are_cut(void **state) {
    static char body[4096], text[1024];
    const char *const end = "\xc3\xa4\xc3\xa4";
    (void)state;
    memset(text, 'm', GRILLE_LIMIT_KMS_ERROR_MESSAGE_BYTES);
    (void)snprintf(body, sizeof body, "{\"message\":\"%.*s\",\"__type\":\"%.*s\"}",
                   GRILLE_LIMIT_KMS_ERROR_MESSAGE_BYTES, text, GRILLE_LIMIT_KMS_ERROR_TYPE_BYTES, text);
    assert_int_equal(read_bytes(GRILLE_KMS_DECRYPT, 400, grille_bytes_of_text(body), 0), GRILLE_REASON_KMS_REFUSED);
    assert_int_equal(strlen(seen.error.message), GRILLE_LIMIT_KMS_ERROR_MESSAGE_BYTES);
    assert_int_equal(strlen(seen.error.type), GRILLE_LIMIT_KMS_ERROR_TYPE_BYTES);
    /* One over it, in the middle of a character. */
    (void)snprintf(body, sizeof body, "{\"message\":\"%.*s%s\",\"__type\":\"%.*s%s\"}",
                   GRILLE_LIMIT_KMS_ERROR_MESSAGE_BYTES - 1, text, end, GRILLE_LIMIT_KMS_ERROR_TYPE_BYTES - 1, text,
                   end);
    assert_int_equal(read_bytes(GRILLE_KMS_DECRYPT, 400, grille_bytes_of_text(body), 0), GRILLE_REASON_KMS_REFUSED);
    assert_int_equal(strlen(seen.error.message), GRILLE_LIMIT_KMS_ERROR_MESSAGE_BYTES - 1);
    assert_int_equal(strlen(seen.error.type), GRILLE_LIMIT_KMS_ERROR_TYPE_BYTES - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests),
        cmocka_unit_test(texts_are_escaped),
        cmocka_unit_test(other_requests),
        cmocka_unit_test(requests_have_limits),
        cmocka_unit_test(answers),
        cmocka_unit_test(escapes_are_resolved),
        cmocka_unit_test(another_key_is_refused),
        cmocka_unit_test(a_plaintext_for_everybody_is_refused),
        cmocka_unit_test(other_answers),
        cmocka_unit_test(damaged_answers),
        cmocka_unit_test(answers_have_limits),
        cmocka_unit_test(errors),
        cmocka_unit_test(long_errors_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
