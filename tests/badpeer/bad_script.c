/* SPDX-License-Identifier: Apache-2.0 */
#include "bad_script.h"

#include <stdlib.h>
#include <string.h>

#include "bad_bytes.h"
#include "cmocka_all.h"
#include "session_script.h"
#include "wire/payload.h"

enum { WORD_BYTES = 512, FRAMES_BYTES = 4 << 20 };

typedef struct word {
    char name[WORD_BYTES];
    const char *argument; /* "" when there is none */
} word;

static unsigned number_of(const word *w) {
    char *end = NULL;
    const unsigned long number = strtoul(w->argument, &end, 10);
    if (end == w->argument) fail_msg("word %s: no number", w->name);
    return (unsigned)number;
}

/* ---- Before TLS ---- */

static void disguise(bad_peer *peer, const char *as) {
    enum { day_ms = 86400000 };
    if (strcmp(as, "no-certificate") == 0) {
        peer->tls.no_certificate = true;
    } else if (strncmp(as, "alpn=", 5) == 0) {
        static char name[32];
        (void)strncpy(name, as + 5, sizeof name - 1);
        peer->tls.alpn = name;
    } else if (strcmp(as, "no-alpn") == 0) {
        peer->raw_without_alpn = true;
    } else if (strcmp(as, "chain-of-two") == 0) {
        peer->raw_chain_of_two = true;
    } else if (strcmp(as, "expired") == 0) {
        peer->tls.wall_ms -= 2 * (grille_wall_ms)day_ms;
    } else if (strcmp(as, "future") == 0) {
        peer->tls.wall_ms += 2 * (grille_wall_ms)day_ms;
    } else {
        fail_msg("as what? %s", as);
    }
}

static bool is_settled(const bad_peer *peer) {
    if (peer->raw != NULL) return false;
    return bad_peer_is_up(peer) || evil_end_failure(peer->evil) != GRILLE_REASON_OK;
}

static void finish_tls(bad_peer *peer) {
    bad_peer_start(peer);
    (void)bad_peer_until(peer, is_settled, BAD_PEER_PATIENCE_MS);
}

/* ---- Gate ---- */

static unsigned calls_wanted;

static bool is_open(const bad_peer *peer) {
    return peer->seen.gate[GRILLE_GATE_CONFIRM] > 0 && peer->seen.frames[GRILLE_FRAME_CALL] >= calls_wanted;
}

static void send_evidence(bad_peer *peer, const bad_script *about, const char *how) {
    const grille_identity *identity = peer->identity;
    if (strcmp(how, "cloned") == 0) identity = about->world->cloned;
    if (strcmp(how, "expired") == 0) identity = about->world->expired;
    if (strcmp(how, "unlisted") == 0) identity = about->world->unlisted;
    (void)bad_gate_evidence(peer, how, identity, about->replayed);
}

static void open_gate(bad_peer *peer, const bad_script *about) {
    finish_tls(peer);
    if (!bad_gate_hello(peer, "") || !bad_gate_evidence(peer, "", peer->identity, about->replayed) ||
        !bad_gate_confirm(peer, ""))
        fail_msg("an honest gate was not let through");
    calls_wanted = about->calls;
    if (!bad_peer_until(peer, is_open, BAD_PEER_PATIENCE_MS)) fail_msg("the victim did not open");
}

static void send_gate(bad_peer *peer, const char *argument) {
    static const uint8_t zeros[GRILLE_LIMIT_EVIDENCE_BYTES];
    uint8_t payload[GRILLE_LIMIT_EVIDENCE_BYTES];
    char *end = NULL;
    const unsigned long type = strtoul(argument, &end, 10);
    const unsigned long more = *end == ':' ? strtoul(end + 1, NULL, 10) : 0;
    assert_true(more < sizeof payload);
    payload[0] = (uint8_t)type;
    memcpy(payload + 1, zeros, more);
    evil_end_send_gate(peer->evil, grille_bytes_of(payload, 1 + more));
}

/* ---- Plaintext and records ---- */

static void send_zeros(bad_peer *peer, unsigned count) {
    static const uint8_t zeros[16384];
    while (count > 0 && !peer->ended) {
        const unsigned part = count < sizeof zeros ? count : (unsigned)sizeof zeros;
        evil_end_write(peer->evil, grille_bytes_of(zeros, part));
        count -= part;
        bad_peer_flush(peer);
    }
}

static void send_frames(bad_peer *peer, const char *script) {
    uint8_t *frames = malloc(FRAMES_BYTES);
    grille_writer writer = grille_writer_into(frames, FRAMES_BYTES);
    assert_non_null(frames);
    script_write(&writer, script);
    evil_end_write(peer->evil, grille_written(&writer));
    free(frames);
}

