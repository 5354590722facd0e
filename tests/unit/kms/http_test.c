/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/http.h"

#include <stdio.h>

#include "cmocka_all.h"
#include "prng.h"

enum { capacity = 64 };

typedef struct outcome {
    grille_reason reason;
    unsigned status;
    size_t len;
    uint8_t body[capacity];
} outcome;

static outcome finish(const grille_http_answer *answer, grille_reason reason) {
    outcome seen = {.reason = reason};
    if (reason != GRILLE_REASON_OK) return seen;
    seen.status = answer->status;
    seen.len = answer->body.len;
    memcpy(seen.body, answer->body.start, answer->body.len);
    return seen;
}

static outcome take_split(grille_bytes text, size_t first, size_t second) {
    uint8_t buffer[capacity];
    grille_http_answer answer;
    grille_http_answer_begin(&answer, buffer, sizeof buffer);
    grille_reason reason = grille_http_answer_take(&answer, grille_bytes_of(text.data, first));
    reason = grille_http_answer_take(&answer, grille_bytes_of(text.data + first, second - first));
    reason = grille_http_answer_take(&answer, grille_bytes_of(text.data + second, text.len - second));
    return finish(&answer, reason);
}

static outcome take_bytes(grille_bytes text) {
    uint8_t buffer[capacity];
    grille_http_answer answer;
    grille_reason reason = GRILLE_REASON_MORE;
    grille_http_answer_begin(&answer, buffer, sizeof buffer);
    for (size_t i = 0; i < text.len; i++)
        reason = grille_http_answer_take(&answer, grille_bytes_of(text.data + i, 1));
    return finish(&answer, reason);
}

static void expect_same(outcome left, outcome right, const char *text, size_t place) {
    if (left.reason != right.reason || left.status != right.status || left.len != right.len ||
        memcmp(left.body, right.body, left.len) != 0)
        fail_msg("split at %zu: %s", place, text);
}

/* Whole, byte by byte and split at every point and every pair of points of a short text: one outcome. */
static outcome take(const char *text) {
    const grille_bytes bytes = grille_bytes_of_text(text);
    const outcome whole = take_split(bytes, bytes.len, bytes.len);
    expect_same(whole, take_bytes(bytes), text, 0);
    for (size_t first = 0; first <= bytes.len; first++) {
        expect_same(whole, take_split(bytes, first, bytes.len), text, first);
        for (size_t second = first; bytes.len < 120 && second <= bytes.len; second++)
            expect_same(whole, take_split(bytes, first, second), text, first);
    }
    return whole;
}

static void expect_body(const char *text, unsigned status, const char *body) {
    const outcome seen = take(text);
    if (seen.reason != GRILLE_REASON_OK) fail_msg("%s: %s", grille_reason_name(seen.reason), text);
    assert_int_equal(seen.status, status);
    assert_true(grille_bytes_equal(grille_bytes_of(seen.body, seen.len), grille_bytes_of_text(body)));
    for (size_t cut = 0; cut < strlen(text); cut++)
        assert_int_equal(take_split(grille_bytes_of(text, cut), 0, cut).reason, GRILLE_REASON_MORE);
}

static void expect_refused(const char *text, grille_reason reason) {
    const outcome seen = take(text);
    if (seen.reason != reason) fail_msg("%s: %s", grille_reason_name(seen.reason), text);
}

#define OK_LINE "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK_LINE "Transfer-Encoding: chunked\r\n\r\n"

static void answers(void **state) {
    (void)state;
    expect_body(OK_LINE "Content-Length: 2\r\n\r\n{}", 200, "{}");
    expect_body(OK_LINE "content-length:0\r\n\r\n", 200, "");
    expect_body(OK_LINE "CONTENT-LENGTH: \t007 \t\r\n\r\n1234567", 200, "1234567");
    expect_body("HTTP/1.1 503 \r\nContent-Length: 1\r\n\r\n\n", 503, "\n");
    expect_body("HTTP/1.1 599 a\tb\xc3\xa4\r\nContent-Length: 3\r\n\r\n\r\n\r", 599, "\r\n\r");
    expect_body("HTTP/1.1 400 Bad Request\r\nx-amzn-RequestId: 1\r\nContent-Type: application/x-amz-json-1.1\r\n"
                "Empty:\r\nDate: Mon, 23 Nov 2026 06:55:00 GMT\r\nContent-Length: 4\r\nConnection: close\r\n\r\nabcd",
                400, "abcd");
    expect_body(CHUNKED "0\r\n\r\n", 200, "");
    expect_body(CHUNKED "1\r\na\r\n0000002\r\n\r\n\r\n00\r\n\r\n", 200, "a\r\n");
    expect_body(OK_LINE "transfer-encoding: CHUNKED\r\n\r\na\r\n0123456789\r\nA\r\nabcdefghij\r\n0\r\n\r\n", 200,
                "0123456789abcdefghij");
}

