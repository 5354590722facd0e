/* SPDX-License-Identifier: Apache-2.0
 * The server that the second implementation calls: interop_server POLICY ADDRESS nitro SIM_FOLDER - IDLE_MS AGE_MS
 *                                              or: interop_server POLICY ADDRESS x509 CHAIN KEY IDLE_MS AGE_MS
 * 0 is never. Prints "ready" when it listens. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "grille/grille.h"
#include "tests/interop/interop.grille-nano.h"

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

static void check(grille_code code, const grille_error *error) {
    if (code == GRILLE_OK) return;
    (void)printf("%s: %s\n", error->name, error->text);
    exit(1);
}

/* Ready is who drains on SIGTERM instead of dying of it. */
static void *announce(void *argument) {
    struct sigaction action;
    (void)argument;
    while (sigaction(SIGTERM, NULL, &action) == 0 && action.sa_handler == SIG_DFL)
        usleep(500);
    (void)printf("ready\n");
    (void)fflush(stdout);
    return NULL;
}

static void serve(grille_server *server, const char *address) {
    static const grille_interop_v1_interop_handlers handlers = {
        .echo = echo,
        .fail = fail,
        .make = make,
        .wait = wait_call,
        .wait_for = wait_for,
        .upload = {.open = upload_open, .message = upload_message, .half_close = upload_half_close, .end = upload_end},
        .download = {.open = download_open, .writable = download_go_on, .end = download_end},
        .chat = chat,
        .call_back = call_back,
        .secret = echo};
    grille_error error;
    pthread_t announcer;
    check(grille_interop_v1_interop_register_with_error(server, &handlers, NULL, &error), &error);
    check(grille_server_listen(server, address, &error), &error);
    if (pthread_create(&announcer, NULL, announce, NULL) != 0) exit(1);
    check(grille_server_run(server, &error), &error);
    (void)pthread_join(announcer, NULL);
}

int main(int argc, char **argv) {
    grille_server_options options = grille_server_options_default();
    grille_identity *identity = NULL;
    grille_server *server = NULL;
    grille_error error;
    if (argc != 8) return 2;
    check(grille_policy_load(argv[1], &options.policy, &error), &error);
    if (strcmp(argv[3], "nitro") == 0) {
        check(grille_identity_open_nsm(argv[4], &identity, &error), &error);
    } else {
        check(grille_identity_load_x509(argv[4], argv[5], &identity, &error), &error);
    }
    options.identity = identity;
    options.build = 7;
    options.idle_timeout_ms = (uint32_t)strtoul(argv[6], NULL, 10);
    options.max_age_ms = (uint32_t)strtoul(argv[7], NULL, 10);
    options.max_message_bytes = 1 << 20;
    check(grille_server_new(&options, &server, &error), &error);
    serve(server, argv[2]);
    grille_server_free(server);
    grille_identity_free(identity);
    grille_policy_free(options.policy);
    return 0;
}
