/* SPDX-License-Identifier: Apache-2.0 */
#include "bad_peer.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "loop/address.h"
#include "loop/socket.h"
#include "wire/payload.h"

bad_peer *bad_peer_new(int fd, bool initiator, const grille_identity *identity, grille_wall_ms wall_ms) {
    bad_peer *peer = calloc(1, sizeof *peer);
    assert_non_null(peer);
    peer->fd = fd;
    peer->initiator = initiator;
    peer->identity = identity;
    peer->next_stream = 1;
    peer->tls = (evil_options){.role = initiator ? GRILLE_TLS_CLIENT : GRILLE_TLS_SERVER, .wall_ms = wall_ms};
    return peer;
}

void bad_peer_free(bad_peer *peer) {
    if (peer == NULL) return;
    evil_end_free(peer->evil);
    if (peer->raw != NULL) raw_tls_deinit(peer->raw);
    free(peer->raw);
    if (peer->fd >= 0) (void)close(peer->fd);
    free(peer);
}

int bad_peer_dial(const char *address) {
    grille_address parsed;
    grille_socket_name name;
    int fd = -1;
    assert_int_equal(grille_address_parse(address, &parsed, NULL), GRILLE_REASON_OK);
    assert_true(grille_socket_name_to_dial(&parsed, 0, &name));
    if (grille_socket_open(&name, &fd) != 0) return -1;
    if (connect(fd, (const struct sockaddr *)&name.storage, name.len) == 0) return fd;
    if (errno == EINPROGRESS) {
        struct pollfd watched = {.fd = fd, .events = POLLOUT};
        if (poll(&watched, 1, BAD_PEER_PATIENCE_MS) == 1 && grille_socket_pending_error(fd) == 0) return fd;
    }
    (void)close(fd);
    return -1;
}

void bad_peer_start(bad_peer *peer) {
    const raw_tls_options raw = {.client = peer->initiator,
                                 .alpn = peer->raw_without_alpn ? NULL : GRILLE_SECURE_ALPN,
                                 .chain_of_two = peer->raw_chain_of_two};
    if (peer->evil != NULL || peer->raw != NULL) return;
    if (!peer->raw_without_alpn && !peer->raw_chain_of_two) {
        peer->evil = evil_end_new(&peer->tls);
        return;
    }
    peer->raw = calloc(1, sizeof *peer->raw);
    assert_non_null(peer->raw);
    raw_tls_init(peer->raw, &raw);
    (void)raw_tls_handshake(peer->raw);
}

/* ---- Out ---- */

static grille_bytes outgoing(const bad_peer *peer) {
    if (peer->evil != NULL) return evil_end_outgoing(peer->evil);
    if (peer->raw != NULL) return grille_bytes_of(peer->raw->out, peer->raw->out_len);
    return grille_bytes_of(NULL, 0);
}

static void sent(bad_peer *peer, size_t len) {
    if (peer->evil != NULL) {
        evil_end_sent(peer->evil, len);
    } else {
        memmove(peer->raw->out, peer->raw->out + len, peer->raw->out_len - len);
        peer->raw->out_len -= len;
    }
}

