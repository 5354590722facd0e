/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/sigv4.h"

#include "base/bytes.h"
#include "wire/limits.h"

enum {
    day_characters = 8,
    digest_text_bytes = 2 * GRILLE_SHA256_BYTES + 1,
    /* Method, path, query and body's digest; a header's name, value and place in the list. */
    most_parts = 9 + 6 * GRILLE_LIMIT_KMS_HEADERS
};

static const char algorithm[] = "AWS4-HMAC-SHA256";

/* A text in pieces, as the crypto takes it. */
typedef struct parts {
    grille_bytes items[most_parts];
    size_t count;
} parts;

static void add(parts *text, grille_bytes part) {
    text->items[text->count++] = part;
}

static void add_text(parts *text, const char *part) {
    add(text, grille_bytes_of_text(part));
}

static void put_digits(char *text, size_t count, int64_t value) {
    for (; count > 0; value /= 10)
        text[--count] = (char)('0' + value % 10);
}

/* Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days: years begin in March, so that a leap
 * day is a year's last. */
grille_reason grille_sigv4_time_of(grille_wall_ms now_ms, grille_sigv4_time *time) {
    const int64_t most_ms = INT64_C(253402300799999);
    if (now_ms < 0 || now_ms > most_ms) return GRILLE_REASON_BAD_ARGUMENT;
    const int64_t seconds = now_ms / 1000 % 86400, days = now_ms / 86400000 + 719468;
    const int64_t of_era = days % 146097;
    const int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    const int64_t march_month = (5 * of_year + 2) / 153;
    const int64_t month = march_month < 10 ? march_month + 3 : march_month - 9;
    put_digits(time->text, 4, year + days / 146097 * 400 + (month <= 2));
    put_digits(time->text + 4, 2, month);
    put_digits(time->text + 6, 2, of_year - (153 * march_month + 2) / 5 + 1);
    time->text[8] = 'T';
    put_digits(time->text + 9, 2, seconds / 3600);
    put_digits(time->text + 11, 2, seconds / 60 % 60);
    put_digits(time->text + 13, 2, seconds % 60);
    memcpy(time->text + 15, "Z", 2);
    return GRILLE_REASON_OK;
}

grille_reason grille_sigv4_key(const grille_crypto *crypto, grille_bytes secret_access_key, grille_bytes day,
                               const char *region, const char *service, uint8_t key[GRILLE_SHA256_BYTES]) {
    uint8_t first[sizeof "AWS4" + GRILLE_LIMIT_KMS_SECRET_BYTES];
    const grille_bytes steps[] = {day, grille_bytes_of_text(region), grille_bytes_of_text(service),
                                  grille_bytes_of_text("aws4_request")};
    grille_writer writer = grille_writer_into(first, sizeof first);
    grille_bytes with = {.data = first};
    grille_reason reason = GRILLE_REASON_BAD_ARGUMENT;
    if (secret_access_key.len > 0 && secret_access_key.len <= GRILLE_LIMIT_KMS_SECRET_BYTES) {
        grille_write_bytes(&writer, grille_bytes_of_text("AWS4"));
        grille_write_bytes(&writer, secret_access_key);
        with = grille_written(&writer);
        reason = grille_writer_end(&writer);
    }
    for (size_t i = 0; reason == GRILLE_REASON_OK && i < sizeof steps / sizeof *steps; i++) {
        uint8_t next[GRILLE_SHA256_BYTES];
        reason = crypto->hmac(GRILLE_SHA256, with, &steps[i], 1, next);
        memcpy(key, next, sizeof next);
        grille_wipe(next, sizeof next);
        with = grille_bytes_of(key, GRILLE_SHA256_BYTES);
    }
    if (reason != GRILLE_REASON_OK) grille_wipe(key, GRILLE_SHA256_BYTES);
    grille_wipe(first, sizeof first);
    return reason;
}

static const grille_kms_header *find(const grille_sigv4_request *request, const char *name) {
    for (size_t i = 0; i < request->header_count; i++)
        if (strcmp(request->headers[i].name, name) == 0) return &request->headers[i];
    return NULL;
}

static bool has_value(const grille_kms_header *header, grille_bytes value) {
    return header != NULL && grille_bytes_equal(header->value, value);
}

/* A method, a path or a query: no blank, nothing that ends a line. */
static bool is_visible(grille_bytes text) {
    const grille_kms_header as_value = {.name = "x", .value = text};
    return grille_kms_header_valid(&as_value) && (text.len == 0 || memchr(text.data, ' ', text.len) == NULL);
}

