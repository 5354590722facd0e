/* SPDX-License-Identifier: Apache-2.0
 * What is seen of a handler's call from outside: it is counted, probed, and shown to the interceptors. All on the loop
 * thread, in memory of the session's stream, so that a handler on another thread is not in the way. */
#include "rpc/endpoint_private.h"

static grille_time_us now_us(const grille_server_call *call) {
    const grille_endpoint *endpoint = call->endpoint;
    if (call->ended_us != 0) return call->ended_us;
    return endpoint->clock_us != NULL ? endpoint->clock_us() : endpoint->now_us;
}

bool grille_server_watch_start(grille_server_call *call) {
    grille_endpoint *endpoint = call->endpoint;
    const char *text = "";
    const grille_interception_options options = {
        .list = endpoint->interceptors,
        .method = call->registered->method,
        .peer = &call->peer->identity,
        .arena = grille_stream_arena(call->stream),
        .clock_us = endpoint->clock_us,
        .request = call->request_metadata,
        .max_metadata_bytes = grille_session_peer_settings(endpoint->session)->max_metadata_bytes,
    };
    grille_code code = GRILLE_OK;
    grille_call_watch_start(&call->watch, endpoint->stats, options.method, false, endpoint->now_us);
    code = grille_interception_start(&options, &call->watch.interception, &text);
    if (code != GRILLE_OK) {
        grille_stats_refused(endpoint->stats, GRILLE_REFUSED_INTERCEPTOR);
        grille_server_call_abandon(call, code, text, GRILLE_CALL_END_BROKEN);
        return false;
    }
    call->pairs_made = grille_interception_changed(call->watch.interception, GRILLE_METADATA_REQUEST, &call->pairs);
    return true;
}

grille_reason grille_server_watch_headers(grille_server_call *call) {
    grille_metadata_view view = {0};
    grille_reason reason = GRILLE_REASON_OK;
    if (call->watch.interception == NULL) return reason;
    reason = grille_metadata_builder_view(&call->headers, &view);
    if (reason != GRILLE_REASON_OK) return reason;
    grille_interception_headers_view(call->watch.interception, &view);
    return grille_interception_rebuild(call->watch.interception, GRILLE_METADATA_HEADERS, &call->headers);
}

void grille_server_watch_end(grille_server_call *call, grille_code code, const char *text,
                             grille_metadata_builder *trailers) {
    grille_metadata_view view = {0};
    if (call->watch.interception != NULL) {
        if (grille_metadata_builder_view(trailers, &view) != GRILLE_REASON_OK) view = (grille_metadata_view){0};
        grille_interception_end_view(call->watch.interception, code, text, &view);
        /* Without memory for what was changed the trailers are those of the handler. */
        if (grille_interception_rebuild(call->watch.interception, GRILLE_METADATA_TRAILERS, trailers) !=
            GRILLE_REASON_OK) {
            grille_stats_refused(call->endpoint->stats, GRILLE_REFUSED_LIMIT);
        }
    }
    if (call->watch.method != NULL) grille_call_watch_end(&call->watch, code, now_us(call));
}
