/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/interop/interop_handlers.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

/* Handlers that began to wait, and that were left. */
static atomic_uint waiting, cancelled;

/* "h-…" to the headers, "t-…" to the trailers. */
static grille_code echo_metadata(grille_call *call) {
    const grille_metadata *metadata = grille_call_metadata(call);
    grille_code code = GRILLE_OK;
    for (size_t i = 0; i < metadata->count && code == GRILLE_OK; i++) {
        const grille_metadata_pair *pair = &metadata->pairs[i];
        if (strncmp(pair->key, "h-", 2) == 0) code = grille_call_add_header(call, pair->key, pair->value);
        if (strncmp(pair->key, "t-", 2) == 0) code = grille_call_add_trailer(call, pair->key, pair->value);
    }
    return code;
}

static grille_code echo(grille_call *call, const grille_interop_v1_Blob *request, grille_interop_v1_Blob *response,
                        void *user) {
    (void)user;
    response->data = request->data;
    return echo_metadata(call);
}

static grille_code fail(grille_call *call, const grille_interop_v1_Failure *request, grille_interop_v1_Blob *response,
                        void *user) {
    const grille_bytes details = {request->details.data, request->details.len};
    grille_code code = grille_call_set_details(call, details);
    (void)response, (void)user;
    if (code == GRILLE_OK) code = grille_call_add_trailer(call, "t-why-bin", details);
    if (code != GRILLE_OK) return code;
    return grille_fail(call, (grille_code)request->code, "%.*s", (int)request->message.len,
                       (const char *)request->message.data);
}

static grille_code make(grille_call *call, const grille_interop_v1_Size *request, grille_interop_v1_Blob *response,
                        void *user) {
    uint8_t *bytes = grille_call_alloc(call, request->value);
    (void)user;
    if (bytes == NULL) return GRILLE_RESOURCE_EXHAUSTED;
    for (uint32_t i = 0; i < request->value; i++)
        bytes[i] = (uint8_t)(i % 251);
    response->data.data = bytes;
    response->data.len = request->value;
    return GRILLE_OK;
}

static grille_code wait_call(grille_call *call, const grille_interop_v1_Blob *request, grille_interop_v1_Blob *response,
                             void *user) {
    (void)request, (void)response, (void)user;
    atomic_fetch_add(&waiting, 1);
    while (!grille_call_cancelled(call))
        usleep(500);
    atomic_fetch_add(&cancelled, 1);
    return GRILLE_CANCELLED;
}

static grille_code wait_for(grille_call *call, const grille_interop_v1_Counts *request,
                            grille_interop_v1_Blob *response, void *user) {
    (void)response, (void)user;
    while (atomic_load(&waiting) < request->waiting || atomic_load(&cancelled) < request->cancelled) {
        if (grille_call_cancelled(call)) return GRILLE_CANCELLED;
        usleep(500);
    }
    return GRILLE_OK;
}

static grille_code call_back(grille_call *call, const grille_interop_v1_Blob *request, grille_interop_v1_Blob *response,
                             void *user) {
    grille_interop_v1_interop_echo_reply reply;
    (void)user;
    grille_code code = grille_interop_v1_interop_echo(grille_call_peer_channel(call), request,
                                                      &GRILLE_CALL_OPTIONS(.parent = call), &reply);
    if (code == GRILLE_OK && reply.response->data.len > 0) {
        uint8_t *copy = grille_call_alloc(call, reply.response->data.len);
        if (copy == NULL) {
            code = GRILLE_RESOURCE_EXHAUSTED;
        } else {
            memcpy(copy, reply.response->data.data, reply.response->data.len);
            response->data.data = copy;
            response->data.len = reply.response->data.len;
        }
    } else if (code != GRILLE_OK) {
        (void)grille_fail(call, code, "%s", reply.message);
    }
    grille_interop_v1_interop_echo_reply_free(&reply);
    return code;
}

static grille_code epoch(grille_call *call, const grille_interop_v1_Blob *request, grille_interop_v1_Size *response,
                         void *user) {
    (void)request, (void)user;
    response->value = grille_peer(call)->epoch;
    return GRILLE_OK;
}

/* ---- streams ---- */

typedef grille_interop_v1_interop_upload_server_stream upload_stream;
typedef grille_interop_v1_interop_download_server_stream download_stream;
typedef grille_interop_v1_interop_chat_server_stream chat_stream;

