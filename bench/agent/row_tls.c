/* SPDX-License-Identifier: Apache-2.0
 * wolfSSL itself, mutual TLS 1.3 with AES-128-GCM, with the build and the record pool that the library has. It reads
 * from a large buffer that one read has filled, and what it seals leaves in one write: what a program can have from it
 * at best. No gate and no trust: a ceiling, not a channel. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <wolfssl/wolfcrypt/settings.h>

#include <wolfssl/ssl.h>

#include "bench/agent/echo.h"
#include "bench/agent/row.h"
#include "crypto/certificate.h"
#include "secure/tls_alloc.h"

typedef struct tls_link {
    bench_link base;
    WOLFSSL *ssl;
    bench_workspace *workspace; /* of the call that is going on */
} tls_link;

static const bench_link_kind kind;
static WOLFSSL_CTX *contexts[2]; /* client, server */

static int receive(WOLFSSL *ssl, char *data, int len, void *user) {
    bench_workspace *workspace = ((tls_link *)user)->workspace;
    const size_t rest = workspace->filled - workspace->at;
    const size_t part = rest < (size_t)len ? rest : (size_t)len;
    (void)ssl;
    /* The next read comes with the next turn. */
    if (part == 0) return WOLFSSL_CBIO_ERR_WANT_READ;
    memcpy(data, workspace->received + workspace->at, part);
    workspace->at += part;
    return (int)part;
}

static int transmit(WOLFSSL *ssl, char *data, int len, void *user) {
    bench_workspace *workspace = ((tls_link *)user)->workspace;
    (void)ssl;
    if ((size_t)len > BENCH_SEALED_BYTES - workspace->sealed_len) return WOLFSSL_CBIO_ERR_GENERAL;
    memcpy(workspace->sealed + workspace->sealed_len, data, (size_t)len);
    workspace->sealed_len += (size_t)len;
    return len;
}

/* The ceiling needs no trust; whoever holds the key of the shown certificate has still to prove it. */
static int accept_any_insecure(int preverify, WOLFSSL_X509_STORE_CTX *store) {
    (void)preverify;
    (void)store;
    return 1;
}

static bool use_own_certificate(WOLFSSL_CTX *context) {
    const grille_crypto *crypto = grille_crypto_wolf();
    const grille_wall_ms now_ms = (grille_wall_ms)time(NULL) * 1000;
    const grille_certificate_template leaf = {.subject_common_name = "bench",
                                              .not_before_ms = now_ms - 3600000,
                                              .not_after_ms = now_ms + 86400000,
                                              .serial = {0x41},
                                              .path_len = -1};
    grille_private_key *key = NULL;
    uint8_t point[GRILLE_POINT_MAX];
    uint8_t certificate[GRILLE_CERTIFICATE_MAX];
    uint8_t key_der[256];
    size_t point_len = 0;
    size_t certificate_len = 0;
    size_t key_len = 0;
    const bool used =
        crypto->key_generate(GRILLE_P256, &key) == GRILLE_REASON_OK &&
        crypto->key_point(key, point, sizeof point, &point_len) == GRILLE_REASON_OK &&
        grille_certificate_write(crypto, &leaf, GRILLE_P256, (grille_bytes){point, point_len}, key, certificate,
                                 sizeof certificate, &certificate_len) == GRILLE_REASON_OK &&
        crypto->key_export(key, key_der, sizeof key_der, &key_len) == GRILLE_REASON_OK &&
        wolfSSL_CTX_use_certificate_buffer(context, certificate, (long)certificate_len, WOLFSSL_FILETYPE_ASN1) ==
            WOLFSSL_SUCCESS &&
        wolfSSL_CTX_use_PrivateKey_buffer(context, key_der, (long)key_len, WOLFSSL_FILETYPE_ASN1) == WOLFSSL_SUCCESS;
    crypto->key_free(key);
    return used;
}

static bool prepare(bool is_server) {
    int groups[] = {WOLFSSL_ECC_X25519, WOLFSSL_ECC_SECP256R1};
    WOLFSSL_CTX *context = NULL;
    if (contexts[is_server] != NULL) return true;
    context = wolfSSL_CTX_new(is_server ? wolfTLSv1_3_server_method() : wolfTLSv1_3_client_method());
    if (context == NULL || !use_own_certificate(context) ||
        wolfSSL_CTX_set_cipher_list(context, "TLS13-AES128-GCM-SHA256") != WOLFSSL_SUCCESS ||
        wolfSSL_CTX_set_groups(context, groups, 2) != WOLFSSL_SUCCESS) {
        (void)fprintf(stderr, "agent: wolfSSL could not be set up\n");
        wolfSSL_CTX_free(context);
        return false;
    }
    wolfSSL_CTX_set_verify(context, WOLFSSL_VERIFY_PEER | WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT, accept_any_insecure);
    wolfSSL_CTX_SetIORecv(context, receive);
    wolfSSL_CTX_SetIOSend(context, transmit);
    contexts[is_server] = context;
    return true;
}

static void release(void) {
    for (size_t i = 0; i < 2; i++) {
        wolfSSL_CTX_free(contexts[i]);
        contexts[i] = NULL;
    }
}

/* Writes what was sealed; what the socket does not take stays behind, without a copy. */
static bool flush(bench_link *link, bench_workspace *workspace) {
    const size_t len = workspace->sealed_len;
    uint8_t *next = NULL;
    long wrote = 0;
    if (len == 0) return true;
    workspace->sealed_len = 0;
    if (link->behind != NULL) return false;
    wrote = bench_link_transmit(link, workspace->sealed, len);
    if (wrote == (long)len) return true;
    if (wrote < 0) return false;
    next = workspace->spare != NULL ? workspace->spare : malloc(BENCH_SEALED_BYTES);
    if (next == NULL) return false;
    workspace->spare = NULL;
    link->behind = workspace->sealed;
    link->behind_at = (size_t)wrote;
    link->behind_len = len;
    workspace->sealed = next;
    return true;
}

