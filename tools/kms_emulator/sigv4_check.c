/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_emulator/sigv4_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "attest/calendar.h"
#include "base/bytes.h"
#include "kms/sigv4.h"
#include "kms_emulator/authorization.h"
#include "wire/limits.h"

enum {
    minute_ms = 60000,
    day_characters = 8,
    name_bytes = 64,
    /* Key, scope, the names of all headers and the signature. */
    authorization_bytes = 4096
};

static const char service[] = "kms";

/* One check: what it reads, and where it puts what it finds. */
typedef struct check {
    const grille_crypto *crypto;
    const kms_signed_request *request;
    kms_authorization authorization;
    grille_sigv4_time time;
    grille_wall_ms time_ms;
    grille_kms_header signed_headers[GRILLE_LIMIT_KMS_HEADERS];
    size_t signed_count;
    kms_signature *found;
} check;

static bool refuse(check *at, kms_error error, const char *format, ...) GRILLE_PRINTF(3, 4);

static bool refuse(check *at, kms_error error, const char *format, ...) {
    va_list arguments;
    at->found->error = error;
    va_start(arguments, format);
    (void)vsnprintf(at->found->message, sizeof at->found->message, format, arguments);
    va_end(arguments);
    return false;
}

static const grille_kms_header *header(const kms_signed_request *request, grille_bytes name) {
    for (size_t i = 0; i < request->header_count; i++)
        if (grille_bytes_equal(grille_bytes_of_text(request->headers[i].name), name)) return &request->headers[i];
    return NULL;
}

static const grille_kms_header *header_named(const kms_signed_request *request, const char *name) {
    return header(request, grille_bytes_of_text(name));
}

static int shown(grille_bytes text) {
    return (int)(text.len < 100 ? text.len : 100);
}

static bool read_authorization(check *at) {
    const grille_kms_header *sent = header_named(at->request, "authorization");
    char problem[KMS_SIGNATURE_MESSAGE_BYTES];
    if (sent == NULL || sent->value.len == 0) return refuse(at, KMS_ERROR_MISSING_TOKEN, "%s", "");
    if (kms_authorization_read(sent->value, &at->authorization, problem)) return true;
    return refuse(at, KMS_ERROR_INCOMPLETE_SIGNATURE, "%s", problem);
}

