/* SPDX-License-Identifier: Apache-2.0
 * wolfSSL with RSA, and tls.h's ends by it: all of it in this one file, so that the only name which other files can
 * see is grille_tls_of_services, and nothing of the channel's ends changes. */
#include "service_tls.h"

#include "secure/tls_options.h"

/* tls.h's and tls_private.h's functions are static here: who declares them first says so. */
static const char *grille_tls_first_suite(grille_cipher cipher);
static grille_reason grille_tls_new(const grille_tls_options *options, grille_tls **tls, grille_error *error);
static void grille_tls_free(grille_tls *tls);
static grille_reason grille_tls_feed(grille_tls *tls, grille_bytes bytes);
static grille_reason grille_tls_retain(grille_tls *tls);
static size_t grille_tls_unread(const grille_tls *tls);
static uint64_t grille_tls_taken(const grille_tls *tls);
static grille_reason grille_tls_handshake(grille_tls *tls, grille_error *error);
static grille_reason grille_tls_export(grille_tls *tls, const char *label, uint8_t *out, size_t len);
static uint16_t grille_tls_suite(const grille_tls *tls);
static grille_reason grille_tls_read(grille_tls *tls, uint8_t *plain, size_t capacity, size_t *len,
                                     grille_time_us now_us, grille_error *error);
static bool grille_tls_is_closed(const grille_tls *tls);
static int grille_tls_peer_alert(const grille_tls *tls);
static grille_reason grille_tls_write(grille_tls *tls, grille_bytes plain, grille_error *error);
static grille_bytes grille_tls_outgoing(const grille_tls *tls);
static void grille_tls_sent(grille_tls *tls, size_t len);
static void grille_tls_shutdown(grille_tls *tls);
static void grille_tls_trim(grille_tls *tls);
static bool grille_tls_holds(const grille_tls *tls);
static void grille_tls_lend(grille_tls *tls, uint8_t *memory, size_t capacity);
static grille_reason grille_tls_reclaim(grille_tls *tls, grille_error *error);
static grille_reason grille_tls_update_keys(grille_tls *tls, grille_error *error);
static uint64_t grille_tls_key_updates(const grille_tls *tls);
static int grille_tls_io_receive(WOLFSSL *ssl, char *buffer, int size, void *context);
static int grille_tls_io_send(WOLFSSL *ssl, char *buffer, int size, void *context);
static void grille_tls_io_begin(grille_tls *tls);
static int grille_tls_verify_callback(int preverify, WOLFSSL_X509_STORE_CTX *store);
static bool grille_tls_alpn_agreed(const grille_tls *tls);
static void grille_tls_die(grille_tls *tls, int alert);
static grille_reason grille_tls_fail(grille_tls *tls, int result, bool refused, const char *what, grille_error *error);

/* clang-format off: as the linker would take them */
#include "secure/tls.c"
#include "secure/tls_error.c"
#include "secure/tls_io.c"
#include "secure/tls_record.c"
#include "secure/tls_verify.c"
/* clang-format on */

#include <pthread.h>

#include "secure/tls_service.h"

static pthread_once_t started = PTHREAD_ONCE_INIT;

/* A failure shows again where an end is made. */
static void start(void) {
    (void)wolfSSL_Init();
}

const grille_tls_functions *grille_tls_of_services(void) {
    static const grille_tls_functions functions = {
        .new = grille_tls_new,
        .free = grille_tls_free,
        .feed = grille_tls_feed,
        .retain = grille_tls_retain,
        .unread = grille_tls_unread,
        .handshake = grille_tls_handshake,
        .read = grille_tls_read,
        .is_closed = grille_tls_is_closed,
        .peer_alert = grille_tls_peer_alert,
        .write = grille_tls_write,
        .outgoing = grille_tls_outgoing,
        .sent = grille_tls_sent,
        .shutdown = grille_tls_shutdown,
    };
    (void)pthread_once(&started, start);
    return &functions;
}
