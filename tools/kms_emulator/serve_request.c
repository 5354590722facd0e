/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_emulator/serve_request.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "kms_emulator/front.h"
#include "kms_emulator/serve.h"
#include "wall_time.h"

enum { first_body_bytes = 4096, path_bytes = 256 };

/* From malloc, as long as the request. */
typedef struct request_state {
    char path[path_bytes]; /* cut: only "/" matters */
    uint8_t *body;
    size_t body_len, body_capacity;
    bool has_begun;
    size_t taken_bytes;
    size_t header_bytes;
    char header_text[KMS_HEADER_BYTES];
    kms_front_request request;
} request_state;

void *kms_serve_begin(void *front, const char *uri, struct MHD_Connection *connection) {
    request_state *state = calloc(1, sizeof *state);
    (void)front;
    (void)connection;
    if (state != NULL) (void)snprintf(state->path, sizeof state->path, "%s", uri);
    return state;
}

static void free_body(request_state *state) {
    if (state->body != NULL) grille_wipe(state->body, state->body_capacity);
    free(state->body);
    state->body = NULL;
    state->body_len = state->body_capacity = 0;
}

/* In steps, each twice the one before; what is left behind is wiped. */
static bool grow(request_state *state, size_t wanted) {
    size_t capacity = state->body_capacity == 0 ? first_body_bytes : state->body_capacity;
    const size_t len = state->body_len;
    uint8_t *body = NULL;
    while (capacity < wanted)
        capacity *= 2;
    body = malloc(capacity);
    if (body == NULL) return false;
    if (len > 0) memcpy(body, state->body, len);
    free_body(state);
    state->body = body;
    state->body_len = len;
    state->body_capacity = capacity;
    return true;
}

static bool take_body(request_state *state, const char *part, size_t part_bytes) {
    state->taken_bytes += part_bytes;
    if (state->taken_bytes > KMS_BODY_BYTES) {
        free_body(state);
        state->request.is_too_large = true;
        return state->taken_bytes <= KMS_DISCARDED_BYTES;
    }
    if (state->taken_bytes > state->body_capacity && !grow(state, state->taken_bytes)) return false;
    memcpy(state->body + state->body_len, part, part_bytes);
    state->body_len += part_bytes;
    return true;
}

/* Small letters; NULL: no room. */
static char *copy_name(request_state *state, const char *name) {
    const size_t len = strlen(name);
    char *copy = state->header_text + state->header_bytes;
    if (len >= sizeof state->header_text - state->header_bytes) return NULL;
    for (size_t i = 0; i < len; i++)
        copy[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] - 'A' + 'a' : name[i]);
    copy[len] = '\0';
    state->header_bytes += len + 1;
    return copy;
}

/* SigV4's Trimall: no blanks at the ends, single ones inside. */
static bool copy_value(request_state *state, const char *value, size_t len, grille_bytes *copied) {
    char *copy = state->header_text + state->header_bytes;
    size_t count = 0;
    if (len > sizeof state->header_text - state->header_bytes) return false;
    for (size_t i = 0; i < len; i++)
        if (value[i] != ' ' || (count > 0 && copy[count - 1] != ' ')) copy[count++] = value[i];
    if (count > 0 && copy[count - 1] == ' ') count--;
    state->header_bytes += count;
    *copied = grille_bytes_of(copy, count);
    return true;
}

/* A field that nobody can sign, as it has more than one form, is as if it were not there. */
static enum MHD_Result take_header(void *context, enum MHD_ValueKind kind, const char *name, size_t name_len,
                                   const char *value, size_t value_len) {
    request_state *state = context;
    kms_front_request *request = &state->request;
    grille_kms_header *header = &request->headers[request->header_count];
    (void)kind;
    (void)name_len;
    if (request->header_count == KMS_HEADERS_MOST || (header->name = copy_name(state, name)) == NULL ||
        !copy_value(state, value == NULL ? "" : value, value_len, &header->value)) {
        request->has_too_many_headers = true;
        return MHD_NO;
    }
    if (grille_kms_header_valid(header)) request->header_count++;
    return MHD_YES;
}

static void find_source(struct MHD_Connection *connection, char text[INET6_ADDRSTRLEN]) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    text[0] = '\0';
    if (info == NULL || info->client_addr == NULL) return;
    if (info->client_addr->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)info->client_addr;
        (void)inet_ntop(AF_INET6, &v6->sin6_addr, text, INET6_ADDRSTRLEN);
    } else {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)info->client_addr;
        (void)inet_ntop(AF_INET, &v4->sin_addr, text, INET6_ADDRSTRLEN);
    }
}

/* The body of an answer is text, and may hold a plaintext. */
static void free_answer_body(void *body) {
    grille_wipe(body, strlen(body));
    free(body);
}

/* The answer's body becomes the response's. */
static enum MHD_Result send_answer(struct MHD_Connection *connection, kms_answer *answer) {
    struct MHD_Response *response = NULL;
    enum MHD_Result sent = MHD_NO;
    if (answer->body == NULL) return MHD_NO;
    response = MHD_create_response_from_buffer_with_free_callback(answer->body_len, answer->body, free_answer_body);
    if (response == NULL) return MHD_NO;
    answer->body = NULL;
    answer->body_len = 0;
    if (MHD_add_response_header(response, "Content-Type", "application/x-amz-json-1.1") == MHD_YES &&
        MHD_add_response_header(response, "x-amzn-RequestId", answer->request_id) == MHD_YES)
        sent = MHD_queue_response(connection, answer->status, response);
    MHD_destroy_response(response);
    return sent;
}

static enum MHD_Result answer_whole(kms_front *front, struct MHD_Connection *connection, const char *method,
                                    request_state *state) {
    char source[INET6_ADDRSTRLEN];
    kms_answer answer = {.status = 0};
    enum MHD_Result sent = MHD_NO;
    find_source(connection, source);
    state->request.method = method;
    state->request.path = state->path;
    state->request.source_address = source;
    state->request.now_ms = wall_time_now();
    state->request.body = grille_bytes_of(state->body, state->body_len);
    (void)MHD_get_connection_values_n(connection, MHD_HEADER_KIND, take_header, state);
    kms_front_answer(front, &state->request, &answer);
    sent = send_answer(connection, &answer);
    kms_answer_clear(&answer);
    free_body(state);
    return sent;
}

/* Called once with the header, then with each part of the body, then without one. */
enum MHD_Result kms_serve_part(void *front, struct MHD_Connection *connection, const char *url, const char *method,
                               const char *version, const char *part, size_t *part_bytes, void **request) {
    request_state *state = *request;
    (void)url;
    (void)version;
    if (state == NULL) return MHD_NO;
    if (!state->has_begun) {
        state->has_begun = true;
        return MHD_YES;
    }
    if (*part_bytes == 0) return answer_whole(front, connection, method, state);
    if (!take_body(state, part, *part_bytes)) return MHD_NO;
    *part_bytes = 0;
    return MHD_YES;
}

void kms_serve_end(void *front, struct MHD_Connection *connection, void **request,
                   enum MHD_RequestTerminationCode code) {
    request_state *state = *request;
    (void)front;
    (void)connection;
    (void)code;
    *request = NULL;
    if (state == NULL) return;
    free_body(state);
    grille_wipe(state, sizeof *state);
    free(state);
}
