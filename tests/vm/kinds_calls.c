/* SPDX-License-Identifier: Apache-2.0
 * Each kind of call, in both directions, and large ones. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "kinds.h"

enum { BULK_BYTES = 8 << 20, PIECE_BYTES = 64 << 10, PIECES = BULK_BYTES / PIECE_BYTES };

/* ---- What the parent serves ---- */

static atomic_uint served;

static grille_code echo(grille_call *call, const kinds_blob *request, kinds_blob *response, void *user) {
    (void)user;
    if (grille_peer(call)->kind != GRILLE_IDENTITY_NITRO) return GRILLE_PERMISSION_DENIED;
    atomic_fetch_add(&served, 1);
    const grille_bytes text =
        grille_call_format(call, "the parent heard %.*s", (int)request->data.len, (const char *)request->data.data);
    if (text.data == NULL) return GRILLE_RESOURCE_EXHAUSTED;
    response->data = (ProtobufCBinaryData){text.len, (uint8_t *)(uintptr_t)text.data};
    return GRILLE_OK;
}

grille_code kinds_serve(grille_services *services) {
    static const grille_interop_v1_interop_handlers handlers = {.echo = echo};
    return grille_interop_v1_interop_serve(services, &handlers, NULL, &vm_error);
}

bool kinds_reverse(void) {
    static const char expected[] = "the parent heard the enclave";
    const kinds_blob request = kinds_blob_of("the enclave", 11);
    const unsigned before = atomic_load(&served);
    grille_interop_v1_interop_call_back_reply reply;
    CHECK(grille_interop_v1_interop_call_back(kinds_channel, &request, KINDS_OPTIONS(), &reply) == GRILLE_OK);
    CHECK(reply.response->data.len == strlen(expected));
    CHECK(memcmp(reply.response->data.data, expected, strlen(expected)) == 0);
    CHECK(atomic_load(&served) == before + 1);
    grille_interop_v1_interop_call_back_reply_free(&reply);
    return true;
}

/* ---- One message ---- */

bool kinds_unary(void) {
    CHECK(kinds_echo("a call", KINDS_OPTIONS()) == GRILLE_OK);
    return true;
}

bool kinds_failure(void) {
    Grille__Interop__V1__Failure request = GRILLE__INTEROP__V1__FAILURE__INIT;
    grille_interop_v1_interop_fail_reply reply;
    request.code = GRILLE_NOT_FOUND;
    request.message = "no such thing in here";
    request.details = (ProtobufCBinaryData){3, (uint8_t *)"\x08\x05\x00"};
    CHECK(grille_interop_v1_interop_fail(kinds_channel, &request, KINDS_OPTIONS(), &reply) == GRILLE_NOT_FOUND);
    CHECK(strcmp(reply.message, "no such thing in here") == 0 && reply.response == NULL);
    CHECK(reply.details.len == 3 && memcmp(reply.details.data, "\x08\x05", 3) == 0);
    CHECK(reply.trailers.count == 1 && strcmp(reply.trailers.pairs[0].key, "t-why-bin") == 0);
    grille_interop_v1_interop_fail_reply_free(&reply);
    return true;
}

bool kinds_not_allowed(void) {
    const kinds_blob request = kinds_blob_of("x", 1);
    grille_interop_v1_interop_secret_reply reply;
    CHECK(grille_interop_v1_interop_secret(kinds_channel, &request, KINDS_OPTIONS(), &reply) ==
          GRILLE_PERMISSION_DENIED);
    grille_interop_v1_interop_secret_reply_free(&reply);
    return true;
}

/* ---- Streams ---- */

bool kinds_client_stream(void) {
    static uint8_t bytes[20000];
    static const size_t sizes[] = {0, 1, 1000, 16384, sizeof bytes};
    grille_interop_v1_interop_upload_stream *stream = NULL;
    grille_interop_v1_interop_upload_reply reply;
    size_t sum = 0;
    CHECK(grille_interop_v1_interop_upload_begin(kinds_channel, KINDS_OPTIONS(), &stream, &vm_error) == GRILLE_OK);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const kinds_blob message = kinds_blob_of(bytes, sizes[i]);
        CHECK(grille_interop_v1_interop_upload_write(stream, &message) == GRILLE_OK);
        sum += sizes[i];
    }
    CHECK(grille_interop_v1_interop_upload_finish(stream, &reply) == GRILLE_OK);
    CHECK(reply.response->messages == sizeof sizes / sizeof sizes[0] && reply.response->bytes == sum);
    grille_interop_v1_interop_upload_reply_free(&reply);
    return true;
}

