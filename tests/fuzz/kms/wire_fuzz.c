/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as an answer of a key service: as HTTP, which is taken whole, in single bytes and in two pieces with one
 * outcome, as the JSON of each action's answer, and as base64, of which each byte string has one text; and as the texts
 * of a request, which read as they were. And as what a parent's sources of credentials say: the metadata service at
 * each step, and a shared credentials file. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/json.h"
#include "kms/base64.h"
#include "kms/http.h"
#include "kms/imds.h"
#include "kms/message.h"
#include "kms/profile.h"
#include "tests/fuzz/crypto/fuzz_check.h"

enum { capacity = 4096 };

typedef struct reading {
    grille_http_answer answer;
    grille_reason reason;
    uint8_t body[capacity];
} reading;

static void take(reading *to, grille_bytes bytes) {
    to->reason = grille_http_answer_take(&to->answer, bytes);
    FUZZ_CHECK(to->answer.body.len <= capacity && to->answer.taken_bytes <= GRILLE_LIMIT_KMS_ANSWER_BYTES);
}

static void expect_same(const reading *left, const reading *right) {
    FUZZ_CHECK(left->reason == right->reason && left->answer.part == right->answer.part);
    FUZZ_CHECK(left->reason != GRILLE_REASON_OK || left->answer.status == right->answer.status);
    FUZZ_CHECK(grille_bytes_equal(grille_written(&left->answer.body), grille_written(&right->answer.body)));
}

static void check_http(grille_bytes input) {
    static reading whole, single, split;
    const size_t first = input.len == 0 ? 0 : input.data[input.len / 2] % (input.len + 1);
    grille_http_answer_begin(&whole.answer, whole.body, capacity);
    grille_http_answer_begin(&single.answer, single.body, capacity);
    grille_http_answer_begin(&split.answer, split.body, capacity);
    take(&whole, input);
    take(&single, grille_bytes_of(NULL, 0));
    for (size_t i = 0; i < input.len; i++)
        take(&single, grille_bytes_of(input.data + i, 1));
    take(&split, grille_bytes_of(input.data, first));
    take(&split, grille_bytes_of(input.data + first, input.len - first));
    expect_same(&whole, &single);
    expect_same(&whole, &split);
}

static void check_base64(grille_bytes input) {
    static uint8_t bytes[capacity], text[2 * capacity];
    grille_writer decoded = grille_writer_into(bytes, sizeof bytes), encoded = grille_writer_into(text, sizeof text);
    if (grille_base64_read(input, &decoded) != GRILLE_REASON_OK) return;
    grille_base64_write(&encoded, grille_written(&decoded));
    FUZZ_CHECK(grille_bytes_equal(grille_written(&encoded), input));
}

static grille_kms_request request_of(grille_kms_action action) {
    grille_kms_request request = {.action = action, .attestation_document = grille_bytes_of_text("doc")};
    if (action != GRILLE_KMS_GENERATE_RANDOM) request.key_arn = grille_bytes_of_text("arn:aws:kms:r:1:key/k");
    if (action == GRILLE_KMS_DECRYPT) request.ciphertext = grille_bytes_of_text("blob");
    if (action != GRILLE_KMS_DECRYPT) request.wanted_bytes = 32;
    return request;
}

static void check_error(const grille_kms_error *error) {
    FUZZ_CHECK(strnlen(error->type, sizeof error->type) < sizeof error->type);
    FUZZ_CHECK(strnlen(error->message, sizeof error->message) < sizeof error->message);
    for (const char *at = error->message; *at != '\0'; at++)
        FUZZ_CHECK((uint8_t)*at >= ' ');
}

static void check_answers(grille_bytes input) {
    static uint8_t bytes[2 * capacity];
    for (int action = GRILLE_KMS_DECRYPT; action <= GRILLE_KMS_GENERATE_RANDOM; action++) {
        const grille_kms_request request = request_of((grille_kms_action)action);
        grille_writer space = grille_writer_into(bytes, input.len < sizeof bytes ? input.len : sizeof bytes);
        grille_kms_answer answer;
        grille_kms_error error;
        grille_reason reason = grille_kms_answer_read(&request, 200, input, &space, &answer, &error);
        FUZZ_CHECK(reason != GRILLE_REASON_OK || answer.for_recipient.len > 0);
        FUZZ_CHECK(reason != GRILLE_REASON_OK || space.len == answer.for_recipient.len + answer.data_key.len);
        FUZZ_CHECK(reason != GRILLE_REASON_NO_SPACE || input.len > sizeof bytes);
        reason = grille_kms_answer_read(&request, 400, input, &space, &answer, &error);
        FUZZ_CHECK(reason == GRILLE_REASON_KMS_REFUSED || reason == GRILLE_REASON_KMS_UNAVAILABLE);
        check_error(&error);
    }
}

