/* SPDX-License-Identifier: Apache-2.0
 * Streams: each sends what its window takes. A message's latency is the time since the one before it on its stream;
 * that of a message which went both ways is taken when it is back. */
#include <stdlib.h>

#include "bench/rpc/load.h"

/* One stream. All on its connection's loop thread. */
typedef struct lane {
    bench_rpc_load_state *load;
    uint64_t last_ns;
    uint64_t sent;
    bool ended; /* half-closed or cancelled by us */
} lane;

/* The streams of one connection begin on its loop's thread, where they go on. */
typedef struct group {
    bench_rpc_load_state *load;
    grille_channel *channel;
    lane *lanes;
    uint32_t count;
} group;

static bool note(lane *own, size_t message_bytes) {
    const uint64_t now_ns = bench_now_ns();
    const uint64_t since_ns = now_ns - own->last_ns;
    own->last_ns = now_ns;
    return bench_rpc_note(own->load, now_ns, since_ns, message_bytes);
}

static bool is_over(const lane *own) {
    return atomic_load_explicit(&own->load->over, memory_order_relaxed);
}

/* Half-closed, or it is over already: then its last callback tells why. */
static void end_it(lane *own, grille_code code) {
    own->ended = true;
    if (code != GRILLE_OK && code != GRILLE_CLOSED) {
        bench_rpc_failed(own->load, "half-close", code, grille_code_text(code));
    }
}

/* ---- Up ---- */

static void up_pump(client_grille_bench_v1_echo_up_stream *stream, void *user) {
    lane *own = user;
    bool more = !is_over(own);
    while (more) {
        const grille_code code = client_grille_bench_v1_echo_up_send(stream, &own->load->ball);
        if (code == GRILLE_AGAIN) return;
        if (code != GRILLE_OK) break;
        own->sent++;
        more = note(own, own->load->ball.payload.len);
    }
    if (!own->ended) end_it(own, client_grille_bench_v1_echo_up_half_close(stream));
}

static void up_done(client_grille_bench_v1_echo_up_stream *stream, const client_grille_bench_v1_echo_up_reply *reply,
                    void *user) {
    lane *own = user;
    (void)stream;
    if (reply->code != GRILLE_OK) {
        bench_rpc_failed(own->load, "Up", reply->code, reply->message);
    } else if (reply->response->messages != own->sent ||
               reply->response->bytes != own->sent * own->load->ball.payload.len) {
        bench_rpc_failed(own->load, "Up", GRILLE_DATA_LOSS, "the server counts other messages than were sent");
    }
    bench_rpc_land(own->load);
}

static grille_code up_begin(grille_channel *channel, lane *own) {
    static const client_grille_bench_v1_echo_up_events events = {.on_writable = up_pump, .on_done = up_done};
    client_grille_bench_v1_echo_up_stream *stream = NULL;
    const grille_code code = client_grille_bench_v1_echo_up_open(channel, NULL, &events, own, &stream);
    if (code == GRILLE_OK) up_pump(stream, own);
    return code;
}

/* ---- Down ---- */

static void down_message(client_grille_bench_v1_echo_down_stream *stream, const Grille__Bench__V1__Ball *message,
                         void *user) {
    lane *own = user;
    if (own->ended) return;
    if (message->payload.len != own->load->ball.payload.len) {
        bench_rpc_failed(own->load, "Down", GRILLE_DATA_LOSS, "a message of another size came");
    }
    if (!is_over(own) && note(own, message->payload.len)) return;
    own->ended = true;
    client_grille_bench_v1_echo_down_cancel(stream);
}

static void down_done(client_grille_bench_v1_echo_down_stream *stream,
                      const client_grille_bench_v1_echo_down_reply *reply, void *user) {
    lane *own = user;
    (void)stream;
    if (!own->ended || reply->code != GRILLE_CANCELLED) {
        bench_rpc_failed(own->load, "Down", reply->code, reply->message);
    }
    bench_rpc_land(own->load);
}

static grille_code down_begin(grille_channel *channel, lane *own) {
    static const client_grille_bench_v1_echo_down_events events = {.on_message = down_message, .on_done = down_done};
    client_grille_bench_v1_echo_down_stream *stream = NULL;
    Grille__Bench__V1__Ask ask = GRILLE__BENCH__V1__ASK__INIT;
    ask.bytes = (uint32_t)own->load->ball.payload.len;
    return client_grille_bench_v1_echo_down_open(channel, &ask, NULL, &events, own, &stream);
}

