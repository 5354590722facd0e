/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/http.h"

#include <strings.h>

#include "base/reader.h"

static void write_text(grille_writer *writer, const char *text) {
    grille_write_bytes(writer, grille_bytes_of_text(text));
}

static void write_decimal(grille_writer *writer, size_t value) {
    if (value >= 10) write_decimal(writer, value / 10);
    grille_write_u8(writer, (uint8_t)('0' + value % 10));
}

static bool ends_messages(const char *name) {
    static const char *const names[] = {"content-length", "transfer-encoding", "trailer", "expect", "upgrade"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) return true;
    return false;
}

static bool are_headers(const grille_kms_header *headers, size_t header_count) {
    bool has_host = false;
    if (header_count > GRILLE_LIMIT_KMS_HEADERS) return false;
    for (size_t i = 0; i < header_count; i++) {
        const bool is_host = strcmp(headers[i].name, "host") == 0;
        if (!grille_kms_header_valid(&headers[i]) || ends_messages(headers[i].name) || (is_host && has_host))
            return false;
        has_host = has_host || is_host;
    }
    return has_host;
}

static void write_head(grille_writer *writer, const char *method, grille_bytes path, const grille_kms_header *headers,
                       size_t header_count) {
    write_text(writer, method);
    grille_write_bytes(writer, path);
    write_text(writer, " HTTP/1.1\r\n");
    for (size_t i = 0; i < header_count; i++) {
        write_text(writer, headers[i].name);
        write_text(writer, ": ");
        grille_write_bytes(writer, headers[i].value);
        write_text(writer, "\r\n");
    }
}

grille_reason grille_http_write_post(const grille_kms_header *headers, size_t header_count, grille_bytes body,
                                     grille_writer *request) {
    grille_writer writer = *request;
    if (!are_headers(headers, header_count)) return GRILLE_REASON_BAD_ARGUMENT;
    write_head(&writer, "POST ", grille_bytes_of_text("/"), headers, header_count);
    write_text(&writer, "content-length: ");
    write_decimal(&writer, body.len);
    write_text(&writer, "\r\n\r\n");
    grille_write_bytes(&writer, body);
    if (grille_writer_end(&writer) == GRILLE_REASON_OK) *request = writer;
    return grille_writer_end(&writer);
}

/* Characters that no reader of a path takes for anything but themselves. */
static bool is_path(grille_bytes path) {
    static const char marks[] = "/-._~+=,@";
    grille_reader reader = grille_reader_of(path);
    if (path.len == 0 || path.data[0] != '/') return false;
    while (reader.left > 0) {
        const uint8_t character = grille_read_u8(&reader);
        if (!(character >= 'a' && character <= 'z') && !(character >= 'A' && character <= 'Z') &&
            !(character >= '0' && character <= '9') && memchr(marks, character, sizeof marks - 1) == NULL)
            return false;
    }
    return true;
}

grille_reason grille_http_write_bare(grille_http_method method, grille_bytes path, const grille_kms_header *headers,
                                     size_t header_count, grille_writer *request) {
    grille_writer writer = *request;
    if (!are_headers(headers, header_count) || !is_path(path)) return GRILLE_REASON_BAD_ARGUMENT;
    write_head(&writer, method == GRILLE_HTTP_PUT ? "PUT " : "GET ", path, headers, header_count);
    if (method == GRILLE_HTTP_PUT) write_text(&writer, "content-length: 0\r\n");
    write_text(&writer, "\r\n");
    if (grille_writer_end(&writer) == GRILLE_REASON_OK) *request = writer;
    return grille_writer_end(&writer);
}

void grille_http_answer_begin(grille_http_answer *answer, uint8_t *buffer, size_t capacity) {
    *answer = (grille_http_answer){.body = grille_writer_into(buffer, capacity)};
}

