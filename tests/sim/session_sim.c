/* SPDX-License-Identifier: Apache-2.0
 * The transport, time, and what must hold. */
#include "session_sim.h"

#include <stdlib.h>

#include "base/bytes.h"

#include "sim_state.h"

enum { STEPS = 1500, BUDGET_BYTES = 8 << 20, SMALL_BUDGET_BYTES = 500000 };

/* ---- The transport ---- */

static void fill_pipe(sim *s, sim_end *end) {
    if (end->pipe_len > 0) return;
    CHECK(grille_session_send(end->session, end->pipe, sizeof end->pipe, &end->pipe_len, s->now_us) ==
          GRILLE_REASON_OK);
    end->pipe_at = 0;
    for (size_t i = 0; i < end->pipe_len; i += 61)
        sim_trace(s, end->pipe[i]);
}

/* False when nothing moved. */
static bool carry(sim *s, int from, size_t most) {
    sim_end *end = &s->ends[from];
    sim_end *other = &s->ends[1 - from];
    size_t len = 0;
    fill_pipe(s, end);
    len = end->pipe_len - end->pipe_at;
    if (len > most) len = most;
    if (len > 0) {
        const grille_reason reason =
            grille_session_recv(other->session, grille_bytes_of(end->pipe + end->pipe_at, len), s->now_us);
        if (reason != GRILLE_REASON_OK) {
            fail_msg("seed %llu: %s", (unsigned long long)s->seed, grille_session_failure(other->session)->text);
        }
        end->pipe_at += len;
    }
    if (end->pipe_len > 0 && end->pipe_at == end->pipe_len) {
        end->pipe_len = 0;
        grille_session_sent(end->session, s->now_us);
    }
    return len > 0;
}

static void carry_all(sim *s) {
    bool moved = true;
    for (int round = 0; moved; round++) {
        CHECK(round < 20000);
        moved = carry(s, 0, PIPE_BYTES);
        moved = carry(s, 1, PIPE_BYTES) || moved;
    }
    CHECK(!grille_session_wants_write(s->ends[0].session));
    CHECK(!grille_session_wants_write(s->ends[1].session));
}

/* ---- What must hold after each step ---- */

static void check_end(sim *s, const sim_end *end) {
    const grille_session_stats stats = grille_session_get_stats(end->session);
    const grille_settings *limits = &end->options.settings;
    CHECK(end->budget.used_bytes <= end->budget.limit_bytes);
    CHECK(stats.peer_streams <= limits->max_streams);
    CHECK(stats.handlers <= limits->max_handlers);
    CHECK(stats.own_streams <= end->options.max_own_streams);
    CHECK(stats.slots <= 2 * limits->max_streams + limits->max_handlers + 2 * end->options.max_own_streams);
    CHECK(stats.slots <= stats.slots_held);
    CHECK(stats.receive_credit_bytes <= limits->connection_window_bytes);
    CHECK(stats.undone_bytes <= limits->connection_window_bytes);
    CHECK((stats.undone_bytes > 0) == (stats.largest_holder_bytes > 0));
    CHECK(stats.largest_holder_bytes <= limits->stream_window_bytes);
    CHECK(stats.largest_holder_bytes <= stats.undone_bytes);
}

/* Credit that one end may use is never more than what the other end expects, and the same when nothing is under way. */
static void check_credit(sim *s, int sender) {
    const grille_session_stats sending = grille_session_get_stats(s->ends[sender].session);
    const grille_session_stats receiving = grille_session_get_stats(s->ends[1 - sender].session);
    const bool quiet = s->ends[0].pipe_len == 0 && s->ends[1].pipe_len == 0;
    const uint32_t before_settings =
        s->ends[1 - sender].options.settings.connection_window_bytes - GRILLE_MINIMUM_CONNECTION_WINDOW_BYTES;
    CHECK(sending.send_credit_bytes <= receiving.receive_credit_bytes + before_settings);
    if (quiet && s->ends[sender].heard) CHECK(sending.send_credit_bytes == receiving.receive_credit_bytes);
}

static void check(sim *s) {
    for (int i = 0; i < 2; i++) {
        check_end(s, &s->ends[i]);
        check_credit(s, i);
    }
}