static void other_status_lines(void **state) {
    static const char *const rows[] = {"HTTP/1.0 200 OK\r\n",
                                       "HTTP/2 200 OK\r\n",
                                       "http/1.1 200 OK\r\n",
                                       "HTTP/1.1  200 OK\r\n",
                                       "HTTP/1.1 200\r\n",
                                       "HTTP/1.1 20 OK\r\n",
                                       "HTTP/1.1 2000 OK\r\n",
                                       "HTTP/1.1 2OO OK\r\n",
                                       "HTTP/1.1 199 OK\r\n",
                                       "HTTP/1.1 100 C\r\n",
                                       "HTTP/1.1 600 X\r\n",
                                       "HTTP/1.1 204 X\r\n",
                                       "HTTP/1.1 205 X\r\n",
                                       "HTTP/1.1 304 X\r\n",
                                       "HTTP/1.1 200 O\x01\r\n",
                                       "HTTP/1.1 200 OK\n",
                                       "\r\nHTTP/1.1 200 O\r\n",
                                       "HTTP/1.1 200\tOK\r\n",
                                       " HTTP/1.1 200 OK\r\n",
                                       "HTTP/1.1 200 OK\r\r\n",
                                       "HTTP/1.1 200 \x7f\r\n",
                                       "HTTP/1.1 -20 OK\r\n",
                                       "\r\n",
                                       "\n",
                                       "POST / HTTP/1.1\r\n"};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[128];
        (void)snprintf(text, sizeof text, "%sContent-Length: 0\r\n\r\n", rows[i]);
        expect_refused(text, GRILLE_REASON_KMS_HTTP);
    }
}

static void other_headers(void **state) {
    static const char *const rows[] = {
        "",
        "A: b\r\n",
        "Content-Length: 1\r\nContent-Length: 1\r\n",
        "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding:\r\n",
        "Content-Length:\r\n",
        "Content-Length: +1\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 1, 1\r\n",
        "Content-Length: 0x1\r\n",
        "Content-Length: a\r\n",
        "Content-Length: 1 1\r\n",
        "Content-Length : 1\r\n",
        " Content-Length: 1\r\n",
        "\tContent-Length: 1\r\n",
        "Content-Length\r\n",
        ": 1\r\n",
        "Content-Length: 1\r\n folded\r\n",
        "Content-Length: 1\n",
        "Content-Length: 1\r\r\n",
        "Content-Length: 1\r\nA: \x01\r\n",
        "Content-Length: 1\r\nA(b): c\r\n",
        "Content-Length: 1\r\nA\xc3\xa4: c\r\n",
        "Content-Length: 1\r\nContent-Encoding: gzip\r\n",
        "Content-Length: 1\r\ncontent-encoding: identity\r\n",
        "Content-Length: 1\r\nA: b\rc\r\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[128];
        (void)snprintf(text, sizeof text, OK_LINE "%s\r\n1", rows[i]);
        expect_refused(text, GRILLE_REASON_KMS_HTTP);
    }
}

static void other_chunks(void **state) {
    static const char *const rows[] = {"\r\n",          "g\r\n",       "1;a=b\r\nx\r\n", " 1\r\nx\r\n", "1 \r\nx\r\n",
                                       "0x1\r\nx\r\n",  "+1\r\nx\r\n", "1\nx\r\n",       "1\r\nxy\r\n", "1\r\nx\n",
                                       "0\r\nA: b\r\n", "0\r\n \r\n",  "1\r\nx\r1",      "-0\r\n",      "1\r\nx0\r\n"};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[128];
        (void)snprintf(text, sizeof text, CHUNKED "%s", rows[i]);
        expect_refused(text, GRILLE_REASON_KMS_HTTP);
    }
}

static void nothing_comes_after(void **state) {
    (void)state;
    expect_refused(OK_LINE "Content-Length: 2\r\n\r\n{}\n", GRILLE_REASON_TRAILING);
    expect_refused(OK_LINE "Content-Length: 0\r\n\r\n" OK_LINE, GRILLE_REASON_TRAILING);
    expect_refused(CHUNKED "0\r\n\r\n0", GRILLE_REASON_TRAILING);
}

