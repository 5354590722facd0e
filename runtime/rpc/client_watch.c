/* SPDX-License-Identifier: Apache-2.0
 * What is seen of a caller's call from outside: it is counted, probed, and shown to the interceptors. On the calling
 * thread until the call is handed over, then on the loop. */
#include "rpc/client_call_private.h"
#include "rpc/endpoint_private.h"

static grille_time_us now_us(const grille_client_call *call) {
    if (call->endpoint != NULL) return call->endpoint->now_us;
    return call->clock_us != NULL ? call->clock_us() : call->watch.start_us;
}

grille_code grille_client_watch_start(grille_client_call *call, const grille_client_call_request *request,
                                      const char **text) {
    grille_interception_options options = {
        .list = request->interceptors,
        .method = call->method,
        .is_caller = true,
        .arena = &call->arena,
        .clock_us = request->clock_us,
    };
    grille_code code = GRILLE_INTERNAL;
    call->clock_us = request->clock_us;
    grille_call_watch_start(&call->watch, request->stats, call->method, true, request->now_us);
    if (grille_metadata_builder_view(&call->metadata, &options.request) != GRILLE_REASON_OK) return code;
    code = grille_interception_start(&options, &call->watch.interception, text);
    if (code != GRILLE_OK) {
        grille_stats_refused(request->stats, GRILLE_REFUSED_INTERCEPTOR);
        return code;
    }
    if (grille_interception_rebuild(call->watch.interception, GRILLE_METADATA_REQUEST, &call->metadata) ==
        GRILLE_REASON_OK) {
        return code;
    }
    *text = "no memory for the metadata of the call";
    return GRILLE_RESOURCE_EXHAUSTED;
}

static void take_changed(grille_client_call *call, grille_metadata_place place, grille_metadata *shown) {
    grille_metadata changed;
    if (grille_interception_changed(call->watch.interception, place, &changed)) *shown = changed;
}

void grille_client_watch_peer(grille_client_call *call, grille_peer_snapshot *peer) {
    grille_peer_snapshot *before = call->peer;
    if (call->watch.interception == NULL && before == NULL) return;
    call->peer = peer != NULL ? grille_peer_snapshot_ref(peer) : NULL;
    grille_interception_set_peer(call->watch.interception, peer != NULL ? &peer->identity : NULL);
    grille_peer_snapshot_unref(before);
}

void grille_client_watch_headers(grille_client_call *call) {
    grille_interception_headers(call->watch.interception, &call->reply.headers);
    take_changed(call, GRILLE_METADATA_HEADERS, &call->reply.headers);
}

void grille_client_watch_end(grille_client_call *call) {
    grille_interception_end(call->watch.interception, call->reply.code, call->reply.message, &call->reply.trailers);
    take_changed(call, GRILLE_METADATA_TRAILERS, &call->reply.trailers);
    grille_call_watch_end(&call->watch, call->reply.code, now_us(call));
    grille_client_watch_peer(call, NULL);
}
