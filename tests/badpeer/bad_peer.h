/* SPDX-License-Identifier: Apache-2.0
 * A bad peer on a real socket: an attacker's TLS end (evil_end.h, or wolfSSL itself for what that can't be made to do),
 * gate messages that may be wrong, frames that may be wrong, and a record of all that the victim answered. It plays the
 * initiator against a server and the responder against a channel. Single thread; waits at most a fixed time each. */
#ifndef GRILLE_TESTS_BADPEER_BAD_PEER_H
#define GRILLE_TESTS_BADPEER_BAD_PEER_H

#include "base/bytes.h"
#include "evil_end.h"
#include "raw_tls.h"
#include "wire/frame.h"

/* Longer than any limit that a victim ends a connection by. */
#define BAD_PEER_PATIENCE_MS 12000

/* What came in as frames, whatever the stage. */
typedef struct bad_peer_seen {
    unsigned frames[16]; /* by type */
    unsigned gate[8];    /* by type of gate message */
    unsigned others;
    uint32_t status_stream, reset_stream;
    uint8_t status_code, reset_code;
    char status_text[256];
    uint64_t pong; /* token of the last answer to a PING */
    uint64_t credit;
    uint8_t call[256]; /* message of the last CALL */
    size_t call_len;
} bad_peer_seen;

/* TLS records as they came. */
typedef struct bad_peer_records {
    uint8_t header[5];
    size_t header_len;
    size_t body_left;
    unsigned count;
    size_t last_bytes, last_but_one_bytes; /* whole, header included */
    uint8_t tail[2];                       /* last bytes of the last one: level and number of a plain alert */
    uint8_t last_type;
} bad_peer_records;

typedef struct bad_peer {
    int fd;
    bool initiator;
    evil_options tls; /* until the start */
    evil_end *evil;   /* one of these two, after the start */
    raw_tls *raw;
    bool raw_without_alpn, raw_chain_of_two;
    unsigned drip_us;  /* not 0: byte by byte, this long in between */
    bool ended;        /* the victim's end of the stream, or an error */
    bool write_failed; /* what was to be sent is dropped */
    size_t received_bytes;
    bad_peer_records records;
    bad_peer_seen seen;
    uint32_t next_stream; /* of calls that a script numbers itself */

    /* the gate */
    const grille_identity *identity;
    uint8_t own[2][GRILLE_LIMIT_EVIDENCE_BYTES]; /* HELLO and EVIDENCE payloads */
    size_t own_len[2];
    uint8_t peer[2][GRILLE_LIMIT_EVIDENCE_BYTES];
    size_t peer_len[2];
} bad_peer;

enum { BAD_PEER_HELLO, BAD_PEER_EVIDENCE };

/* Takes the descriptor over. `wall_ms` dates its TLS leaf. */
bad_peer *bad_peer_new(int fd, bool initiator, const grille_identity *identity, grille_wall_ms wall_ms);
void bad_peer_free(bad_peer *peer);

/* A connected stream socket, or -1: "unix:PATH" or "tcp:127.0.0.1:PORT". */
int bad_peer_dial(const char *address);

/* Makes the TLS end: a client's first flight is outgoing then. */
void bad_peer_start(bad_peer *peer);
/* Bytes beside TLS. */
void bad_peer_send_raw(bad_peer *peer, grille_bytes bytes);
/* The first `len` bytes of what TLS has outgoing; the rest stays unsent for good. */
void bad_peer_send_first(bad_peer *peer, size_t len);

/* Sends what is outgoing and takes what comes until `done` (NULL: never), the victim's end, or a time limit. Answers
 * whether it is done. */
typedef bool bad_peer_done_fn(const bad_peer *peer);
bool bad_peer_until(bad_peer *peer, bad_peer_done_fn *done, unsigned most_ms);
/* Sends all that is outgoing and takes what is there, without waiting for more. */
void bad_peer_flush(bad_peer *peer);
/* Our direction ends; and the descriptor goes, over TCP by RST. */
void bad_peer_half_close(bad_peer *peer);
void bad_peer_vanish(bad_peer *peer);

bool bad_peer_is_up(const bad_peer *peer);
/* close_notify came. */
bool bad_peer_is_closed(const bad_peer *peer);
/* Number of the fatal alert that came, plain or encrypted, or -1. */
int bad_peer_alert(const bad_peer *peer);

/* bad_gate.c. Each waits for what it needs of the victim, then sends; false when the victim was gone before. `how`
 * names what is wrong about the message ("": nothing). */
bool bad_gate_hello(bad_peer *peer, const char *how);
bool bad_gate_evidence(bad_peer *peer, const char *how, const grille_identity *identity, grille_bytes replayed);
bool bad_gate_confirm(bad_peer *peer, const char *how);
/* The body of the evidence that this peer sent, copied into `to`. */
grille_bytes bad_gate_own_body(const bad_peer *peer, uint8_t *to, size_t capacity);
evil_hellos bad_gate_hellos(const bad_peer *peer);

#endif
