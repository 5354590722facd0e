/* SPDX-License-Identifier: Apache-2.0 */
#include "bad_rows.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cmocka_all.h"
#include "ended.h"
#include "log_book.h"

/* Records as TLS 1.3 seals them: 5 bytes of header, the content's type, 16 of tag. */
enum { sealed = 5 + 1 + 16, close_notify_bytes = sealed + 2, refused_bytes = sealed + GRILLE_FRAME_HEADER_BYTES + 1 };

bool bad_row_opens(const bad_row *row) {
    return strstr(row->script, "open") != NULL;
}

bad_row bad_row_of_channel(const bad_row *row) {
    bad_row channel = *row;
    if (row->channel_reason != NULL) channel.reason = row->channel_reason;
    if (row->channel_number != 0) channel.number = row->channel_number;
    return channel;
}

unsigned bad_row_most_ms(const bad_row *row) {
    return row->most_ms != 0 ? row->most_ms : 10000;
}

static unsigned failed_rows;

unsigned bad_rows_failed(void) {
    return failed_rows;
}

void bad_row_fail(const bad_row *row, const char *format, ...) {
    va_list arguments;
    failed_rows++;
    (void)fprintf(stderr, "row \"%s\": ", row->name);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fprintf(stderr, "\n");
    log_book_print();
}

static void fail_with_peer(const bad_row *row, const bad_peer *peer, const char *what) {
    const bad_peer_seen *seen = &peer->seen;
    bad_row_fail(
        row,
        "%s; seen: alert %d, gate %u %u %u %u, DRAIN %u, STATUS %u with %u \"%s\", RESET %u with %u, %zu bytes in "
        "%u records, the last of %zu and %zu, closed %d, ended %d",
        what, bad_peer_alert(peer), seen->gate[1], seen->gate[2], seen->gate[3], seen->gate[4],
        seen->frames[GRILLE_FRAME_DRAIN], seen->status_stream, seen->status_code, seen->status_text, seen->reset_stream,
        seen->reset_code, peer->received_bytes, peer->records.count, peer->records.last_but_one_bytes,
        peer->records.last_bytes, bad_peer_is_closed(peer), peer->ended);
}

#define EXPECT(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fail_with_peer(row, peer, #condition);                                                                     \
            return;                                                                                                    \
        }                                                                                                              \
    } while (0)

/* ---- Where the victim ends it ---- */

static void check_refused(const bad_row *row, const bad_peer *peer) {
    EXPECT(peer->seen.gate[GRILLE_GATE_REFUSED] == 1);
    EXPECT(bad_peer_is_closed(peer));
    EXPECT(peer->records.last_bytes == close_notify_bytes);
    EXPECT(peer->records.last_but_one_bytes == refused_bytes);
    EXPECT(bad_peer_alert(peer) == -1);
}

static void check_goodbye(const bad_row *row, const bad_peer *peer) {
    EXPECT(peer->seen.frames[GRILLE_FRAME_DRAIN] == 1);
    EXPECT(bad_peer_is_closed(peer));
    EXPECT(peer->records.last_bytes == close_notify_bytes);
    EXPECT(peer->seen.gate[GRILLE_GATE_REFUSED] == 0);
}

static void check_close(const bad_row *row, const bad_peer *peer) {
    EXPECT(bad_peer_is_closed(peer));
    EXPECT(peer->records.last_bytes == close_notify_bytes);
    EXPECT(peer->seen.gate[GRILLE_GATE_REFUSED] == 0);
    EXPECT(peer->seen.frames[GRILLE_FRAME_DRAIN] == 0);
}

static void check_nothing(const bad_row *row, const bad_peer *peer) {
    EXPECT(!bad_peer_is_closed(peer));
    EXPECT(bad_peer_alert(peer) == -1);
    EXPECT(peer->seen.gate[GRILLE_GATE_REFUSED] == 0);
    EXPECT(peer->seen.frames[GRILLE_FRAME_DRAIN] == 0);
}

