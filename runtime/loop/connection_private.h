/* SPDX-License-Identifier: Apache-2.0
 * What the files of a connection share. */
#ifndef GRILLE_LOOP_CONNECTION_PRIVATE_H
#define GRILLE_LOOP_CONNECTION_PRIVATE_H

#include "loop/connection.h"
#include "loop/transport.h"
#include "wire/claims.h"

/* What is expected next. */
typedef enum connection_stage {
    CONNECTION_HANDSHAKE, /* TLS and gate */
    CONNECTION_FRAMES,    /* both ends verified */
    CONNECTION_GOODBYE,   /* ended; what is outgoing still leaves */
    CONNECTION_LINGER,    /* all has left, our direction is shut down: the peer's end of the stream */
    CONNECTION_GONE       /* the descriptor is closed: handles and handlers */
} connection_stage;

/* What each call touches stands first, close together: of a thousand connections that are used in turn all of it has to
 * be fetched into the CPU's cache for each call. */
struct grille_connection {
    _Alignas(GRILLE_LINE_BYTES) grille_transport transport; /* first: where libuv comes from */
    grille_footprint incoming; /* what a record touches that comes, found when the loop tidies up */
    grille_footprint rest;     /* what its frames and an answer touch besides */
    grille_loop *loop;
    const grille_connection_events *events;
    void *user;
    grille_secure *secure;
    grille_endpoint *endpoint;
    connection_stage stage;
    bool ended; /* on_ended was told */
    bool draining;
    bool unsent; /* the endpoint gave frames that are not all written yet */
    /* The socket failed or its stream ended, but what the peer said before may still say why. */
    bool broken;
    bool at_end;             /* nothing more will be read */
    bool listed;             /* in stats */
    bool gate_came;          /* a GATE frame: trust may have changed */
    bool renewed;            /* the endpoint has another peer than the owner was told of */
    bool revoked;            /* the policy in force refuses the peer */
    grille_job flush;        /* at the end of a turn */
    grille_job tell;         /* how it stands, when the loop tidies up */
    grille_time_us armed_us; /* when the timer fires, or GRILLE_TIME_NEVER */
    grille_time_us last_active_us;
    grille_time_us broken_until_us; /* or GRILLE_TIME_NEVER */
    grille_time_us revoke_at_us;    /* what runs ends, or GRILLE_TIME_NEVER */
    grille_time_us drain_at_us;     /* when it has reached its greatest age, or GRILLE_TIME_NEVER */
    grille_time_us cut_at_us;       /* when its calls have had their time after that, or GRILLE_TIME_NEVER */
    uint64_t idle_timeout_us;
    grille_budget budget;
    grille_connection_counters counters;
    uv_timer_t timer;

    unsigned open_handles;
    grille_drain_reason drain_reason;
    grille_job step;   /* one piece of the handshake */
    grille_job calls;  /* of the peer channel, from other threads */
    grille_job proved; /* evidence was made on another thread */
    grille_time_us linger_until_us;
    size_t lingered_bytes;
    grille_stats_table *stats; /* or NULL */
    const grille_interceptor_list *interceptors;
    grille_identity *identity; /* a reference: its clock */
    bool system_clock;
    bool initiator;
    uint64_t build;
    uint64_t revoke_grace_us;
    grille_services const *registry;
    grille_executor *executor;
    grille_policy *policy;
    uint32_t max_streams;
    uint32_t max_calls;
    size_t max_message_bytes;
    uint32_t keepalive_interval_ms;
    uint32_t keepalive_timeout_ms;
    uint64_t max_age_grace_us;
    uint32_t first_stream_id;
    grille_error broken_why;
    grille_error revoked_why;
    char name[160];
};

/* connection.c */

/* grille_connection_end for a socket that is of no use any more: nothing is sent. */
void grille_connection_lose(grille_connection *connection, const grille_error *why);
/* The socket failed: what was read is still worked off, what can still be read is read, then it is lost. */
void grille_connection_break(grille_connection *connection, const grille_error *why);
/* Everything outgoing has left. */
void grille_connection_said_goodbye(grille_connection *connection);
/* Closes the descriptor and the handles. */
void grille_connection_finish(grille_connection *connection);
/* Sets the timer for the next expiry, if that is earlier than what it is set for. */
void grille_connection_arm(grille_connection *connection);
/* Which events of the transport are wanted. */
void grille_connection_poll(grille_connection *connection, int events);

/* connection_channel.c */

/* The peer channel for the endpoint; posts until the endpoint is closed. */
GRILLE_MUST_USE grille_reason grille_connection_make_channel(grille_connection *connection, grille_channel **channel);
/* After the endpoint was closed. */
void grille_connection_end_channel(grille_connection *connection);

/* connection_events.c */

void grille_connection_on_ready(grille_transport *transport, int status, int events);

/* connection_footprint.c */

/* Looks up what a call touches: memory that other calls and epochs have moved is found again. */
void grille_connection_find_footprint(grille_connection *connection);
/* The socket is about to be read; and it was. */
void grille_connection_expect_record(const grille_connection *connection);
void grille_connection_expect_rest(grille_connection *connection);

/* connection_stats.c */

/* Both ends are verified. */
void grille_connection_count_open(grille_connection *connection);
/* It is over; before the stage changes. */
void grille_connection_count_end(grille_connection *connection, const grille_error *why);
/* How it stands, for snapshots; with `now` even if it was told a moment ago. */
void grille_connection_publish(grille_connection *connection, bool now);
/* The same, a job of the loop. */
void grille_connection_on_tell(grille_job *job);

/* connection_age.c */

/* After loop and budget are set. */
void grille_connection_age_init(grille_connection *connection, const grille_connection_options *options);
grille_time_us grille_connection_age_expiry(const grille_connection *connection);
/* May end the connection. */
void grille_connection_age_tick(grille_connection *connection, grille_time_us now_us);

/* connection_trust.c */

/* Wall time as this end trusts it, in milliseconds. */
grille_wall_ms grille_connection_wall_ms(const grille_connection *connection);
/* Our claims under this policy. */
GRILLE_MUST_USE grille_reason grille_connection_claims(const grille_connection *connection, const grille_policy *policy,
                                                       uint8_t room[GRILLE_CLAIMS_MAX_BYTES], size_t *len);
/* Shows calls that begin from now on the peer as the secure channel now knows it. False without memory for that:
 * nothing has changed. Ends nothing and tells nobody: may be called while the endpoint takes frames. */
bool grille_connection_take_peer(grille_connection *connection);
/* Takes over what the secure channel now says of the peer, and tells the owner. May end the connection. */
void grille_connection_follow_trust(grille_connection *connection);
grille_time_us grille_connection_trust_expiry(const grille_connection *connection);
/* May end the connection. */
void grille_connection_trust_tick(grille_connection *connection, grille_time_us now_us);
/* Evidence is ready: any thread; user is the connection. */
void grille_connection_on_proved(void *user);
/* What on_proved posts: another step. */
void grille_connection_on_proved_job(grille_job *job);

/* connection_receive.c */

void grille_connection_on_readable(grille_connection *connection);
/* One step of TLS or gate, a job of the loop. */
void grille_connection_on_step(grille_job *job);

/* connection_send.c */

/* Writes what there is to write, a job of the loop. */
void grille_connection_on_flush(grille_job *job);
void grille_connection_write(grille_connection *connection);
/* Moves the endpoint's last words (a broken rule) into what is outgoing. */
void grille_connection_queue_goodbye(grille_connection *connection);

#endif