/* "20150830T123600Z" */
static bool read_time(check *at) {
    const grille_kms_header *sent = header_named(at->request, "x-amz-date");
    if (sent == NULL)
        return refuse(at, KMS_ERROR_INCOMPLETE_SIGNATURE,
                      "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
    if (sent->value.len == sizeof at->time.text - 1) {
        memcpy(at->time.text, sent->value.data, sent->value.len);
        at->time.text[sent->value.len] = '\0';
        if (kms_signature_time(at->time.text, &at->time_ms)) return true;
    }
    return refuse(at, KMS_ERROR_INCOMPLETE_SIGNATURE,
                  "Date must be in ISO-8601 'basic format'. Got '%.*s'. See "
                  "http://en.wikipedia.org/wiki/ISO_8601",
                  shown(sent->value), (const char *)sent->value.data);
}

static bool is_text(grille_bytes bytes, const char *text) {
    return grille_bytes_equal(bytes, grille_bytes_of_text(text));
}

static bool check_scope(check *at) {
    const kms_authorization *sent = &at->authorization;
    if (!is_text(sent->region, at->request->region))
        return refuse(at, KMS_ERROR_INVALID_SIGNATURE, "Credential should be scoped to a valid region, not '%.*s'.",
                      shown(sent->region), (const char *)sent->region.data);
    if (!is_text(sent->service, service))
        return refuse(at, KMS_ERROR_INVALID_SIGNATURE, "Credential should be scoped to correct service: '%s'.",
                      service);
    if (!is_text(sent->terminator, "aws4_request"))
        return refuse(at, KMS_ERROR_INVALID_SIGNATURE,
                      "Credential should be scoped with a valid terminator: 'aws4_request', not '%.*s'.",
                      shown(sent->terminator), (const char *)sent->terminator.data);
    if (!grille_bytes_equal(sent->day, grille_bytes_of(at->time.text, day_characters)))
        return refuse(at, KMS_ERROR_INVALID_SIGNATURE,
                      "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
                      "'%.*s' != '%.*s', from '%s'.",
                      shown(sent->day), (const char *)sent->day.data, day_characters, at->time.text, at->time.text);
    return true;
}

static bool check_skew(check *at) {
    const grille_wall_ms now_ms = at->request->now_ms;
    const bool is_late = at->time_ms < now_ms - KMS_SIGNATURE_SKEW_MS;
    grille_sigv4_time now, limit;
    if (!is_late && at->time_ms <= now_ms + KMS_SIGNATURE_SKEW_MS) return true;
    if (grille_sigv4_time_of(now_ms, &now) != GRILLE_REASON_OK ||
        grille_sigv4_time_of(now_ms + (is_late ? -KMS_SIGNATURE_SKEW_MS : KMS_SIGNATURE_SKEW_MS), &limit) !=
            GRILLE_REASON_OK)
        return refuse(at, KMS_ERROR_INTERNAL, "%s", "");
    return refuse(at, KMS_ERROR_INVALID_SIGNATURE, "Signature %s: %s is %s than %s (%s %c %d min.)",
                  is_late ? "expired" : "not yet current", at->time.text, is_late ? "now earlier" : "still later",
                  limit.text, now.text, is_late ? '-' : '+', KMS_SIGNATURE_SKEW_MS / minute_ms);
}

/* Names must be in order and there once: the list is part of what was signed. */
static bool collect_signed(check *at) {
    grille_bytes names = at->authorization.signed_headers, name;
    while (kms_signed_header_next(&names, &name)) {
        const grille_kms_header *sent = header(at->request, name);
        if (sent == NULL || at->signed_count == GRILLE_LIMIT_KMS_HEADERS)
            return refuse(at, KMS_ERROR_INVALID_SIGNATURE,
                          "The header '%.*s' is to be signed, but it is not there, or it is one of more than %d.",
                          shown(name), (const char *)name.data, GRILLE_LIMIT_KMS_HEADERS);
        at->signed_headers[at->signed_count++] = *sent;
    }
    return true;
}

static bool is_signed(const check *at, const char *name) {
    for (size_t i = 0; i < at->signed_count; i++)
        if (strcmp(at->signed_headers[i].name, name) == 0) return true;
    return false;
}

/* Each x-amz- header changes what the request means. */
static bool check_signed(check *at) {
    if (!is_signed(at, "host"))
        return refuse(at, KMS_ERROR_INVALID_SIGNATURE, "'Host' must be a 'SignedHeader' in the AWS Authorization.");
    for (size_t i = 0; i < at->request->header_count; i++) {
        const char *name = at->request->headers[i].name;
        for (size_t j = i + 1; j < at->request->header_count; j++)
            if (strcmp(name, at->request->headers[j].name) == 0 && is_signed(at, name))
                return refuse(at, KMS_ERROR_INVALID_SIGNATURE, "The header '%s' is there twice.", name);
        if (strncmp(name, "x-amz-", strlen("x-amz-")) == 0 && !is_signed(at, name))
            return refuse(at, KMS_ERROR_INVALID_SIGNATURE, "'%s' must be a 'SignedHeader' in the AWS Authorization.",
                          name);
    }
    return true;
}

static bool find_caller(check *at) {
    const kms_credential *who = kms_credentials_find(at->request->credentials, at->authorization.access_key_id);
    const grille_kms_header *sent = header_named(at->request, "x-amz-security-token");
    const grille_bytes token = sent == NULL ? (grille_bytes){.len = 0} : sent->value;
    at->found->who = who;
    if (who != NULL && grille_bytes_equal_constant_time(token, grille_bytes_of_text(who->session_token))) return true;
    return refuse(at, KMS_ERROR_UNRECOGNIZED_CLIENT, "%s", "");
}

/* Signs the same once more and compares. */
static bool check_signature(check *at) {
    const kms_credential *who = at->found->who;
    const grille_sigv4_credentials credentials = {
        .access_key_id = grille_bytes_of_text(who->access_key_id),
        .secret_access_key = grille_bytes_of_text(who->secret_access_key),
        .session_token = grille_bytes_of_text(who->session_token),
    };
    const grille_sigv4_request request = {.method = at->request->method,
                                          .path = grille_bytes_of_text("/"),
                                          .headers = at->signed_headers,
                                          .header_count = at->signed_count,
                                          .body = at->request->body,
                                          .region = at->request->region,
                                          .service = service};
    uint8_t expected[authorization_bytes];
    grille_writer writer = grille_writer_into(expected, sizeof expected);
    grille_bytes signature;
    bool same = false;
    if (grille_sigv4_sign(at->crypto, &credentials, &request, &at->time, &writer) == GRILLE_REASON_OK) {
        const grille_bytes whole = grille_written(&writer);
        signature = grille_bytes_of(whole.data + whole.len - KMS_SIGNATURE_CHARACTERS, KMS_SIGNATURE_CHARACTERS);
        same = grille_bytes_equal_constant_time(signature, at->authorization.signature);
    }
    grille_wipe(expected, sizeof expected);
    return same || refuse(at, KMS_ERROR_INVALID_SIGNATURE, "%s", "");
}

static bool check_expiry(check *at) {
    const kms_credential *who = at->found->who;
    if (who->expires_ms == 0 || at->request->now_ms < who->expires_ms) return true;
    return refuse(at, KMS_ERROR_EXPIRED_TOKEN, "%s", "");
}

void kms_signature_check(const grille_crypto *crypto, const kms_signed_request *request, kms_signature *found) {
    check at = {.crypto = crypto, .request = request, .found = found};
    *found = (kms_signature){.error = KMS_ERROR_NONE};
    if (!read_authorization(&at) || !read_time(&at) || !find_caller(&at) || !check_expiry(&at)) return;
    if (!check_scope(&at) || !check_skew(&at) || !collect_signed(&at) || !check_signed(&at)) return;
    (void)check_signature(&at);
}