/* The value of all of `text`; KMS_HTTP without digits, KMS_ANSWER_LIMIT above `most`. */
static grille_reason read_number(grille_bytes text, unsigned base, size_t most, size_t *number) {
    static const char digits[] = "0123456789abcdef";
    grille_reader reader = grille_reader_of(text);
    size_t value = 0;
    bool over = false;
    if (text.len == 0) return GRILLE_REASON_KMS_HTTP;
    while (reader.left > 0) {
        const uint8_t character = grille_read_u8(&reader);
        const uint8_t small = character >= 'A' && character <= 'F' ? (uint8_t)(character + ('a' - 'A')) : character;
        const char *at = memchr(digits, small, base);
        if (at == NULL) return GRILLE_REASON_KMS_HTTP;
        value = value * base + (size_t)(at - digits);
        over = over || value > most;
        if (over) value = 0;
    }
    *number = value;
    return over ? GRILLE_REASON_KMS_ANSWER_LIMIT : GRILLE_REASON_OK;
}

/* Visible, blanks, and bytes above ASCII (RFC 9110, 5.5). */
static bool is_text(grille_bytes text) {
    grille_reader reader = grille_reader_of(text);
    while (reader.left > 0) {
        const uint8_t character = grille_read_u8(&reader);
        if ((character < ' ' && character != '\t') || character == 0x7f) return false;
    }
    return true;
}

/* RFC 9110, 5.6.2. */
static bool is_token(grille_bytes text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] <= ' ' || text.data[i] > '~' || strchr("\"(),/:;<=>?@[\\]{}", text.data[i]) != NULL)
            return false;
    return text.len > 0;
}

static bool is(grille_bytes text, const char *name) {
    return text.len == strlen(name) && strncasecmp((const char *)text.data, name, text.len) == 0;
}

static bool is_blank(uint8_t character) {
    return character == ' ' || character == '\t';
}

static grille_bytes trim(grille_bytes text) {
    while (text.len > 0 && is_blank(text.data[text.len - 1]))
        text.len--;
    while (text.len > 0 && is_blank(text.data[0]))
        text = grille_bytes_of(text.data + 1, text.len - 1);
    return text;
}

/* Statuses whose answers have no body, or end elsewhere, would need rules of their own (RFC 9112, 6.3). */
static grille_reason take_status_line(grille_http_answer *answer, grille_bytes line) {
    grille_reader reader = grille_reader_of(line);
    const grille_bytes version = grille_read_bytes(&reader, strlen("HTTP/1.1 "));
    const grille_bytes digits = grille_read_bytes(&reader, 3);
    const uint8_t blank = grille_read_u8(&reader);
    size_t status = 0;
    if (!grille_bytes_equal(version, grille_bytes_of_text("HTTP/1.1 ")) || blank != ' ' ||
        !is_text(grille_read_rest(&reader)) || read_number(digits, 10, 599, &status) != GRILLE_REASON_OK)
        return GRILLE_REASON_KMS_HTTP;
    if (status < 200 || status == 204 || status == 205 || status == 304) return GRILLE_REASON_KMS_HTTP;
    answer->status = (unsigned)status;
    answer->part = GRILLE_HTTP_HEADER;
    return GRILLE_REASON_OK;
}

static grille_reason take_end_of_head(grille_http_answer *answer) {
    if (answer->has_length == answer->is_chunked) return GRILLE_REASON_KMS_HTTP;
    answer->part = answer->is_chunked        ? GRILLE_HTTP_CHUNK_SIZE
                   : answer->left_bytes == 0 ? GRILLE_HTTP_WHOLE
                                             : GRILLE_HTTP_BODY;
    return GRILLE_REASON_OK;
}

static grille_reason take_header(grille_http_answer *answer, grille_bytes line) {
    const uint8_t *colon = line.len == 0 ? NULL : memchr(line.data, ':', line.len);
    grille_reader reader = grille_reader_of(line);
    if (line.len == 0) return take_end_of_head(answer);
    if (colon == NULL) return GRILLE_REASON_KMS_HTTP;
    const grille_bytes name = grille_read_bytes(&reader, (size_t)(colon - line.data));
    (void)grille_read_u8(&reader);
    const grille_bytes value = trim(grille_read_rest(&reader));
    if (!is_token(name) || !is_text(value) || is(name, "content-encoding")) return GRILLE_REASON_KMS_HTTP;
    if (is(name, "content-length")) {
        if (answer->has_length) return GRILLE_REASON_KMS_HTTP;
        answer->has_length = true;
        return read_number(value, 10, answer->body.capacity, &answer->left_bytes);
    }
    if (is(name, "transfer-encoding")) {
        if (answer->is_chunked || !is(value, "chunked")) return GRILLE_REASON_KMS_HTTP;
        answer->is_chunked = true;
    }
    return GRILLE_REASON_OK;
}