static void repeat(bad_peer *peer, const word *w) {
    for (unsigned left = number_of(w); left > 0 && !peer->ended; left--) {
        if (strcmp(w->name, "dribble") == 0) evil_end_write(peer->evil, grille_bytes_of("", 1));
        if (strcmp(w->name, "empties") == 0) evil_end_send_record(peer->evil, 23, grille_bytes_of("", 0));
        if (strcmp(w->name, "updates") == 0) evil_end_update_key(peer->evil);
        if (strcmp(w->name, "tickets") == 0) evil_end_send_record(peer->evil, 22, bad_bytes("ticket"));
        if (left % 64 == 0) bad_peer_flush(peer);
    }
}

static void send_byte(bad_peer *peer, unsigned value) {
    const uint8_t byte = (uint8_t)value;
    evil_end_write(peer->evil, grille_bytes_of(&byte, 1));
}

/* ---- Calls ---- */

static grille_call_payload call_of(unsigned method, grille_bytes message) {
    return (grille_call_payload){
        .header = {.method_id = method}, .has_message = message.data != NULL, .message = message, .end_stream = true};
}

static void send_call(bad_peer *peer, const char *argument, bool whole) {
    uint8_t frame[1024];
    grille_writer writer = grille_writer_into(frame, sizeof frame);
    const char *text = strchr(argument, ':');
    const bool silent = !whole && text == NULL;
    grille_call_payload call =
        call_of((unsigned)strtoul(argument, NULL, 10),
                silent ? grille_bytes_of(NULL, 0) : grille_bytes_of_text(text != NULL ? text + 1 : "text"));
    call.end_stream = whole;
    grille_call_frame_write(&writer, 1, &call);
    assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_OK);
    evil_end_write(peer->evil, grille_written(&writer));
}

/* One held call: its message begins with "hold" and a zero byte. */
static void write_held_call(grille_writer *writer, uint32_t stream, size_t len) {
    static const uint8_t filler[16000] = "hold";
    const grille_data_payload end = {.end_stream = true};
    grille_call_payload call = call_of(METHOD_WORK, grille_bytes_of(NULL, 0));
    size_t left = len;
    call.end_stream = false;
    grille_call_frame_write(writer, stream, &call);
    while (left > 0) {
        const size_t part = left < sizeof filler ? left : sizeof filler;
        const grille_data_payload data = {
            .begin = left == len, .message_bytes = (uint32_t)len, .bytes = grille_bytes_of(filler, part)};
        grille_data_frame_write(writer, stream, &data);
        left -= part;
    }
    grille_data_frame_write(writer, stream, &end);
}

static void stuff(bad_peer *peer, const char *argument) {
    char *end = NULL;
    const unsigned long count = strtoul(argument, &end, 10);
    const unsigned long len = strtoul(end + 1, NULL, 10);
    uint8_t *frames = malloc(2 * len + 4096);
    assert_non_null(frames);
    for (unsigned long i = 0; i < count && !peer->ended; i++) {
        grille_writer writer = grille_writer_into(frames, 2 * len + 4096);
        write_held_call(&writer, peer->next_stream, len);
        peer->next_stream += 2;
        assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_OK);
        evil_end_write(peer->evil, grille_written(&writer));
        bad_peer_flush(peer);
    }
    free(frames);
}

static void reset_rapidly(bad_peer *peer, const char *argument) {
    char *end = NULL;
    unsigned long count = strtoul(argument, &end, 10);
    const unsigned method = *end == ':' ? (unsigned)strtoul(end + 1, NULL, 10) : METHOD_DO;
    const bool asks = method == METHOD_FEED || method == METHOD_WORK;
    const grille_call_payload call = call_of(method, asks ? grille_bytes_of_text("hold") : grille_bytes_of(NULL, 0));
    while (count > 0 && !peer->ended) {
        uint8_t frames[8192];
        grille_writer writer = grille_writer_into(frames, sizeof frames);
        for (unsigned i = 0; i < 100 && count > 0; i++, count--) {
            grille_call_payload opens = call;
            opens.end_stream = asks;
            grille_call_frame_write(&writer, peer->next_stream, &opens);
            grille_reset_frame_write(&writer, peer->next_stream, GRILLE_RESET_CANCELLED);
            peer->next_stream += 2;
        }
        assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_OK);
        evil_end_write(peer->evil, grille_written(&writer));
        bad_peer_flush(peer);
    }
}