static bool shake(tls_link *tls, bench_workspace *workspace) {
    const int result = wolfSSL_negotiate(tls->ssl);
    const int error = result == WOLFSSL_SUCCESS ? 0 : wolfSSL_get_error(tls->ssl, result);
    if (result != WOLFSSL_SUCCESS && error != WOLFSSL_ERROR_WANT_READ) {
        /* The peer that goes away is no failure of the handshake itself. */
        if (error != WOLFSSL_ERROR_ZERO_RETURN) {
            (void)fprintf(stderr, "agent: TLS: %s\n", wolfSSL_ERR_reason_error_string((unsigned long)error));
        }
        (void)flush(&tls->base, workspace);
        return false;
    }
    tls->base.is_open = result == WOLFSSL_SUCCESS;
    return flush(&tls->base, workspace);
}

static void close_link(bench_link *link, bench_workspace *workspace) {
    tls_link *tls = (tls_link *)link;
    tls->workspace = workspace;
    if (link->is_open && link->behind == NULL) {
        (void)wolfSSL_shutdown(tls->ssl);
        (void)flush(link, workspace);
    }
    workspace->sealed_len = 0;
    wolfSSL_free(tls->ssl);
    (void)close(link->fd);
    free(link->behind);
    free(tls);
}

static bench_link *open_link(int fd, bool is_server, bench_workspace *workspace) {
    tls_link *tls = calloc(1, sizeof *tls);
    if (tls == NULL) {
        (void)close(fd);
        return NULL;
    }
    tls->base = (bench_link){.kind = &kind, .fd = fd};
    tls->workspace = workspace;
    workspace->at = workspace->filled = 0;
    tls->ssl = wolfSSL_new(contexts[is_server]);
    if (tls->ssl != NULL) {
        wolfSSL_SetIOReadCtx(tls->ssl, tls);
        wolfSSL_SetIOWriteCtx(tls->ssl, tls);
    }
    if (tls->ssl == NULL || (!is_server && (wolfSSL_UseKeyShare(tls->ssl, WOLFSSL_ECC_X25519) != WOLFSSL_SUCCESS ||
                                            !shake(tls, workspace)))) {
        close_link(&tls->base, workspace);
        return NULL;
    }
    return &tls->base;
}

static long read_records(tls_link *tls, bench_workspace *workspace) {
    size_t len = 0;
    for (;;) {
        const int part = wolfSSL_read(tls->ssl, workspace->plain + len, (int)(BENCH_PLAIN_BYTES - len));
        if (part <= 0) {
            if (wolfSSL_get_error(tls->ssl, part) != WOLFSSL_ERROR_WANT_READ) return len > 0 ? (long)len : -1;
            return (long)len;
        }
        len += (size_t)part;
        /* Asking once more would only hear that there is nothing. */
        if (workspace->at == workspace->filled && wolfSSL_pending(tls->ssl) == 0) return (long)len;
    }
}

/* One read from the socket, then every record that is whole. */
static long take(bench_link *link, bench_workspace *workspace, const uint8_t **bytes) {
    tls_link *tls = (tls_link *)link;
    const long got = bench_link_receive(link, workspace->received, BENCH_READ_BYTES);
    grille_tls_alloc_scope scope;
    long len = 0;
    *bytes = workspace->plain;
    if (got <= 0) return got;
    tls->workspace = workspace;
    workspace->at = 0;
    workspace->filled = (size_t)got;
    if (!link->is_open && !shake(tls, workspace)) return -1;
    if (!link->is_open) return 0;
    scope = grille_tls_alloc_enter_records(NULL);
    len = read_records(tls, workspace);
    return grille_tls_alloc_leave(scope) ? -1 : len;
}

static long write_records(tls_link *tls, bench_workspace *workspace, const uint8_t *bytes, size_t len) {
    size_t taken = 0;
    while (taken < len && tls->base.behind == NULL) {
        const size_t part = len - taken < BENCH_WRITE_BYTES ? len - taken : BENCH_WRITE_BYTES;
        if (wolfSSL_write(tls->ssl, bytes + taken, (int)part) != (int)part || !flush(&tls->base, workspace)) return -1;
        taken += part;
    }
    return (long)taken;
}

static long put(bench_link *link, bench_workspace *workspace, const uint8_t *bytes, size_t len) {
    tls_link *tls = (tls_link *)link;
    grille_tls_alloc_scope scope;
    long taken = 0;
    tls->workspace = workspace;
    if (link->behind != NULL && !bench_link_catch_up(link, workspace)) return -1;
    scope = grille_tls_alloc_enter_records(NULL);
    taken = write_records(tls, workspace, bytes, len);
    return grille_tls_alloc_leave(scope) ? -1 : taken;
}

static const bench_link_kind kind = {.cipher = "TLS13-AES128-GCM-SHA256",
                                     .prepare = prepare,
                                     .release = release,
                                     .open = open_link,
                                     .take = take,
                                     .put = put,
                                     .close = close_link};

static int serve(const bench_spec *spec, void (*ready)(const char *address)) {
    return bench_echo_serve(&kind, spec, ready);
}

static int load(const bench_spec *spec, bench_recorder *recorder) {
    return bench_echo_load(&kind, spec, recorder);
}

const bench_row bench_row_tls = {.name = "tls", .serve = serve, .load = load};