static grille_reason take_chunk_size(grille_http_answer *answer, grille_bytes line) {
    const grille_reason reason = read_number(line, 16, answer->body.capacity - answer->body.len, &answer->left_bytes);
    answer->part = answer->left_bytes == 0 ? GRILLE_HTTP_LAST_LINE : GRILLE_HTTP_CHUNK;
    return reason;
}

static grille_reason take_line(grille_http_answer *answer, grille_bytes line) {
    switch (answer->part) {
    case GRILLE_HTTP_STATUS_LINE:
        return take_status_line(answer, line);
    case GRILLE_HTTP_HEADER:
        return take_header(answer, line);
    case GRILLE_HTTP_CHUNK_SIZE:
        return take_chunk_size(answer, line);
    case GRILLE_HTTP_CHUNK_END:
        answer->part = GRILLE_HTTP_CHUNK_SIZE;
        return line.len == 0 ? GRILLE_REASON_OK : GRILLE_REASON_KMS_HTTP;
    case GRILLE_HTTP_LAST_LINE:
        answer->part = GRILLE_HTTP_WHOLE;
        return line.len == 0 ? GRILLE_REASON_OK : GRILLE_REASON_KMS_HTTP;
    default:
        return GRILLE_REASON_INTERNAL;
    }
}

/* One byte of a line, which ends in CR and LF and has neither elsewhere. */
static grille_reason take_character(grille_http_answer *answer, uint8_t character) {
    const bool after_return = answer->line_bytes > 0 && answer->line[answer->line_bytes - 1] == '\r';
    if (after_return != (character == '\n')) return GRILLE_REASON_KMS_HTTP;
    if (after_return) {
        const grille_bytes line = grille_bytes_of(answer->line, answer->line_bytes - 1);
        answer->line_bytes = 0;
        return take_line(answer, line);
    }
    if (answer->line_bytes == GRILLE_LIMIT_KMS_ANSWER_LINE_BYTES && character != '\r')
        return GRILLE_REASON_KMS_ANSWER_LIMIT;
    answer->line[answer->line_bytes++] = character;
    return GRILLE_REASON_OK;
}

static void take_body(grille_http_answer *answer, grille_reader *input) {
    const size_t len = input->left < answer->left_bytes ? input->left : answer->left_bytes;
    grille_write_bytes(&answer->body, grille_read_bytes(input, len));
    answer->left_bytes -= len;
    if (answer->left_bytes == 0) answer->part = answer->is_chunked ? GRILLE_HTTP_CHUNK_END : GRILLE_HTTP_WHOLE;
}

grille_reason grille_http_answer_take(grille_http_answer *answer, grille_bytes bytes) {
    const size_t room = GRILLE_LIMIT_KMS_ANSWER_BYTES - answer->taken_bytes;
    grille_reader input = grille_reader_of(bytes);
    if (bytes.len > room) input.left = room;
    answer->taken_bytes += input.left;
    while (answer->failed == GRILLE_REASON_OK && input.left > 0) {
        if (answer->part == GRILLE_HTTP_WHOLE) {
            answer->failed = GRILLE_REASON_TRAILING;
        } else if (answer->part == GRILLE_HTTP_BODY || answer->part == GRILLE_HTTP_CHUNK) {
            take_body(answer, &input);
        } else {
            answer->failed = take_character(answer, grille_read_u8(&input));
        }
    }
    if (answer->failed == GRILLE_REASON_OK && bytes.len > room) answer->failed = GRILLE_REASON_KMS_ANSWER_LIMIT;
    if (answer->failed != GRILLE_REASON_OK) return answer->failed;
    return answer->part == GRILLE_HTTP_WHOLE ? GRILLE_REASON_OK : GRILLE_REASON_MORE;
}
