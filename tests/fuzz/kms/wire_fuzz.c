/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as an answer of a key service: as HTTP, which is taken whole, in single bytes and in two pieces with one
 * outcome, and as base64, of which each byte string has one text. */
#include <string.h>

#include "kms/base64.h"
#include "kms/http.h"
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const grille_bytes input = grille_bytes_of(data, size);
    check_http(input);
    check_base64(input);
    return 0;
}
