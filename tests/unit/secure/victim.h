/* SPDX-License-Identifier: Apache-2.0
 * One end of the channel as it is, whose peer is the test's: an attacker's TLS end, wolfSSL by itself, or bytes. Its
 * own evidence and its policy are faked; the time is virtual. Every function asserts. */
#ifndef GRILLE_TESTS_UNIT_SECURE_VICTIM_H
#define GRILLE_TESTS_UNIT_SECURE_VICTIM_H

#include "evil_end.h"
#include "fake_evidence.h"
#include "forge.h"
#include "raw_tls.h"
#include "secure_pair.h"

/* Alerts of RFC 8446 6.2. */
enum {
    alert_handshake_failure = 40,
    alert_bad_certificate = 42,
    alert_illegal_parameter = 47,
    alert_unknown_ca = 48, /* for whatever the verify hook refuses */
    alert_decrypt_error = 51,
    alert_protocol_version = 70,
    alert_certificate_required = 116,
    alert_no_application_protocol = 120
};

typedef struct victim {
    secure_side side;
    secure_pair clock;
    grille_identity identity;
    grille_policy policy;
} victim;

/* Freed by victim_end, which asserts that no byte of its budget is left. */
victim *victim_of(grille_secure_role role, grille_cipher cipher);
void victim_end(victim *v);
/* Gives it bytes, and lets it do all that it can. */
void victim_feed(victim *v, const void *data, size_t len);
/* It has ended for this reason, trusts nobody, and has proved and verified nothing. */
void victim_assert_failed(const victim *v, grille_reason expected);

/* Carries bytes both ways until nothing is left. */
void victim_play_evil(victim *v, evil_end *evil);
void victim_play_raw(victim *v, raw_tls *raw);

/* A victim of this role against such a peer: it ends for the reason, which the peer is told by an alert (-1: none); or,
 * with OK, it comes to the gate. */
void victim_meets_evil(grille_secure_role role, evil_options options, grille_reason expected, int alert);
/* The same; it never comes to the gate. */
void victim_meets_raw(grille_secure_role role, const raw_tls_options *options, grille_reason expected, int alert);

#endif