static void a_body_one_byte_over_the_buffer(void **state) {
    char text[512], body[capacity + 1] = {0};
    (void)state;
    memset(body, 'x', capacity);
    (void)snprintf(text, sizeof text, OK_LINE "Content-Length: %d\r\n\r\n%s", capacity, body);
    expect_body(text, 200, body);
    (void)snprintf(text, sizeof text, CHUNKED "1\r\nx\r\n%x\r\n%s\r\n0\r\n\r\n", capacity - 1, body + 1);
    expect_body(text, 200, body);
    (void)snprintf(text, sizeof text, OK_LINE "Content-Length: %d\r\n", capacity + 1);
    expect_refused(text, GRILLE_REASON_KMS_ANSWER_LIMIT);
    (void)snprintf(text, sizeof text, CHUNKED "1\r\nx\r\n%x\r\n", capacity);
    expect_refused(text, GRILLE_REASON_KMS_ANSWER_LIMIT);
    expect_refused(OK_LINE "Content-Length: 18446744073709551616\r\n", GRILLE_REASON_KMS_ANSWER_LIMIT);
    expect_refused(OK_LINE "Content-Length: 99999999999999999999999999999999999999\r\n",
                   GRILLE_REASON_KMS_ANSWER_LIMIT);
    expect_refused(CHUNKED "10000000000000000\r\n", GRILLE_REASON_KMS_ANSWER_LIMIT);
    expect_refused(CHUNKED "ffffffffffffffff\r\n", GRILLE_REASON_KMS_ANSWER_LIMIT);
}

static grille_reason take_header_of(size_t line_bytes) {
    static char text[GRILLE_LIMIT_KMS_ANSWER_LINE_BYTES + 128];
    int len = snprintf(text, sizeof text, OK_LINE "A:");
    memset(text + len, 'b', line_bytes - 2);
    len += (int)line_bytes - 2;
    (void)snprintf(text + len, sizeof text - (size_t)len, "\r\nContent-Length: 0\r\n\r\n");
    return take_bytes(grille_bytes_of_text(text)).reason;
}

static void a_line_one_byte_too_long(void **state) {
    (void)state;
    assert_int_equal(take_header_of(GRILLE_LIMIT_KMS_ANSWER_LINE_BYTES), GRILLE_REASON_OK);
    assert_int_equal(take_header_of(GRILLE_LIMIT_KMS_ANSWER_LINE_BYTES + 1), GRILLE_REASON_KMS_ANSWER_LIMIT);
}

static grille_reason take_in_all(size_t bytes, size_t step) {
    static uint8_t text[GRILLE_LIMIT_KMS_ANSWER_BYTES + 1], buffer[GRILLE_LIMIT_KMS_ANSWER_BYTES + 1];
    grille_http_answer answer;
    grille_reason reason = GRILLE_REASON_MORE;
    const int head = snprintf((char *)text, sizeof text, OK_LINE "Content-Length: %05zu\r\n\r\n", bytes - 42);
    assert_int_equal(head, 42);
    memset(text + head, 'x', bytes - (size_t)head);
    grille_http_answer_begin(&answer, buffer, sizeof buffer);
    for (size_t at = 0; at < bytes; at += step)
        reason = grille_http_answer_take(&answer, grille_bytes_of(text + at, bytes - at < step ? bytes - at : step));
    return reason;
}

static void an_answer_one_byte_too_long(void **state) {
    (void)state;
    for (size_t step = 1; step <= GRILLE_LIMIT_KMS_ANSWER_BYTES + 1; step = step * 16 + 1) {
        assert_int_equal(take_in_all(GRILLE_LIMIT_KMS_ANSWER_BYTES, step), GRILLE_REASON_OK);
        assert_int_equal(take_in_all(GRILLE_LIMIT_KMS_ANSWER_BYTES + 1, step), GRILLE_REASON_KMS_ANSWER_LIMIT);
    }
    assert_int_equal(take_in_all(GRILLE_LIMIT_KMS_ANSWER_BYTES + 1, GRILLE_LIMIT_KMS_ANSWER_BYTES + 1),
                     GRILLE_REASON_KMS_ANSWER_LIMIT);
}