static void pass_time(sim *s, uint64_t us) {
    s->now_us += us;
    for (int i = 0; i < 2; i++) {
        sim_end *end = &s->ends[i];
        const grille_reason reason = grille_session_tick(end->session, s->now_us);
        CHECK(reason == GRILLE_REASON_OK);
        CHECK(grille_session_expiry(end->session) > s->now_us);
    }
}

/* ---- A run ---- */

static grille_settings draw_settings(sim *s) {
    grille_settings settings = grille_settings_minimum();
    if (sim_percent(s, 30)) return settings;
    settings.max_streams += sim_below(s, 20);
    settings.max_handlers += sim_below(s, 20);
    settings.max_message_bytes += sim_below(s, LONGEST_MESSAGE - settings.max_message_bytes);
    if (sim_percent(s, 40)) return settings; /* the smallest windows */
    settings.connection_window_bytes += sim_below(s, 4000000);
    settings.stream_window_bytes +=
        sim_below(s, settings.connection_window_bytes / 16 - settings.stream_window_bytes + 1);
    return settings;
}

static uint32_t draw_first_id(sim *s, int index) {
    const uint32_t parity = index == 0 ? 1 : 2;
    const uint32_t chance = sim_below(s, 100);
    if (chance < 20) return 2 * sim_below(s, 1000000) + parity;
    if (chance < 30) return GRILLE_LIMIT_STREAM_ID - 2 * (1 + sim_below(s, 20)) + parity % 2;
    return 0;
}

static void open_end(sim *s, int index) {
    sim_end *end = &s->ends[index];
    end->sim = s;
    end->index = index;
    end->options = grille_session_options_default();
    end->options.initiator = index == 0;
    end->options.settings = draw_settings(s);
    end->options.max_own_streams = 1 + sim_below(s, 40);
    end->options.first_stream_id = draw_first_id(s, index);
    end->options.keepalive_interval_us = sim_percent(s, 50) ? 5000000 : 0;
    end->options.keepalive_timeout_us = 3600000000;
    end->options.budget = &end->budget;
    end->options.events = &sim_events;
    end->options.user = end;
    end->options.now_us = s->now_us;
    grille_budget_init(&end->budget, sim_percent(s, 20) ? SMALL_BUDGET_BYTES : BUDGET_BYTES);
    CHECK(grille_session_new(&end->options, &end->session) == GRILLE_REASON_OK);
    end->idle_bytes = end->budget.used_bytes;
}

static void step(sim *s) {
    const uint32_t choice = sim_below(s, 100);
    if (choice < 8) {
        sim_open_call(s, sim_percent(s, 70) ? 0 : 1);
    } else if (choice < 45 && s->call_count > 0) {
        sim_act(s, &s->calls[sim_below(s, s->call_count)], (int)sim_below(s, 2));
    } else if (choice < 97) {
        (void)carry(s, (int)sim_below(s, 2), 1 + sim_below(s, s->largest_piece));
    } else {
        pass_time(s, sim_below(s, 20000));
    }
    check(s);
}

/* One or both ends, late in the run. */
static void drain_sometimes(sim *s, int at) {
    if (at < STEPS / 2 || !sim_percent(s, 1)) return;
    for (int i = 0; i < 2; i++) {
        if (s->ends[i].drains || sim_percent(s, 50)) continue;
        s->ends[i].drains = true;
        grille_session_drain(s->ends[i].session, GRILLE_DRAIN_SHUTDOWN, s->now_us);
    }
}

static bool all_ended(const sim *s) {
    for (uint32_t i = 0; i < s->call_count; i++) {
        if (s->calls[i].sides[0].stream != NULL || s->calls[i].sides[1].stream != NULL) return false;
    }
    return true;
}

static void act_all(sim *s) {
    for (uint32_t i = 0; i < s->call_count; i++) {
        sim_act(s, &s->calls[i], 0);
        sim_act(s, &s->calls[i], 1);
    }
}