/* ---- Both ---- */

static void both_end(client_grille_bench_v1_echo_both_stream *stream, lane *own) {
    if (!own->ended) end_it(own, client_grille_bench_v1_echo_both_half_close(stream));
}

static void both_pump(client_grille_bench_v1_echo_both_stream *stream, void *user) {
    lane *own = user;
    while (!own->ended && !is_over(own)) {
        const grille_code code = client_grille_bench_v1_echo_both_send(stream, &own->load->ball);
        if (code == GRILLE_AGAIN) return;
        if (code != GRILLE_OK) break;
        own->sent++;
    }
    both_end(stream, own);
}

static void both_message(client_grille_bench_v1_echo_both_stream *stream, const Grille__Bench__V1__Ball *message,
                         void *user) {
    lane *own = user;
    own->sent--;
    if (own->ended) return;
    if (message->payload.len != own->load->ball.payload.len) {
        bench_rpc_failed(own->load, "Both", GRILLE_DATA_LOSS, "a message of another size came back");
    }
    if (is_over(own) || !note(own, 2 * message->payload.len)) both_end(stream, own);
}

static void both_done(client_grille_bench_v1_echo_both_stream *stream,
                      const client_grille_bench_v1_echo_both_reply *reply, void *user) {
    lane *own = user;
    (void)stream;
    if (reply->code != GRILLE_OK) {
        bench_rpc_failed(own->load, "Both", reply->code, reply->message);
    } else if (own->sent != 0) {
        bench_rpc_failed(own->load, "Both", GRILLE_DATA_LOSS, "not all messages came back");
    }
    bench_rpc_land(own->load);
}

static grille_code both_begin(grille_channel *channel, lane *own) {
    static const client_grille_bench_v1_echo_both_events events = {
        .on_message = both_message, .on_writable = both_pump, .on_done = both_done};
    client_grille_bench_v1_echo_both_stream *stream = NULL;
    const grille_code code = client_grille_bench_v1_echo_both_open(channel, NULL, &events, own, &stream);
    if (code == GRILLE_OK) both_pump(stream, own);
    return code;
}

/* ---- All of them ---- */

static void begin(grille_channel *channel, lane *own) {
    grille_code code = GRILLE_OK;
    own->last_ns = bench_now_ns();
    bench_rpc_start(own->load);
    switch (own->load->spec->pattern) {
    case BENCH_STREAM_UP:
        code = up_begin(channel, own);
        break;
    case BENCH_STREAM_DOWN:
        code = down_begin(channel, own);
        break;
    default:
        code = both_begin(channel, own);
        break;
    }
    if (code == GRILLE_OK) return;
    bench_rpc_failed(own->load, "a stream did not begin", code, grille_code_text(code));
    bench_rpc_land(own->load);
}

static void on_kick(const client_grille_bench_v1_echo_ping_reply *reply, void *user) {
    group *own = user;
    if (reply->code == GRILLE_OK) {
        for (uint32_t i = 0; i < own->count; i++)
            begin(own->channel, &own->lanes[i]);
    } else {
        bench_rpc_failed(own->load, "Ping", reply->code, reply->message);
    }
    bench_rpc_land(own->load);
}

static void kick(group *own) {
    grille_code code = GRILLE_OK;
    bench_rpc_start(own->load);
    code = client_grille_bench_v1_echo_ping_async(own->channel, &own->load->ball, NULL, on_kick, own, NULL);
    if (code == GRILLE_OK) return;
    bench_rpc_failed(own->load, "a call did not begin", code, grille_code_text(code));
    bench_rpc_land(own->load);
}

void bench_rpc_load_streams(bench_rpc_load_state *load) {
    const uint32_t each = load->spec->in_flight > 0 ? load->spec->in_flight : 1;
    group *groups = calloc(load->channel_count, sizeof *groups);
    lane *lanes = calloc((size_t)load->channel_count * each, sizeof *lanes);
    if (groups != NULL && lanes != NULL) {
        for (uint32_t i = 0; i < load->channel_count * each; i++)
            lanes[i].load = load;
        for (uint32_t i = 0; i < load->channel_count; i++) {
            groups[i] = (group){load, load->channels[i], &lanes[(size_t)i * each], each};
            kick(&groups[i]);
        }
        bench_rpc_wait(load);
    } else {
        bench_rpc_failed(load, "streams", GRILLE_OUT_OF_MEMORY, "no memory");
    }
    free(lanes);
    free(groups);
}