/* How much was taken; all of it when nobody takes it any more. */
static size_t push(bad_peer *peer, grille_bytes bytes) {
    const size_t wanted = peer->drip_us > 0 && bytes.len > 0 ? 1 : bytes.len;
    ssize_t moved = 0;
    if (peer->write_failed || peer->fd < 0) return bytes.len;
    moved = send(peer->fd, bytes.data, wanted, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (moved >= 0) {
        if (peer->drip_us > 0) (void)usleep(peer->drip_us);
        return (size_t)moved;
    }
    if (errno == EAGAIN || errno == EINTR) return 0;
    peer->write_failed = true;
    return bytes.len;
}

static void send_some(bad_peer *peer) {
    const grille_bytes bytes = outgoing(peer);
    if (bytes.len > 0) sent(peer, push(peer, bytes));
}

void bad_peer_send_raw(bad_peer *peer, grille_bytes bytes) {
    while (bytes.len > 0) {
        const size_t moved = push(peer, bytes);
        bytes = grille_bytes_of(bytes.data + moved, bytes.len - moved);
        if (bytes.len > 0) (void)bad_peer_until(peer, NULL, 1);
    }
}

void bad_peer_send_first(bad_peer *peer, size_t len) {
    grille_bytes bytes = outgoing(peer);
    assert_true(len < bytes.len);
    bad_peer_send_raw(peer, grille_bytes_of(bytes.data, len));
    sent(peer, outgoing(peer).len);
}

/* ---- In ---- */

static void note_records(bad_peer_records *records, grille_bytes bytes) {
    for (size_t i = 0; i < bytes.len; i++) {
        if (records->header_len < sizeof records->header) {
            records->header[records->header_len++] = bytes.data[i];
            if (records->header_len < sizeof records->header) continue;
            records->body_left = (size_t)records->header[3] << 8 | records->header[4];
        } else {
            records->tail[0] = records->tail[1];
            records->tail[1] = bytes.data[i];
            records->body_left--;
        }
        if (records->body_left > 0) continue;
        records->last_but_one_bytes = records->last_bytes;
        records->last_bytes = sizeof records->header + ((size_t)records->header[3] << 8 | records->header[4]);
        records->last_type = records->header[0];
        records->header_len = 0;
        records->count++;
    }
}

static void note_gate(bad_peer *peer, grille_bytes payload) {
    const uint8_t type = payload.len > 0 ? payload.data[0] : 0;
    peer->seen.gate[type < 8 ? type : 0]++;
    if (type != GRILLE_GATE_HELLO && type != GRILLE_GATE_EVIDENCE) return;
    memcpy(peer->peer[type - 1], payload.data, payload.len);
    peer->peer_len[type - 1] = payload.len;
}

static void note_call(bad_peer_seen *seen, const grille_frame_header *header, grille_bytes payload) {
    grille_call_payload call;
    assert_int_equal(grille_call_payload_decode(header->flags, payload, &call), GRILLE_REASON_OK);
    seen->call_len = call.message.len < sizeof seen->call ? call.message.len : sizeof seen->call;
    if (seen->call_len > 0) memcpy(seen->call, call.message.data, seen->call_len);
}

static void note_status(bad_peer_seen *seen, const grille_frame_header *header, grille_bytes payload) {
    grille_status_payload status;
    size_t len = 0;
    assert_int_equal(grille_status_payload_decode(header->flags, payload, &status), GRILLE_REASON_OK);
    seen->status_stream = header->stream;
    seen->status_code = (uint8_t)status.header.code;
    len =
        status.header.message.len < sizeof seen->status_text ? status.header.message.len : sizeof seen->status_text - 1;
    if (len > 0) memcpy(seen->status_text, status.header.message.data, len);
    seen->status_text[len] = '\0';
}

static void note_frame(bad_peer *peer, const grille_frame_header *header, grille_bytes payload) {
    bad_peer_seen *seen = &peer->seen;
    uint64_t token = 0;
    uint32_t bytes = 0;
    seen->frames[header->type < 16 ? header->type : 0]++;
    switch (header->type) {
    case GRILLE_FRAME_GATE:
        note_gate(peer, payload);
        break;
    case GRILLE_FRAME_CALL:
        note_call(seen, header, payload);
        break;
    case GRILLE_FRAME_STATUS:
        note_status(seen, header, payload);
        break;
    case GRILLE_FRAME_RESET:
        seen->reset_stream = header->stream;
        seen->reset_code = payload.data[0];
        break;
    case GRILLE_FRAME_PING:
        assert_int_equal(grille_ping_payload_decode(payload, &token), GRILLE_REASON_OK);
        if ((header->flags & GRILLE_FLAG_ACK) != 0) seen->pong = token;
        break;
    case GRILLE_FRAME_CREDIT:
        assert_int_equal(grille_credit_payload_decode(payload, &bytes), GRILLE_REASON_OK);
        seen->credit += bytes;
        break;
    default:
        break;
    }
}

static void take_frames(bad_peer *peer) {
    for (;;) {
        const grille_bytes plain = evil_end_plain(peer->evil);
        grille_bytes rest = plain;
        grille_bytes payload = {NULL, 0};
        grille_frame_header header;
        if (grille_frame_take(&rest, &header, &payload) != GRILLE_REASON_OK) return;
        note_frame(peer, &header, payload);
        evil_end_drop(peer->evil, plain.len - rest.len);
    }
}

static void take(bad_peer *peer, grille_bytes bytes) {
    peer->received_bytes += bytes.len;
    note_records(&peer->records, bytes);
    if (peer->evil != NULL) {
        evil_end_feed(peer->evil, bytes);
        take_frames(peer);
    } else if (peer->raw != NULL) {
        raw_tls_feed(peer->raw, bytes);
        (void)raw_tls_handshake(peer->raw);
    }
}

static void receive_some(bad_peer *peer) {
    uint8_t buffer[65536];
    const ssize_t moved = recv(peer->fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (moved > 0) {
        take(peer, grille_bytes_of(buffer, (size_t)moved));
    } else if (moved == 0 || (errno != EAGAIN && errno != EINTR)) {
        peer->ended = true;
    }
}

/* ---- Both ---- */

static int64_t now_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

bool bad_peer_until(bad_peer *peer, bad_peer_done_fn *done, unsigned most_ms) {
    const int64_t end = now_ms() + most_ms;
    while (peer->fd >= 0) {
        struct pollfd watched = {.fd = peer->fd, .events = POLLIN};
        const int64_t left = end - now_ms();
        send_some(peer);
        if (done != NULL && done(peer)) return true;
        if (peer->ended || left <= 0) return false;
        if (outgoing(peer).len > 0) watched.events |= POLLOUT;
        if (poll(&watched, 1, (int)left) > 0 && (watched.revents & ~POLLOUT) != 0) receive_some(peer);
    }
    return false;
}

static bool all_sent(const bad_peer *peer) {
    return outgoing(peer).len == 0;
}

void bad_peer_flush(bad_peer *peer) {
    (void)bad_peer_until(peer, all_sent, BAD_PEER_PATIENCE_MS);
}

void bad_peer_half_close(bad_peer *peer) {
    bad_peer_flush(peer);
    (void)shutdown(peer->fd, SHUT_WR);
    peer->write_failed = true;
}

void bad_peer_vanish(bad_peer *peer) {
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    (void)close(peer->fd);
    peer->fd = -1;
    peer->ended = true;
}

bool bad_peer_is_up(const bad_peer *peer) {
    return peer->evil != NULL && evil_end_is_up(peer->evil);
}

bool bad_peer_is_closed(const bad_peer *peer) {
    return peer->evil != NULL && evil_end_is_closed(peer->evil);
}

int bad_peer_alert(const bad_peer *peer) {
    enum { alert_record = 21, plain_alert_bytes = 7, fatal = 2 };
    if (peer->records.last_type == alert_record && peer->records.last_bytes == plain_alert_bytes)
        return peer->records.tail[0] == fatal ? peer->records.tail[1] : -1;
    if (peer->evil != NULL) return evil_end_alert(peer->evil);
    return peer->raw != NULL ? raw_tls_alert(peer->raw) : -1;
}
