/* SPDX-License-Identifier: Apache-2.0
 * What an attempt sends: the body with its document, signed, as HTTP. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "kms/base64.h"
#include "kms/client_private.h"
#include "kms/http.h"

enum {
    escaped_bytes = 6,   /* of one byte of a text in JSON */
    around_bytes = 4096, /* names, quotes, the key's ARN, the headers */
    signature_bytes = 512
};

/* As much as the body may take; the head may take as much as it and a token besides. */
static size_t body_room(const grille_kms_request *request) {
    size_t room = around_bytes + grille_base64_len(request->ciphertext.len) +
                  grille_base64_len(request->attestation_document.len);
    for (size_t i = 0; i < request->context_count; i++)
        room += escaped_bytes * (request->context[i].key.len + request->context[i].value.len + 1);
    return room;
}

typedef struct kms_headers {
    grille_kms_header list[GRILLE_LIMIT_KMS_HEADERS];
    size_t count;
} kms_headers;

static void add(kms_headers *headers, const char *name, grille_bytes value) {
    headers->list[headers->count++] = (grille_kms_header){name, value};
}

/* Ascending, as they are signed; `authorization` stands before them all. */
static void list_headers(const kms_attempt *attempt, const grille_credentials *credentials,
                         const grille_sigv4_time *time, kms_headers *headers) {
    const grille_kms_action action = attempt->call->request.action;
    add(headers, "authorization", grille_bytes_of(NULL, 0));
    add(headers, "content-type", grille_bytes_of_text("application/x-amz-json-1.1"));
    add(headers, "host", grille_bytes_of_text(attempt->kms->config.host));
    add(headers, "x-amz-date", grille_bytes_of_text(time->text));
    if (credentials->signing.session_token.len > 0)
        add(headers, "x-amz-security-token", credentials->signing.session_token);
    add(headers, "x-amz-target", grille_bytes_of_text(grille_kms_target(action)));
}

static grille_reason write_signed(kms_attempt *attempt, const grille_credentials *credentials, grille_wall_ms now_ms,
                                  grille_bytes body, grille_writer *request) {
    uint8_t signature[signature_bytes + GRILLE_LIMIT_KMS_ACCESS_KEY_ID_BYTES];
    grille_writer authorization = grille_writer_into(signature, sizeof signature);
    kms_headers headers = {.count = 0};
    grille_sigv4_time time;
    grille_reason reason = grille_sigv4_time_of(now_ms, &time);
    if (reason != GRILLE_REASON_OK) return reason;
    list_headers(attempt, credentials, &time, &headers);
    const grille_sigv4_request signing = {.method = "POST",
                                          .path = grille_bytes_of_text("/"),
                                          .headers = headers.list + 1,
                                          .header_count = headers.count - 1,
                                          .body = body,
                                          .region = attempt->kms->config.region,
                                          .service = "kms"};
    reason = grille_sigv4_sign(attempt->kms->seams.crypto, &credentials->signing, &signing, &time, &authorization);
    if (reason != GRILLE_REASON_OK) return reason;
    headers.list[0].value = grille_written(&authorization);
    return grille_http_write_post(headers.list, headers.count, body, request);
}

grille_reason grille_kms_request_make(kms_attempt *attempt, const grille_credentials *credentials,
                                      grille_wall_ms now_ms) {
    const size_t body_capacity = body_room(&attempt->call->request);
    const size_t capacity = body_capacity + around_bytes + GRILLE_LIMIT_KMS_TOKEN_BYTES;
    uint8_t *body = malloc(body_capacity), *memory = malloc(capacity);
    grille_reason reason = GRILLE_REASON_OUT_OF_MEMORY;
    if (body != NULL && memory != NULL) {
        grille_writer body_writer = grille_writer_into(body, body_capacity);
        grille_writer request = grille_writer_into(memory, capacity);
        reason = grille_kms_request_write(&attempt->call->request, &body_writer);
        if (reason == GRILLE_REASON_OK)
            reason = write_signed(attempt, credentials, now_ms, grille_written(&body_writer), &request);
        attempt->request_len = request.len;
    }
    free(body);
    attempt->request = memory;
    attempt->request_capacity = memory != NULL ? capacity : 0;
    return reason;
}