/* The input is key and value of the context, and is found again in the JSON. */
static void check_request(grille_bytes input) {
    static uint8_t bytes[16 * capacity], text[capacity];
    const grille_kms_pair pair = {input, input};
    grille_kms_request request = request_of(GRILLE_KMS_GENERATE_DATA_KEY);
    grille_writer body = grille_writer_into(bytes, sizeof bytes);
    unsigned found = 0;
    request.context = &pair;
    request.context_count = 1;
    if (input.len > capacity || grille_kms_request_write(&request, &body) != GRILLE_REASON_OK) return;
    grille_json json = grille_json_of(grille_written(&body));
    for (grille_json_token token = grille_json_next(&json); token.kind != GRILLE_JSON_END;
         token = grille_json_next(&json)) {
        grille_writer back = grille_writer_into(text, sizeof text);
        FUZZ_CHECK(token.kind != GRILLE_JSON_BAD);
        if (grille_json_text(token, &back) && grille_bytes_equal(grille_written(&back), input)) found++;
    }
    FUZZ_CHECK(found >= 2);
}

static void check_fields(const grille_kms_role_credentials *got) {
    FUZZ_CHECK(strnlen(got->access_key_id, sizeof got->access_key_id) < sizeof got->access_key_id);
    FUZZ_CHECK(strnlen(got->secret_access_key, sizeof got->secret_access_key) < sizeof got->secret_access_key);
    FUZZ_CHECK(strnlen(got->session_token, sizeof got->session_token) < sizeof got->session_token);
    FUZZ_CHECK(strnlen(got->region, sizeof got->region) < sizeof got->region);
}

/* The input is the body of a step's answer; what is taken leads to the next step and makes a request that can be sent.
 */
static void check_imds(grille_bytes input, grille_imds_step step) {
    static grille_imds imds;
    uint8_t request[1024], head[128];
    grille_writer writer = grille_writer_into(request, sizeof request);
    grille_error error;
    const int len = snprintf((char *)head, sizeof head, "HTTP/1.1 200 OK\r\ncontent-length: %zu\r\n\r\n", input.len);
    grille_imds_begin(&imds, "169.254.169.254", NULL);
    imds.step = step;
    FUZZ_CHECK(grille_imds_request(&imds, &writer) == GRILLE_REASON_OK);
    grille_reason reason = grille_imds_take(&imds, grille_bytes_of(head, (size_t)len), &error);
    if (reason == GRILLE_REASON_MORE) reason = grille_imds_take(&imds, input, &error);
    check_fields(&imds.credentials);
    FUZZ_CHECK(reason == GRILLE_REASON_OK ? imds.step > step : imds.step == step);
    if (reason != GRILLE_REASON_OK || imds.step == GRILLE_IMDS_DONE) return;
    writer = grille_writer_into(request, sizeof request);
    FUZZ_CHECK(grille_imds_request(&imds, &writer) == GRILLE_REASON_OK);
    FUZZ_CHECK(memmem(request, writer.len, "\r\n\r\n", 4) == request + writer.len - 4);
}

static void check_profile(grille_bytes input) {
    static grille_kms_role_credentials got;
    grille_error error;
    const grille_reason reason = grille_profile_read(input, "file", "default", &got, &error);
    check_fields(&got);
    FUZZ_CHECK(reason == GRILLE_REASON_OK || grille_bytes_all_zero(grille_bytes_of(&got, sizeof got)));
    /* Texts tell the file, the line and the profile, and nothing that stands there. */
    FUZZ_CHECK(reason == GRILLE_REASON_OK || strncmp(error.text, "file", 4) == 0 ||
               strncmp(error.text, "profile default", 15) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const grille_bytes input = grille_bytes_of(data, size);
    check_http(input);
    check_base64(input);
    check_answers(input);
    check_request(input);
    for (int step = GRILLE_IMDS_TOKEN; step < GRILLE_IMDS_DONE; step++)
        check_imds(input, (grille_imds_step)step);
    check_profile(input);
    return 0;
}
