/* SPDX-License-Identifier: Apache-2.0
 * Servers with one method, and what an attacker may know of their process. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <wolfssl/wolfcrypt/settings.h>

#include <wolfssl/ssl.h>

#include "cmocka_all.h"
#include "ended.h"
#include "loop/socket.h"
#include "secure/leaf.h"
#include "secure/secure_private.h"
#include "stage.h"

static grille_code take_call(grille_call *call, const void *request, void *response, const void *handlers, void *user) {
    stage_server *server = user;
    const char *text = ((const fake_message *)request)->text;
    (void)handlers;
    if (text != NULL && text[0] == '#') atomic_fetch_add(&server->ran_for[(text[1] - '0') % STAGE_CALLERS], 1);
    (void)snprintf(server->last_text, sizeof server->last_text, "%s", text != NULL ? text : "");
    (void)snprintf(server->last_peer, sizeof server->last_peer, "%s", grille_peer(call)->set);
    atomic_fetch_add(&server->ran, 1);
    ((fake_message *)response)->text = text;
    return GRILLE_OK;
}

void stage_server_start(stage_server *server, const stage_enclave *enclave, grille_policy *policy) {
    static const grille_service service = {
        .name = "test.Victim", .id = 70, .methods = victim_methods, .method_count = 1};
    static const grille_method_handler invoke[] = {{.invoke = take_call}};
    static unsigned servers;
    grille_server_options options = grille_server_options_default();
    char address[128];
    grille_error error;
    memset(server, 0, sizeof *server);
    (void)snprintf(address, sizeof address, "unix:%s/%u", on_stage.folder, servers++);
    options.policy = policy != NULL ? policy : on_stage.trusts_callers;
    options.identity = enclave->identity;
    options.spin_us = 0;
    options.loops = 1;
    if (grille_server_new(&options, &server->server, &error) != GRILLE_OK ||
        grille_server_register(server->server, &service, invoke, NULL, server, &error) != GRILLE_OK ||
        grille_server_listen(server->server, address, &error) != GRILLE_OK ||
        grille_server_start(server->server, &error) != GRILLE_OK)
        fail_msg("%s: %s", error.name, error.text);
    server->address = grille_server_address(server->server, 0);
}

void stage_server_stop(stage_server *server) {
    grille_server_free(server->server);
}

/* ---- Keys ---- */

static pthread_mutex_t leafs_mutex = PTHREAD_MUTEX_INITIALIZER;
static grille_leaf leafs[16]; /* the newest */
static unsigned leaf_count;

__typeof__(grille_leaf_make) __real_grille_leaf_make, __wrap_grille_leaf_make;

grille_reason __wrap_grille_leaf_make(const grille_crypto *crypto, grille_wall_ms wall_ms, grille_leaf *leaf) {
    const grille_reason reason = __real_grille_leaf_make(crypto, wall_ms, leaf);
    (void)pthread_mutex_lock(&leafs_mutex);
    leafs[leaf_count++ % (sizeof leafs / sizeof leafs[0])] = *leaf;
    (void)pthread_mutex_unlock(&leafs_mutex);
    return reason;
}

unsigned stage_leafs(void) {
    unsigned count = 0;
    (void)pthread_mutex_lock(&leafs_mutex);
    count = leaf_count;
    (void)pthread_mutex_unlock(&leafs_mutex);
    return count;
}

grille_leaf stage_stolen_leaf(unsigned before) {
    grille_leaf leaf;
    for (unsigned tries = 0; stage_leafs() <= before; tries++) {
        if (tries == 10 * BAD_PEER_PATIENCE_MS) fail_msg("no leaf was made");
        (void)usleep(100);
    }
    (void)pthread_mutex_lock(&leafs_mutex);
    leaf = leafs[before % (sizeof leafs / sizeof leafs[0])];
    (void)pthread_mutex_unlock(&leafs_mutex);
    return leaf;
}

static const grille_leaf *to_import;

static grille_reason import_key(grille_curve curve, grille_private_key **key) {
    (void)curve;
    return grille_crypto_wolf()->key_import(grille_bytes_of(to_import->key, to_import->key_len), key);
}

grille_leaf stage_leaf_over(const grille_leaf *stolen) {
    grille_crypto crypto = *grille_crypto_wolf();
    grille_leaf leaf;
    to_import = stolen;
    crypto.key_generate = import_key;
    assert_int_equal(__real_grille_leaf_make(&crypto, on_stage.now_ms, &leaf), GRILLE_REASON_OK);
    return leaf;
}

/* ---- Nonces ---- */

static uint8_t foretold[GRILLE_NONCE_BYTES];
static atomic_bool foretells;
static atomic_uint started_servers; /* connections */