/* Endless headers end with the limit, too. */
static void a_head_without_an_end(void **state) {
    uint8_t buffer[capacity];
    grille_http_answer answer;
    size_t taken = strlen(OK_LINE);
    (void)state;
    grille_http_answer_begin(&answer, buffer, sizeof buffer);
    grille_reason reason = grille_http_answer_take(&answer, grille_bytes_of_text(OK_LINE));
    for (; reason == GRILLE_REASON_MORE; taken += 6)
        reason = grille_http_answer_take(&answer, grille_bytes_of_text("a: b\r\n"));
    assert_int_equal(reason, GRILLE_REASON_KMS_ANSWER_LIMIT);
    assert_true(taken > GRILLE_LIMIT_KMS_ANSWER_BYTES && taken <= GRILLE_LIMIT_KMS_ANSWER_BYTES + 6);
}

/* One byte of a good answer changed: whole, or refused for good, the same in one piece and in single bytes. */
static void changed_answers(void **state) {
    static const char *const good[] = {OK_LINE "Content-Length: 2\r\n\r\n{}", CHUNKED "2\r\n{}\r\n0\r\n\r\n"};
    uint64_t seed = 11;
    size_t refused = 0;
    (void)state;
    for (size_t round = 0; round < 20000; round++) {
        char text[128];
        const size_t len = strlen(good[round % 2]);
        memcpy(text, good[round % 2], len + 1);
        text[prng_below(&seed, len)] = (char)prng_next(&seed);
        const outcome whole = take_split(grille_bytes_of(text, len), len, len);
        expect_same(whole, take_bytes(grille_bytes_of(text, len)), text, 0);
        refused += whole.reason == GRILLE_REASON_KMS_HTTP;
    }
    assert_in_range(refused, 10000, 19999);
}

#define NAMED(name_, value_) ((grille_kms_header){.name = name_, .value = grille_bytes_of_text(value_)})

static void a_request(void **state) {
    static const char expected[] = "POST / HTTP/1.1\r\nhost: kms.eu-central-1.amazonaws.com\r\n"
                                   "x-amz-target: TrentService.Decrypt\r\ncontent-length: 10\r\n\r\n{\"a\": \"b\"}";
    const grille_kms_header headers[] = {NAMED("host", "kms.eu-central-1.amazonaws.com"),
                                         NAMED("x-amz-target", "TrentService.Decrypt")};
    const grille_bytes body = grille_bytes_of_text("{\"a\": \"b\"}");
    uint8_t text[512];
    (void)state;
    grille_writer writer = grille_writer_into(text, strlen(expected));
    assert_int_equal(grille_http_write_post(headers, 2, body, &writer), GRILLE_REASON_OK);
    assert_true(grille_bytes_equal(grille_written(&writer), grille_bytes_of_text(expected)));
    for (size_t room = 0; room < strlen(expected); room++) {
        writer = grille_writer_into(text, room);
        assert_int_equal(grille_http_write_post(headers, 2, body, &writer), GRILLE_REASON_NO_SPACE);
        assert_int_equal(writer.len, 0);
    }
    writer = grille_writer_into(text, sizeof text);
    assert_int_equal(grille_http_write_post(headers, 1, grille_bytes_of(NULL, 0), &writer), GRILLE_REASON_OK);
    assert_non_null(memmem(text, writer.len, "\r\ncontent-length: 0\r\n\r\n", 23));
}

static void other_requests(void **state) {
    const grille_kms_header host = NAMED("host", "a");
    const grille_kms_header rows[] = {NAMED("host", "b"),      NAMED("content-length", "1"),
                                      NAMED("expect", "a"),    NAMED("transfer-encoding", "chunked"),
                                      NAMED("trailer", "a"),   NAMED("upgrade", "a"),
                                      NAMED("x", "a\r\nb: c"), NAMED("x\r\n", "a"),
                                      NAMED("X", "a"),         NAMED("", "a"),
                                      NAMED("x", " a")};
    grille_kms_header many[GRILLE_LIMIT_KMS_HEADERS + 1];
    uint8_t text[512];
    grille_writer writer = grille_writer_into(text, sizeof text);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const grille_kms_header two[] = {host, rows[i]};
        assert_int_equal(grille_http_write_post(two, 2, grille_bytes_of(NULL, 0), &writer), GRILLE_REASON_BAD_ARGUMENT);
    }
    assert_int_equal(grille_http_write_post(&host, 0, grille_bytes_of(NULL, 0), &writer), GRILLE_REASON_BAD_ARGUMENT);
    for (size_t i = 0; i < GRILLE_LIMIT_KMS_HEADERS + 1; i++)
        many[i] = NAMED("x", "a");
    many[0] = host;
    assert_int_equal(grille_http_write_post(many, GRILLE_LIMIT_KMS_HEADERS + 1, grille_bytes_of(NULL, 0), &writer),
                     GRILLE_REASON_BAD_ARGUMENT);
    assert_int_equal(writer.len, 0);
    assert_int_equal(grille_http_write_post(many, GRILLE_LIMIT_KMS_HEADERS, grille_bytes_of(NULL, 0), &writer),
                     GRILLE_REASON_OK);
}