static bool in_calls(bad_peer *peer, const word *w) {
    if (strcmp(w->name, "call") == 0) {
        send_call(peer, w->argument, true);
    } else if (strcmp(w->name, "begin") == 0) {
        send_call(peer, w->argument, false);
    } else if (strcmp(w->name, "stuff") == 0) {
        stuff(peer, w->argument);
    } else if (strcmp(w->name, "rapid") == 0) {
        reset_rapidly(peer, w->argument);
    } else {
        return false;
    }
    return true;
}

/* ---- Words ---- */

static bool before_tls(bad_peer *peer, const word *w) {
    if (strcmp(w->name, "as") == 0) {
        disguise(peer, w->argument);
    } else if (strcmp(w->name, "raw") == 0) {
        bad_peer_send_raw(peer, bad_bytes(w->argument));
    } else if (strcmp(w->name, "start") == 0) {
        bad_peer_start(peer);
    } else if (strcmp(w->name, "first") == 0) {
        bad_peer_start(peer);
        bad_peer_send_first(peer, number_of(w));
    } else if (strcmp(w->name, "tls") == 0) {
        finish_tls(peer);
    } else {
        return false;
    }
    return true;
}

static bool on_the_socket(bad_peer *peer, const word *w) {
    if (strcmp(w->name, "drip") == 0) {
        peer->drip_us = 1000 * number_of(w);
    } else if (strcmp(w->name, "pause") == 0) {
        (void)bad_peer_until(peer, NULL, number_of(w));
    } else if (strcmp(w->name, "mute") == 0) {
        peer->write_failed = true;
    } else if (strcmp(w->name, "fin") == 0) {
        bad_peer_half_close(peer);
    } else if (strcmp(w->name, "vanish") == 0) {
        bad_peer_flush(peer);
        bad_peer_vanish(peer);
    } else {
        return false;
    }
    return true;
}

static void inside_tls(bad_peer *peer, const bad_script *about, const word *w) {
    if (strcmp(w->name, "hello") == 0) {
        (void)bad_gate_hello(peer, w->argument);
    } else if (strcmp(w->name, "evidence") == 0) {
        send_evidence(peer, about, w->argument);
    } else if (strcmp(w->name, "confirm") == 0) {
        (void)bad_gate_confirm(peer, w->argument);
    } else if (strcmp(w->name, "open") == 0) {
        open_gate(peer, about);
    } else if (strcmp(w->name, "gate") == 0) {
        send_gate(peer, w->argument);
    } else if (strcmp(w->name, "zeros") == 0) {
        send_zeros(peer, number_of(w));
    } else if (strcmp(w->name, "byte") == 0) {
        send_byte(peer, number_of(w));
    } else if (strcmp(w->name, "inner") == 0) {
        evil_end_send_record(peer->evil, 22, bad_bytes(w->argument));
    } else if (strcmp(w->name, "bye") == 0) {
        evil_end_close_notify(peer->evil);
    } else {
        repeat(peer, w);
    }
}

static bool is_repeated(const char *name) {
    return strcmp(name, "dribble") == 0 || strcmp(name, "empties") == 0 || strcmp(name, "updates") == 0 ||
           strcmp(name, "tickets") == 0;
}

static bool is_known_inside(const char *name) {
    static const char *const names[] = {"hello", "evidence", "confirm", "open", "gate",
                                        "zeros", "byte",     "inner",   "bye"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0) return true;
    return is_repeated(name);
}

static void play_word(bad_peer *peer, const bad_script *about, char *text) {
    word w = {.argument = ""};
    char *colon = strchr(text, ':');
    if (colon != NULL) {
        *colon = '\0';
        w.argument = colon + 1;
    }
    (void)strcpy(w.name, text);
    if (before_tls(peer, &w) || on_the_socket(peer, &w) || in_calls(peer, &w)) return;
    if (!is_known_inside(w.name)) fail_msg("unknown word %s", w.name);
    inside_tls(peer, about, &w);
}

/* The next word, or frames in braces, copied; NULL at the end. */
static const char *next_word(const char *script, char *text, bool *is_frames) {
    size_t len = 0;
    while (*script == ' ')
        script++;
    if (*script == '\0') return NULL;
    *is_frames = *script == '{';
    if (*is_frames) script++;
    len = strcspn(script, *is_frames ? "}" : " ");
    assert_true(len < WORD_BYTES);
    memcpy(text, script, len);
    text[len] = '\0';
    return script + len + (*is_frames ? 1 : 0);
}

void bad_script_play(bad_peer *peer, const bad_script *about, const char *script) {
    char text[WORD_BYTES];
    bool is_frames = false;
    while (!peer->ended && (script = next_word(script, text, &is_frames)) != NULL) {
        if (is_frames) {
            send_frames(peer, text);
        } else {
            play_word(peer, about, text);
        }
        if (!peer->ended) bad_peer_flush(peer);
    }
}