static bool is_canonical(const grille_sigv4_credentials *credentials, const grille_sigv4_request *request,
                         const grille_sigv4_time *time) {
    const grille_kms_header *token = find(request, "x-amz-security-token");
    if (request->header_count > GRILLE_LIMIT_KMS_HEADERS) return false;
    for (size_t i = 0; i < request->header_count; i++) {
        if (!grille_kms_header_valid(&request->headers[i])) return false;
        if (i > 0 && strcmp(request->headers[i - 1].name, request->headers[i].name) >= 0) return false;
    }
    if (credentials->session_token.len > 0 ? !has_value(token, credentials->session_token) : token != NULL)
        return false;
    return is_visible(grille_bytes_of_text(request->method)) && is_visible(request->path) && request->path.len > 0 &&
           request->path.data[0] == '/' && is_visible(request->query) &&
           grille_kms_word_valid(credentials->access_key_id) &&
           grille_kms_word_valid(grille_bytes_of_text(request->region)) &&
           grille_kms_word_valid(grille_bytes_of_text(request->service)) && find(request, "host") != NULL &&
           strnlen(time->text, sizeof time->text) == GRILLE_SIGV4_TIME_BYTES - 1 &&
           has_value(find(request, "x-amz-date"), grille_bytes_of_text(time->text));
}

static void add_signed_names(parts *text, const grille_sigv4_request *request) {
    for (size_t i = 0; i < request->header_count; i++) {
        add_text(text, i == 0 ? "" : ";");
        add_text(text, request->headers[i].name);
    }
}

static grille_reason hash_text(const grille_crypto *crypto, const grille_bytes *items, size_t count,
                               char text[digest_text_bytes]) {
    uint8_t digest[GRILLE_SHA256_BYTES] = {0};
    const grille_reason reason = crypto->hash(GRILLE_SHA256, items, count, digest);
    grille_hex_encode(grille_bytes_of(digest, sizeof digest), text);
    return reason;
}

/* The canonical request's digest. */
static grille_reason hash_request(const grille_crypto *crypto, const grille_sigv4_request *request,
                                  char text[digest_text_bytes]) {
    char body[digest_text_bytes];
    parts canonical = {.count = 0};
    const grille_reason reason = hash_text(crypto, &request->body, 1, body);
    if (reason != GRILLE_REASON_OK) return reason;
    add_text(&canonical, request->method);
    add_text(&canonical, "\n");
    add(&canonical, request->path);
    add_text(&canonical, "\n");
    add(&canonical, request->query);
    add_text(&canonical, "\n");
    for (size_t i = 0; i < request->header_count; i++) {
        add_text(&canonical, request->headers[i].name);
        add_text(&canonical, ":");
        add(&canonical, request->headers[i].value);
        add_text(&canonical, "\n");
    }
    add_text(&canonical, "\n");
    add_signed_names(&canonical, request);
    add_text(&canonical, "\n");
    add_text(&canonical, body);
    return hash_text(crypto, canonical.items, canonical.count, text);
}

static void add_scope(parts *text, const grille_sigv4_request *request, grille_bytes day) {
    add(text, day);
    add_text(text, "/");
    add_text(text, request->region);
    add_text(text, "/");
    add_text(text, request->service);
    add_text(text, "/aws4_request");
}

static grille_reason sign(const grille_crypto *crypto, const grille_sigv4_credentials *credentials,
                          const grille_sigv4_request *request, const grille_sigv4_time *time, char *signature) {
    const grille_bytes day = grille_bytes_of(time->text, day_characters);
    uint8_t key[GRILLE_SHA256_BYTES] = {0}, mac[GRILLE_SHA256_BYTES] = {0};
    char digest[digest_text_bytes];
    parts text = {.count = 0};
    grille_reason reason = hash_request(crypto, request, digest);
    add_text(&text, algorithm);
    add_text(&text, "\n");
    add_text(&text, time->text);
    add_text(&text, "\n");
    add_scope(&text, request, day);
    add_text(&text, "\n");
    add_text(&text, digest);
    if (reason == GRILLE_REASON_OK)
        reason = grille_sigv4_key(crypto, credentials->secret_access_key, day, request->region, request->service, key);
    if (reason == GRILLE_REASON_OK)
        reason = crypto->hmac(GRILLE_SHA256, grille_bytes_of(key, sizeof key), text.items, text.count, mac);
    grille_hex_encode(grille_bytes_of(mac, sizeof mac), signature);
    grille_wipe(key, sizeof key);
    return reason;
}

grille_reason grille_sigv4_sign(const grille_crypto *crypto, const grille_sigv4_credentials *credentials,
                                const grille_sigv4_request *request, const grille_sigv4_time *time,
                                grille_writer *authorization) {
    char signature[digest_text_bytes];
    grille_writer writer = *authorization;
    parts text = {.count = 0};
    grille_reason reason;
    if (!is_canonical(credentials, request, time)) return GRILLE_REASON_BAD_ARGUMENT;
    reason = sign(crypto, credentials, request, time, signature);
    if (reason != GRILLE_REASON_OK) return reason;
    add_text(&text, algorithm);
    add_text(&text, " Credential=");
    add(&text, credentials->access_key_id);
    add_text(&text, "/");
    add_scope(&text, request, grille_bytes_of(time->text, day_characters));
    add_text(&text, ", SignedHeaders=");
    add_signed_names(&text, request);
    add_text(&text, ", Signature=");
    add_text(&text, signature);
    for (size_t i = 0; i < text.count; i++)
        grille_write_bytes(&writer, text.items[i]);
    reason = grille_writer_end(&writer);
    if (reason == GRILLE_REASON_OK) *authorization = writer;
    return reason;
}