static void a_bare_request(void **state) {
    static const char expected_get[] = "GET /latest/meta-data/ HTTP/1.1\r\nhost: 169.254.169.254\r\n\r\n";
    static const char expected_put[] = "PUT /latest/api/token HTTP/1.1\r\nhost: 169.254.169.254\r\n"
                                       "content-length: 0\r\n\r\n";
    const grille_kms_header host = NAMED("host", "169.254.169.254");
    uint8_t text[128];
    (void)state;
    grille_writer writer = grille_writer_into(text, strlen(expected_get));
    assert_int_equal(
        grille_http_write_bare(GRILLE_HTTP_GET, grille_bytes_of_text("/latest/meta-data/"), &host, 1, &writer),
        GRILLE_REASON_OK);
    assert_true(grille_bytes_equal(grille_written(&writer), grille_bytes_of_text(expected_get)));
    writer = grille_writer_into(text, sizeof text);
    assert_int_equal(
        grille_http_write_bare(GRILLE_HTTP_PUT, grille_bytes_of_text("/latest/api/token"), &host, 1, &writer),
        GRILLE_REASON_OK);
    assert_true(grille_bytes_equal(grille_written(&writer), grille_bytes_of_text(expected_put)));
    for (size_t room = 0; room < strlen(expected_put); room++) {
        writer = grille_writer_into(text, room);
        assert_int_equal(
            grille_http_write_bare(GRILLE_HTTP_PUT, grille_bytes_of_text("/latest/api/token"), &host, 1, &writer),
            GRILLE_REASON_NO_SPACE);
        assert_int_equal(writer.len, 0);
    }
}

static void other_paths(void **state) {
    static const char *const paths[] = {"",     "a",    "latest/", "/a b",      "/a\r\n",
                                        "/a?b", "/a#b", "/a%20",   "/\xc3\xa4", "/a\"b"};
    const grille_kms_header headers[] = {NAMED("host", "a"), NAMED("content-length", "1")};
    uint8_t text[128];
    grille_writer writer = grille_writer_into(text, sizeof text);
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        assert_int_equal(grille_http_write_bare(GRILLE_HTTP_GET, grille_bytes_of_text(paths[i]), headers, 1, &writer),
                         GRILLE_REASON_BAD_ARGUMENT);
    assert_int_equal(grille_http_write_bare(GRILLE_HTTP_GET, grille_bytes_of("/\0", 2), headers, 1, &writer),
                     GRILLE_REASON_BAD_ARGUMENT);
    assert_int_equal(grille_http_write_bare(GRILLE_HTTP_GET, grille_bytes_of_text("/"), headers, 2, &writer),
                     GRILLE_REASON_BAD_ARGUMENT);
    assert_int_equal(grille_http_write_bare(GRILLE_HTTP_GET, grille_bytes_of_text("/"), headers, 0, &writer),
                     GRILLE_REASON_BAD_ARGUMENT);
    assert_int_equal(writer.len, 0);
    assert_int_equal(
        grille_http_write_bare(GRILLE_HTTP_GET, grille_bytes_of_text("/aZ9-._~+=,@/"), headers, 1, &writer),
        GRILLE_REASON_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(other_status_lines),
        cmocka_unit_test(other_headers),
        cmocka_unit_test(other_chunks),
        cmocka_unit_test(nothing_comes_after),
        cmocka_unit_test(a_body_one_byte_over_the_buffer),
        cmocka_unit_test(a_line_one_byte_too_long),
        cmocka_unit_test(an_answer_one_byte_too_long),
        cmocka_unit_test(a_head_without_an_end),
        cmocka_unit_test(changed_answers),
        cmocka_unit_test(a_request),
        cmocka_unit_test(other_requests),
        cmocka_unit_test(a_bare_request),
        cmocka_unit_test(other_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
