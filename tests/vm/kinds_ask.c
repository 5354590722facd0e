/* SPDX-License-Identifier: Apache-2.0
 * Calls that several cases make. */
#include <string.h>

#include "kinds.h"

kinds_blob kinds_blob_of(const void *bytes, size_t len) {
    kinds_blob blob = GRILLE__INTEROP__V1__BLOB__INIT;
    blob.data = (ProtobufCBinaryData){len, (uint8_t *)(uintptr_t)bytes};
    return blob;
}

/* Keeps why it failed. */
static grille_code note(grille_code code, const char *message) {
    vm_error.code = code;
    (void)snprintf(vm_error.text, sizeof vm_error.text, "%s: %s", grille_code_name(code), message);
    return code;
}

grille_code kinds_echo(const char *text, const grille_call_options *options) {
    const kinds_blob request = kinds_blob_of(text, strlen(text));
    grille_interop_v1_interop_echo_reply reply;
    grille_code code = grille_interop_v1_interop_echo(kinds_channel, &request, options, &reply);
    (void)note(code, reply.message);
    if (code == GRILLE_OK && (reply.response->data.len != request.data.len ||
                              memcmp(reply.response->data.data, text, request.data.len) != 0))
        code = note(GRILLE_DATA_LOSS, "not what was sent");
    grille_interop_v1_interop_echo_reply_free(&reply);
    return code;
}

bool kinds_ask(kinds_told *told) {
    const Grille__Vm__V1__Nothing request = GRILLE__VM__V1__NOTHING__INIT;
    grille_vm_v1_guest_tell_reply reply;
    const grille_code code = grille_vm_v1_guest_tell(kinds_channel, &request, KINDS_OPTIONS(.no_retry = true), &reply);
    (void)note(code, reply.message);
    if (code == GRILLE_OK) *told = *reply.response;
    grille_vm_v1_guest_tell_reply_free(&reply);
    return code == GRILLE_OK;
}

bool kinds_wait_for(uint32_t waiting, uint32_t cancelled) {
    Grille__Interop__V1__Counts request = GRILLE__INTEROP__V1__COUNTS__INIT;
    grille_interop_v1_interop_wait_for_reply reply;
    request.waiting = waiting;
    request.cancelled = cancelled;
    const grille_code code = grille_interop_v1_interop_wait_for(kinds_channel, &request, KINDS_OPTIONS(), &reply);
    (void)note(code, reply.message);
    grille_interop_v1_interop_wait_for_reply_free(&reply);
    return code == GRILLE_OK;
}

uint32_t kinds_epoch(void) {
    grille_peer_identity peer;
    return grille_channel_get_peer(kinds_channel, &peer) == GRILLE_OK ? peer.epoch : 0;
}

int64_t kinds_document_time_ms(void) {
    grille_peer_identity peer;
    return grille_channel_get_peer(kinds_channel, &peer) == GRILLE_OK ? peer.document_time_ms : 0;
}

static void on_end(const grille_interop_v1_interop_wait_reply *reply, void *user) {
    kinds_held *held = user;
    (void)pthread_mutex_lock(&held->lock);
    held->ended = true;
    held->code = reply->code;
    (void)pthread_cond_signal(&held->changed);
    (void)pthread_mutex_unlock(&held->lock);
}

bool kinds_hold(kinds_held *held, const grille_call_options *options) {
    const kinds_blob request = kinds_blob_of(NULL, 0);
    const grille_code code =
        grille_interop_v1_interop_wait_async(kinds_channel, &request, options, on_end, held, &held->call);
    return note(code, grille_code_text(code)) == GRILLE_OK;
}

grille_code kinds_held_end(kinds_held *held) {
    (void)pthread_mutex_lock(&held->lock);
    while (!held->ended)
        (void)pthread_cond_wait(&held->changed, &held->lock);
    (void)pthread_mutex_unlock(&held->lock);
    return held->code;
}