__typeof__(grille_secure_new) __real_grille_secure_new, __wrap_grille_secure_new;

grille_reason __wrap_grille_secure_new(const grille_secure_options *options, grille_secure **secure,
                                       grille_error *error) {
    grille_secure_options changed = *options;
    if (atomic_load(&foretells) && options->role == GRILLE_INITIATOR)
        memcpy(changed.nonce, foretold, sizeof changed.nonce);
    changed.cipher = GRILLE_CIPHER_AES128; /* whatever this CPU does best */
    const grille_reason reason = __real_grille_secure_new(&changed, secure, error);
    if (reason == GRILLE_REASON_OK && options->budget != NULL && options->role == GRILLE_RESPONDER)
        atomic_fetch_add(&started_servers, 1);
    return reason;
}

bool stage_is_empty(unsigned most_ms) {
    for (unsigned ms = 0; atomic_load(&started_servers) != ended_servers(); ms++) {
        if (ms == most_ms) return false;
        (void)usleep(1000);
    }
    return true;
}

void stage_foretell_nonce(const uint8_t nonce[GRILLE_NONCE_BYTES]) {
    if (nonce != NULL) memcpy(foretold, nonce, sizeof foretold);
    atomic_store(&foretells, nonce != NULL);
}

/* ---- Steps ---- */

static void (*_Atomic step_watch)(void *user);
static void *_Atomic step_watch_user;

__typeof__(grille_secure_step) __real_grille_secure_step, __wrap_grille_secure_step;

grille_reason __wrap_grille_secure_step(grille_secure *secure, grille_time_us now_us, grille_wall_ms wall_ms) {
    void (*watch)(void *user) = atomic_load(&step_watch);
    const bool handshake = grille_secure_get_state(secure) < GRILLE_SECURE_OPEN;
    if (watch != NULL && handshake && secure->role == GRILLE_RESPONDER) watch(atomic_load(&step_watch_user));
    return __real_grille_secure_step(secure, now_us, wall_ms);
}

void stage_watch_steps(void (*watch)(void *user), void *user) {
    atomic_store(&step_watch_user, user);
    atomic_store(&step_watch, watch);
}

static void (*_Atomic write_watch)(void *user, int fd);
static void *_Atomic write_watch_user;

__typeof__(grille_socket_write) __real_grille_socket_write, __wrap_grille_socket_write;

long __wrap_grille_socket_write(int fd, const void *bytes, size_t len) {
    void (*watch)(void *user, int fd) = atomic_load(&write_watch);
    const long moved = __real_grille_socket_write(fd, bytes, len);
    if (watch != NULL) watch(atomic_load(&write_watch_user), fd);
    return moved;
}

void stage_watch_writes(void (*watch)(void *user, int fd), void *user) {
    atomic_store(&write_watch_user, user);
    atomic_store(&write_watch, watch);
}

/* ---- The exporter ---- */

enum { EXPORTS_MAX = 4096 };
static atomic_bool exporter_is_broken;
static pthread_mutex_t exports_mutex = PTHREAD_MUTEX_INITIALIZER;
static uint8_t exports[EXPORTS_MAX][GRILLE_GATE_KEY_BYTES];
static unsigned export_count, most_equal;

__typeof__(wolfSSL_export_keying_material) __real_wolfSSL_export_keying_material, __wrap_wolfSSL_export_keying_material;

static void note_export(const uint8_t *value, size_t len) {
    unsigned equal = 1;
    if (len != GRILLE_GATE_KEY_BYTES) return;
    (void)pthread_mutex_lock(&exports_mutex);
    for (unsigned i = 0; i < export_count; i++)
        equal += memcmp(exports[i], value, len) == 0;
    if (equal > most_equal) most_equal = equal;
    if (export_count < EXPORTS_MAX) memcpy(exports[export_count++], value, len);
    (void)pthread_mutex_unlock(&exports_mutex);
}

int __wrap_wolfSSL_export_keying_material(WOLFSSL *ssl, unsigned char *out, size_t out_len, const char *label,
                                          size_t label_len, const unsigned char *context, size_t context_len,
                                          int use_context) {
    int result = 0;
    if (atomic_load(&exporter_is_broken)) return WOLFSSL_FAILURE;
    result =
        __real_wolfSSL_export_keying_material(ssl, out, out_len, label, label_len, context, context_len, use_context);
    if (result == WOLFSSL_SUCCESS) note_export(out, out_len);
    return result;
}

void stage_break_exporter(bool broken) {
    atomic_store(&exporter_is_broken, broken);
}

unsigned stage_exports(unsigned *equal) {
    (void)pthread_mutex_lock(&exports_mutex);
    *equal = most_equal;
    const unsigned count = export_count;
    (void)pthread_mutex_unlock(&exports_mutex);
    return count;
}
