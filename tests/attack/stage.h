/* SPDX-License-Identifier: Apache-2.0
 * Where attacks take place: genuine enclaves on simulated NSMs behind real servers, genuine callers with real channels,
 * all on sockets of this process, with a clock of their own; and what an attacker has got hold of: TLS keys, nonces
 * that it guessed. Single thread, but for the library's own. Everything asserts. */
#ifndef GRILLE_TESTS_ATTACK_STAGE_H
#define GRILLE_TESTS_ATTACK_STAGE_H

#include <stdatomic.h>

#include "attested_world.h"
#include "bad_peer.h"
#include "victims.h"

#define STAGE_PARENT       "spiffe://acme/parent"
#define STAGE_INSIDER      "spiffe://acme/insider"
#define STAGE_ENCLAVES_SET "image 11" /* of trusts_enclave */
/* What a caller says to an enclave, and nobody else may read. */
#define STAGE_SECRET "4111 1111 1111 1111"

enum { STAGE_IMAGE = 0x11, STAGE_OTHER_IMAGE = 0x22, STAGE_SIGNER = 0x88, STAGE_OTHER_SIGNER = 0x99 };

typedef struct stage_enclave {
    grille_identity *identity;
    atomic_uint documents;        /* that its NSM has signed */
    _Atomic int64_t clock_off_ms; /* of its NSM, against the stage's clock */
    uint8_t pcrs[16][GRILLE_PCR_BYTES];
    char root_pem[4096];
} stage_enclave;

typedef struct stage {
    grille_wall_ms now_ms; /* when it began: everybody's clock stands still there */
    char folder[64];
    forge_identity ca;
    grille_identity *parent;
    grille_identity *insider; /* a caller whom enclaves accept, and who attacks other callers */
    grille_identity *expired; /* the insider's, over since an hour */
    grille_identity *keyed;   /* a caller by pre-shared key, "caller" */
    stage_enclave enclave;    /* the genuine one */
    stage_enclave twin;       /* its image, on another machine, of another role, signed by somebody else */
    stage_enclave clone;      /* its image, under a root of the same name with another key */
    stage_enclave debug;
    stage_enclave other;           /* another image */
    grille_policy *trusts_enclave; /* pins the image */
    grille_policy *trusts_callers; /* the image, the parent, the insider and the keyed one; each may call */
} stage;

extern stage on_stage;

void stage_begin(void);
void stage_end(void);

/* Writes a file with a new pre-shared key; the path is good until the next but three calls. */
const char *stage_psk_file(const char *id, const char *role);
/* YAML of a set that accepts the key of this id. */
const char *stage_set_of_psk(const char *name, const char *id);

/* A policy under the genuine enclave's root: YAML below `peers:`, and of the top level. */
grille_policy *stage_policy(const char *top_level, const char *sets);
/* YAML of a set that pins the image and this PCR as the enclave has it; 0: the image alone. */
const char *stage_set_with_pcr(const stage_enclave *enclave, unsigned pcr);

enum { STAGE_CALLERS = 4 };

/* A server, and what its handler was told. */
typedef struct stage_server {
    grille_server *server;
    const char *address;
    atomic_uint ran;
    atomic_uint ran_for[STAGE_CALLERS]; /* calls whose text is "#" and a digit */
    char last_text[64];                 /* read it after `ran` has risen */
    char last_peer[GRILLE_NAME_MAX];
} stage_server;

/* `policy` NULL: trusts_callers. */
void stage_server_start(stage_server *server, const stage_enclave *enclave, grille_policy *policy);
void stage_server_stop(stage_server *server);
/* The genuine enclave's, from begin to end. */
stage_server *stage_enclaves_server(void);

/* Milliseconds since 1970 for everybody in this process; on_stage.now_ms at first. */
void stage_set_clock(grille_wall_ms now_ms);

/* TLS leafs with their keys, in the order in which they were made, whoever made them. */
unsigned stage_leafs(void);
/* Waits until there are more than `before`, and answers the first of those. */
grille_leaf stage_stolen_leaf(unsigned before);
/* The attacker's own certificate over a stolen key. */
grille_leaf stage_leaf_over(const grille_leaf *stolen);

/* The next initiator's nonce is this one; NULL: at random again. */
void stage_foretell_nonce(const uint8_t nonce[GRILLE_NONCE_BYTES]);

/* Asked before each step of a handshake that a server makes, on its loop's thread; NULL: nobody is. */
void stage_watch_steps(void (*watch)(void *user), void *user);

/* Told after each write of the library's to a socket has returned, on its thread; NULL: nobody is. */
void stage_watch_writes(void (*watch)(void *user, int fd), void *user);

/* TLS's exporter fails from now on, in wolfSSL itself, for both ends. */
void stage_break_exporter(bool broken);
/* How many values ends of connections have exported so far, and how many of them at most were the same one. */
unsigned stage_exports(unsigned *equal);

/* Waits until no connection to a server is left; false after the time. */
bool stage_is_empty(unsigned most_ms);

#endif