static void note_end(grille_call_end why) {
    if (why != GRILLE_CALL_END_ANSWERED) atomic_fetch_add(&cancelled, 1);
}

static grille_code upload_open(upload_stream *stream, void *user) {
    grille_call *call = grille_interop_v1_interop_upload_server_call(stream);
    grille_interop_v1_Total *total = grille_call_alloc(call, sizeof *total);
    (void)user;
    if (total == NULL) return GRILLE_RESOURCE_EXHAUSTED;
    grille_call_set_data(call, total);
    atomic_fetch_add(&waiting, 1);
    return GRILLE_OK;
}

static void upload_message(upload_stream *stream, const grille_interop_v1_Blob *message, void *user) {
    grille_interop_v1_Total *total = grille_call_data(grille_interop_v1_interop_upload_server_call(stream));
    (void)user;
    total->messages++;
    total->bytes += message->data.len;
}

static void upload_half_close(upload_stream *stream, void *user) {
    const grille_interop_v1_Total *total = grille_call_data(grille_interop_v1_interop_upload_server_call(stream));
    (void)user;
    (void)grille_interop_v1_interop_upload_server_finish(stream, GRILLE_OK, total);
}

static void upload_end(upload_stream *stream, grille_call_end why, void *user) {
    (void)stream, (void)user;
    note_end(why);
}

typedef struct download {
    grille_interop_v1_Plan plan;
    uint32_t sent;
    uint8_t bytes[];
} download;

static void download_go_on(download_stream *stream, void *user) {
    download *state = grille_call_data(grille_interop_v1_interop_download_server_call(stream));
    grille_code code = GRILLE_OK;
    (void)user;
    while (state->sent < state->plan.messages) {
        const grille_interop_v1_Blob blob = {.data = {.data = state->bytes, .len = state->plan.bytes}};
        for (uint32_t i = 0; i < state->plan.bytes; i++)
            state->bytes[i] = (uint8_t)((state->sent + i) % 251);
        code = grille_interop_v1_interop_download_server_send(stream, &blob);
        if (code == GRILLE_AGAIN) return;
        if (code != GRILLE_OK) break;
        state->sent++;
    }
    (void)grille_interop_v1_interop_download_server_finish(stream, code);
}

static grille_code download_open(download_stream *stream, const grille_interop_v1_Plan *plan, void *user) {
    grille_call *call = grille_interop_v1_interop_download_server_call(stream);
    download *state = grille_call_alloc(call, sizeof *state + plan->bytes);
    if (state == NULL) return GRILLE_RESOURCE_EXHAUSTED;
    state->plan = *plan;
    grille_call_set_data(call, state);
    atomic_fetch_add(&waiting, 1);
    download_go_on(stream, user);
    return GRILLE_OK;
}

static void download_end(download_stream *stream, grille_call_end why, void *user) {
    (void)stream, (void)user;
    note_end(why);
}

static bool is_stop(const grille_interop_v1_Blob *message) {
    return message->data.len == 4 && memcmp(message->data.data, "stop", 4) == 0;
}

static grille_code chat(chat_stream *stream, void *user) {
    grille_call *call = grille_interop_v1_interop_chat_server_call(stream);
    const grille_interop_v1_Blob *message = NULL;
    grille_code code = echo_metadata(call);
    (void)user;
    atomic_fetch_add(&waiting, 1);
    while (code == GRILLE_OK) {
        code = grille_interop_v1_interop_chat_server_read(stream, &message);
        if (code != GRILLE_OK) break;
        if (is_stop(message)) return grille_fail(call, GRILLE_ABORTED, "stopped as asked");
        code = grille_interop_v1_interop_chat_server_write(stream, message);
    }
    if (code == GRILLE_END_OF_STREAM) return GRILLE_OK;
    if (grille_call_cancelled(call)) atomic_fetch_add(&cancelled, 1);
    return code;
}

const grille_interop_v1_interop_handlers interop_handlers = {
    .echo = echo,
    .fail = fail,
    .make = make,
    .wait = wait_call,
    .wait_for = wait_for,
    .upload = {.open = upload_open, .message = upload_message, .half_close = upload_half_close, .end = upload_end},
    .download = {.open = download_open, .writable = download_go_on, .end = download_end},
    .chat = chat,
    .call_back = call_back,
    .epoch = epoch,
    .secret = echo};

void interop_get_counts(grille_interop_v1_Counts *counts) {
    counts->waiting = atomic_load(&waiting);
    counts->cancelled = atomic_load(&cancelled);
}