bool kinds_server_stream(void) {
    Grille__Interop__V1__Plan plan = GRILLE__INTEROP__V1__PLAN__INIT;
    grille_interop_v1_interop_download_stream *stream = NULL;
    grille_interop_v1_interop_download_reply reply;
    const kinds_blob *message = NULL;
    uint32_t count = 0;
    plan.messages = 20;
    plan.bytes = 5000;
    CHECK(grille_interop_v1_interop_download_begin(kinds_channel, &plan, KINDS_OPTIONS(), &stream, &vm_error) ==
          GRILLE_OK);
    for (; grille_interop_v1_interop_download_read(stream, &message) == GRILLE_OK; count++) {
        CHECK(message->data.len == plan.bytes);
        for (uint32_t i = 0; i < plan.bytes; i++)
            CHECK(message->data.data[i] == (count + i) % 251);
    }
    CHECK(grille_interop_v1_interop_download_finish(stream, &reply) == GRILLE_OK && count == plan.messages);
    grille_interop_v1_interop_download_reply_free(&reply);
    return true;
}

bool kinds_both_stream(void) {
    grille_interop_v1_interop_chat_stream *stream = NULL;
    grille_interop_v1_interop_chat_reply reply;
    const kinds_blob *answer = NULL;
    CHECK(grille_interop_v1_interop_chat_begin(kinds_channel, KINDS_OPTIONS(), &stream, &vm_error) == GRILLE_OK);
    for (uint8_t i = 0; i < 10; i++) {
        const kinds_blob message = kinds_blob_of(&i, 1);
        CHECK(grille_interop_v1_interop_chat_write(stream, &message) == GRILLE_OK);
        CHECK(grille_interop_v1_interop_chat_read(stream, &answer) == GRILLE_OK);
        CHECK(answer->data.len == 1 && answer->data.data[0] == i);
    }
    CHECK(grille_interop_v1_interop_chat_half_close(stream) == GRILLE_OK);
    CHECK(grille_interop_v1_interop_chat_read(stream, &answer) == GRILLE_END_OF_STREAM);
    CHECK(grille_interop_v1_interop_chat_finish(stream, &reply) == GRILLE_OK);
    grille_interop_v1_interop_chat_reply_free(&reply);
    return true;
}

/* ---- Bulk ---- */

static uint8_t *pattern(size_t len) {
    uint8_t *bytes = malloc(len);
    for (size_t i = 0; bytes != NULL && i < len; i++)
        bytes[i] = (uint8_t)(i % 251 + i / 65536);
    return bytes;
}

bool kinds_bulk_calls(void) {
    uint8_t *bytes = pattern(BULK_BYTES);
    const kinds_blob request = kinds_blob_of(bytes, BULK_BYTES);
    grille_interop_v1_interop_echo_reply reply;
    CHECK(bytes != NULL);
    CHECK(grille_interop_v1_interop_echo(kinds_channel, &request, KINDS_OPTIONS(), &reply) == GRILLE_OK);
    CHECK(reply.response->data.len == BULK_BYTES && memcmp(reply.response->data.data, bytes, BULK_BYTES) == 0);
    grille_interop_v1_interop_echo_reply_free(&reply);
    free(bytes);
    return true;
}

typedef struct pouring {
    grille_interop_v1_interop_chat_stream *stream;
    const uint8_t *bytes;
    grille_code code;
} pouring;

static void *pour(void *user) {
    pouring *own = user;
    for (size_t i = 0; i < PIECES && own->code == GRILLE_OK; i++) {
        const kinds_blob message = kinds_blob_of(own->bytes + i * PIECE_BYTES, PIECE_BYTES);
        own->code = grille_interop_v1_interop_chat_write(own->stream, &message);
    }
    if (own->code == GRILLE_OK) own->code = grille_interop_v1_interop_chat_half_close(own->stream);
    return NULL;
}

bool kinds_bulk_stream(void) {
    uint8_t *bytes = pattern(BULK_BYTES);
    pouring own = {.bytes = bytes, .code = GRILLE_OK};
    const kinds_blob *answer = NULL;
    grille_interop_v1_interop_chat_reply reply;
    pthread_t writer;
    size_t right = 0;
    CHECK(bytes != NULL);
    CHECK(grille_interop_v1_interop_chat_begin(kinds_channel, KINDS_OPTIONS(), &own.stream, &vm_error) == GRILLE_OK);
    CHECK(pthread_create(&writer, NULL, pour, &own) == 0);
    for (size_t i = 0; grille_interop_v1_interop_chat_read(own.stream, &answer) == GRILLE_OK; i++)
        if (answer->data.len == PIECE_BYTES && memcmp(answer->data.data, bytes + i * PIECE_BYTES, PIECE_BYTES) == 0)
            right++;
    (void)pthread_join(writer, NULL);
    CHECK(grille_interop_v1_interop_chat_finish(own.stream, &reply) == GRILLE_OK);
    CHECK(own.code == GRILLE_OK && right == PIECES);
    grille_interop_v1_interop_chat_reply_free(&reply);
    free(bytes);
    return true;
}
