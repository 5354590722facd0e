/* SPDX-License-Identifier: Apache-2.0
 * wolfSSL itself, mutual TLS 1.3 with AES-128-GCM on blocking sockets, through a read buffer: one write and one read
 * each way. No gate: it is a ceiling, not a channel. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/mode.h"
#include "crypto/certificate.h"
#include "wolfssl/ssl.h"
#include "wolfssl/wolfcrypt/settings.h"

enum { READ_BUFFER_BYTES = 65536 };

typedef struct tls_end {
    int fd;
    WOLFSSL *ssl;
    uint8_t *message;
    size_t message_len;
    size_t at;
    size_t filled;
    uint8_t buffer[READ_BUFFER_BYTES];
} tls_end;

static tls_end client;

static int receive(WOLFSSL *ssl, char *data, int len, void *context) {
    tls_end *end = context;
    size_t part = 0;
    (void)ssl;
    if (end->at == end->filled) {
        ssize_t got = read(end->fd, end->buffer, sizeof end->buffer);
        if (got <= 0) return WOLFSSL_CBIO_ERR_CONN_CLOSE;
        end->at = 0;
        end->filled = (size_t)got;
    }
    part = end->filled - end->at < (size_t)len ? end->filled - end->at : (size_t)len;
    memcpy(data, end->buffer + end->at, part);
    end->at += part;
    return (int)part;
}

static int transmit(WOLFSSL *ssl, char *data, int len, void *context) {
    tls_end *end = context;
    (void)ssl;
    return bench_write_all(end->fd, (const uint8_t *)data, (size_t)len) ? len : WOLFSSL_CBIO_ERR_GENERAL;
}

/* The ceiling needs no trust. */
static int accept_any_insecure(int preverify, WOLFSSL_X509_STORE_CTX *store) {
    (void)preverify;
    (void)store;
    return 1;
}

static bool make_leaf(uint8_t *certificate, size_t capacity, size_t *len, uint8_t *key_der, size_t key_capacity,
                      size_t *key_len) {
    const grille_crypto *crypto = grille_crypto_wolf();
    grille_wall_ms now_ms = (grille_wall_ms)time(NULL) * 1000;
    grille_certificate_template leaf = {.subject_common_name = "bench",
                                        .not_before_ms = now_ms - 3600000,
                                        .not_after_ms = now_ms + 3600000,
                                        .serial = {0x41},
                                        .path_len = -1};
    grille_private_key *key = NULL;
    uint8_t point[GRILLE_POINT_MAX];
    size_t point_len = 0;
    bool made = crypto->key_generate(GRILLE_P256, &key) == GRILLE_REASON_OK &&
                crypto->key_point(key, point, sizeof point, &point_len) == GRILLE_REASON_OK &&
                grille_certificate_write(crypto, &leaf, GRILLE_P256, (grille_bytes){point, point_len}, key, certificate,
                                         capacity, len) == GRILLE_REASON_OK &&
                crypto->key_export(key, key_der, key_capacity, key_len) == GRILLE_REASON_OK;
    crypto->key_free(key);
    return made;
}

static bool open_end(tls_end *end, WOLFSSL_METHOD *method, size_t message_bytes) {
    uint8_t certificate[GRILLE_CERTIFICATE_MAX];
    uint8_t key[256];
    size_t len = 0;
    size_t key_len = 0;
    WOLFSSL_CTX *context = wolfSSL_CTX_new(method);
    if (context == NULL || !make_leaf(certificate, sizeof certificate, &len, key, sizeof key, &key_len)) return false;
    if (wolfSSL_CTX_use_certificate_buffer(context, certificate, (long)len, WOLFSSL_FILETYPE_ASN1) != WOLFSSL_SUCCESS ||
        wolfSSL_CTX_use_PrivateKey_buffer(context, key, (long)key_len, WOLFSSL_FILETYPE_ASN1) != WOLFSSL_SUCCESS ||
        wolfSSL_CTX_set_cipher_list(context, "TLS13-AES128-GCM-SHA256") != WOLFSSL_SUCCESS) {
        return false;
    }
    wolfSSL_CTX_set_verify(context, WOLFSSL_VERIFY_PEER | WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT, accept_any_insecure);
    wolfSSL_CTX_SetIORecv(context, receive);
    wolfSSL_CTX_SetIOSend(context, transmit);
    end->ssl = wolfSSL_new(context);
    end->message = calloc(1, message_bytes);
    end->message_len = message_bytes;
    if (end->ssl == NULL || end->message == NULL) return false;
    wolfSSL_SetIOReadCtx(end->ssl, end);
    wolfSSL_SetIOWriteCtx(end->ssl, end);
    return true;
}

static bool read_message(tls_end *end) {
    size_t have = 0;
    while (have < end->message_len) {
        int got = wolfSSL_read(end->ssl, end->message + have, (int)(end->message_len - have));
        if (got <= 0) return false;
        have += (size_t)got;
    }
    return true;
}

static bool write_message(tls_end *end) {
    return wolfSSL_write(end->ssl, end->message, (int)end->message_len) == (int)end->message_len;
}

static void serve(const char *path, const char *folder, size_t message_bytes) {
    static tls_end server;
    (void)folder;
    server.fd = bench_accept_one(path);
    if (!open_end(&server, wolfTLSv1_3_server_method(), message_bytes) ||
        wolfSSL_accept(server.ssl) != WOLFSSL_SUCCESS) {
        fputs("bench: the TLS server failed\n", stderr);
        exit(1);
    }
    while (read_message(&server) && write_message(&server)) {
    }
    exit(0);
}

static bool connect_to(const char *path, const char *folder, size_t message_bytes) {
    (void)folder;
    client.fd = bench_connect(path);
    return open_end(&client, wolfTLSv1_3_client_method(), message_bytes) &&
           wolfSSL_connect(client.ssl) == WOLFSSL_SUCCESS;
}

static bool ping(void) {
    return write_message(&client) && read_message(&client);
}

static void close_it(void) {
    (void)close(client.fd);
}

const bench_mode bench_mode_tls = {
    .name = "tls", .serve = serve, .connect = connect_to, .ping = ping, .close = close_it};