/* Everybody reads and nobody sends more: all that was queued arrives, and everybody who asked hears of room. */
static void heal(sim *s) {
    bool undone = true;
    s->healing = true;
    for (int round = 0; undone; round++) {
        CHECK(round < 200);
        carry_all(s);
        check(s);
        undone = false;
        for (uint32_t i = 0; i < s->call_count; i++)
            undone = undone || s->calls[i].sides[0].undone > 0 || s->calls[i].sides[1].undone > 0;
        act_all(s);
    }
    carry_all(s);
    for (uint32_t i = 0; i < s->call_count; i++) {
        const sim_call *call = &s->calls[i];
        const bool caller_waits = call->sides[0].asked && !call->sides[0].ended && !call->request.closed;
        const bool handler_waits = call->sides[1].asked && !call->sides[1].ended && !call->answer.closed;
        CHECK(!caller_waits && !handler_waits);
        if (call->sides[1].stream == NULL || call->sides[1].ended) continue;
        CHECK(call->request.received == call->request.sent);
        CHECK(call->request.heard_closed == call->request.closed);
    }
}

/* Everybody finishes: after a healed network every call ends. */
static void settle(sim *s) {
    s->closing = true;
    for (int round = 0; !all_ended(s); round++) {
        CHECK(round < 1000);
        act_all(s);
        carry_all(s);
        check(s);
    }
    for (int i = 0; i < 2; i++) {
        carry_all(s);
        pass_time(s, 1100000);
    }
    carry_all(s);
    pass_time(s, 1100000);
}

static void check_settled(sim *s) {
    for (int i = 0; i < 2; i++) {
        const sim_end *end = &s->ends[i];
        const grille_session_stats mine = grille_session_get_stats(end->session);
        const grille_session_stats others = grille_session_get_stats(s->ends[1 - i].session);
        CHECK(mine.slots == 0 && mine.slots_held == 0);
        CHECK(mine.own_streams == 0 && mine.peer_streams == 0 && mine.handlers == 0);
        CHECK(mine.undone_bytes == 0 && mine.blocked_streams == 0);
        CHECK(mine.send_credit_bytes == others.receive_credit_bytes);
        CHECK(mine.receive_credit_bytes > end->options.settings.connection_window_bytes / 2);
        CHECK(end->budget.used_bytes == end->idle_bytes);
        CHECK(!grille_session_wants_write(end->session));
        CHECK(end->drained == end->drains);
        CHECK(end->peer_drains == s->ends[1 - i].drains);
    }
}

static void check_calls(sim *s) {
    for (uint32_t i = 0; i < s->call_count; i++) {
        const sim_call *call = &s->calls[i];
        CHECK(call->sides[0].ended);
        CHECK(call->sides[1].ended == call->handled);
    }
}

/* The connection breaks in the middle of everything. */
static void cut(sim *s) {
    s->result.cut = 1;
    s->healing = true;
    for (int i = 0; i < 2; i++) {
        grille_session_abort(s->ends[i].session, GRILLE_REASON_SESSION_LOST, NULL);
        CHECK(!grille_session_wants_write(s->ends[i].session));
    }
    for (uint32_t i = 0; i < s->call_count; i++) {
        sim_call *call = &s->calls[i];
        for (int side = 0; side < 2; side++) {
            if (call->sides[side].stream == NULL) continue;
            CHECK(call->sides[side].ended);
            sim_release(call, side);
        }
    }
}

static void draw_habits(sim *s) {
    s->consume_percent = sim_below(s, 101);
    s->stall_percent = sim_percent(s, 50) ? 0 : sim_below(s, 60);
    s->timeout_percent = sim_percent(s, 50) ? 0 : sim_below(s, 60);
    s->reset_percent = sim_percent(s, 50) ? 0 : sim_below(s, 15);
    s->inside_percent = sim_percent(s, 50) ? 0 : sim_below(s, 40);
    s->largest_message = 1 + sim_below(s, LONGEST_MESSAGE);
    s->largest_piece = sim_percent(s, 30) ? 40 : 20000;
}

sim_result sim_run(uint64_t seed) {
    sim *s = calloc(1, sizeof *s);
    sim_result result;
    assert_non_null(s);
    s->seed = seed;
    s->random = seed;
    s->now_us = 1000000;
    draw_habits(s);
    open_end(s, 0);
    open_end(s, 1);
    for (int i = 0; i < STEPS; i++) {
        step(s);
        drain_sometimes(s, i);
    }
    if (sim_percent(s, 20)) {
        cut(s);
    } else {
        heal(s);
        settle(s);
        check_settled(s);
    }
    check_calls(s);
    for (int i = 0; i < 2; i++) {
        grille_session_free(s->ends[i].session);
        CHECK(s->ends[i].budget.used_bytes == 0);
    }
    result = s->result;
    free(s);
    return result;
}