static void check_alert(const bad_row *row, const bad_peer *peer) {
    EXPECT(bad_peer_alert(peer) == row->number);
    EXPECT(peer->seen.gate[GRILLE_GATE_REFUSED] == 0);
    EXPECT(peer->seen.frames[GRILLE_FRAME_DRAIN] == 0);
}

/* ---- Where it goes on ---- */

static bool pong_came(const bad_peer *peer) {
    return peer->seen.pong == 99;
}

static bool status_came(const bad_peer *peer) {
    return peer->seen.frames[GRILLE_FRAME_STATUS] > 0;
}

static bool reset_came(const bad_peer *peer) {
    return peer->seen.frames[GRILLE_FRAME_RESET] > 0;
}

static void check_alive(const bad_row *row, bad_peer *peer) {
    static const uint8_t ping[] = {0, 8, GRILLE_FRAME_PING, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 99};
    evil_end_write(peer->evil, grille_bytes_of(ping, sizeof ping));
    EXPECT(bad_peer_until(peer, pong_came, BAD_PEER_PATIENCE_MS));
    if (row->answer == ANSWER_STATUS) {
        EXPECT(bad_peer_until(peer, status_came, BAD_PEER_PATIENCE_MS));
        EXPECT(peer->seen.status_stream == row->stream);
        EXPECT(peer->seen.status_code == row->number);
        EXPECT(row->told == NULL || strstr(peer->seen.status_text, row->told) != NULL);
    }
    if (row->answer == ANSWER_RESET) {
        EXPECT(bad_peer_until(peer, reset_came, BAD_PEER_PATIENCE_MS));
        EXPECT(peer->seen.reset_stream == row->stream);
        EXPECT(peer->seen.reset_code == row->number);
    }
    EXPECT(peer->seen.frames[GRILLE_FRAME_DRAIN] == 0);
    evil_end_close_notify(peer->evil);
    bad_peer_half_close(peer);
}

void bad_row_check_answer(const bad_row *row, bad_peer *peer) {
    if (row->answer >= ANSWER_STATUS) check_alive(row, peer);
    (void)bad_peer_until(peer, NULL, BAD_PEER_PATIENCE_MS);
    EXPECT(peer->ended);
    switch (row->answer) {
    case ANSWER_NOTHING:
        check_nothing(row, peer);
        break;
    case ANSWER_ALERT:
        check_alert(row, peer);
        break;
    case ANSWER_REFUSED:
        check_refused(row, peer);
        break;
    case ANSWER_CLOSE:
        check_close(row, peer);
        break;
    case ANSWER_GOODBYE:
        check_goodbye(row, peer);
        break;
    default:
        break;
    }
}

static unsigned lines_with(const char *who, const char *reason) {
    char text[128];
    if (reason == NULL) return 0;
    (void)snprintf(text, sizeof text, ": %s: ", reason);
    return log_book_count(who, text);
}

void bad_row_check_end(const bad_row *row, const char *who) {
    const char *reason = row->reason != NULL ? row->reason : "LOOP-PEER-CLOSED";
    const size_t most_kib = row->most_kib != 0 ? row->most_kib : bad_row_opens(row) ? 256 : 128;
    const size_t peak_bytes = ended_take_peak_bytes();
    const unsigned also = row->also != NULL ? log_book_count(row->also, NULL) : 0;
    /* One clear reason, once, and nothing else to read. */
    if (lines_with(who, reason) + lines_with(who, row->or_reason) != 1 || log_book_count(NULL, NULL) != 1 + also)
        bad_row_fail(row, "expected one line \"%s…\" with %s", who, reason);
    if (row->also != NULL && also != 1) bad_row_fail(row, "expected a line with \"%s\"", row->also);
    if (peak_bytes > most_kib * 1024) bad_row_fail(row, "held %zu bytes, at most %zu KiB may be", peak_bytes, most_kib);
}
