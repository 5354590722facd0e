/* SPDX-License-Identifier: Apache-2.0 */
#include "https_server.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "cmocka_all.h"
#include "https_certificates.h"

struct https_server {
    SSL_CTX *context;
    SSL *ssl;
    BIO *in, *out;
    https_certificates made;
    const char *alpn;
    bool finished;
    int alert;
    size_t request_len;
    char request[65536];
};

static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
                       unsigned in_len, void *user) {
    const https_server *server = user;
    (void)ssl;
    (void)in;
    (void)in_len;
    *out = (const unsigned char *)server->alpn;
    *out_len = (unsigned char)strlen(server->alpn);
    return SSL_TLSEXT_ERR_OK;
}

static void note_alert(const SSL *ssl, int where, int value) {
    https_server *server = SSL_get_app_data(ssl);
    if (where == SSL_CB_READ_ALERT && value >> 8 == SSL3_AL_FATAL) server->alert = value & 0xff;
}

static int take_any(int good, X509_STORE_CTX *store) {
    (void)good;
    (void)store;
    return 1;
}

static void choose(https_server *server, const https_options *options) {
    SSL_CTX *context = server->context;
    SSL_CTX_set_security_level(context, 0); /* keys of 1,024 bits are what is tested */
    SSL_CTX_set_info_callback(context, note_alert);
    assert_int_equal(SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION), 1);
    if (options->only_tls12) assert_int_equal(SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION), 1);
    if (options->groups != NULL) assert_int_equal(SSL_CTX_set1_groups_list(context, options->groups), 1);
    if (options->suites != NULL) assert_int_equal(SSL_CTX_set_ciphersuites(context, options->suites), 1);
    if (options->alpn != NULL) SSL_CTX_set_alpn_select_cb(context, choose_alpn, server);
    if (options->asks) SSL_CTX_set_verify(context, SSL_VERIFY_PEER, take_any);
    assert_int_equal(SSL_CTX_use_certificate(context, server->made.leaf), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(context, server->made.signer), 1);
    for (size_t i = 0; i < server->made.sent_count; i++)
        assert_int_equal(SSL_CTX_add1_chain_cert(context, server->made.sent[i]), 1);
    SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN);
}

https_server *https_server_new(const https_options *options) {
    https_server *server = calloc(1, sizeof *server);
    assert_non_null(server);
    server->alert = -1;
    server->alpn = options->alpn;
    https_certificates_make(options, &server->made);
    server->context = SSL_CTX_new(TLS_server_method());
    assert_non_null(server->context);
    choose(server, options);
    server->ssl = SSL_new(server->context);
    server->in = BIO_new(BIO_s_mem());
    server->out = BIO_new(BIO_s_mem());
    assert_true(server->ssl != NULL && server->in != NULL && server->out != NULL);
    BIO_set_mem_eof_return(server->in, -1);
    SSL_set_app_data(server->ssl, server);
    SSL_set_bio(server->ssl, server->in, server->out);
    SSL_set_accept_state(server->ssl);
    return server;
}

void https_server_free(https_server *server) {
    SSL_free(server->ssl);
    SSL_CTX_free(server->context);
    https_certificates_free(&server->made);
    free(server);
}

grille_bytes https_server_anchor(const https_server *server) {
    return (grille_bytes){server->made.anchor, server->made.anchor_len};
}

static void go_on(https_server *server) {
    int len = 1;
    while (len > 0) {
        const size_t room = sizeof server->request - server->request_len;
        assert_true(room > 0);
        len = SSL_read(server->ssl, server->request + server->request_len, (int)room);
        if (len > 0) server->request_len += (size_t)len;
    }
    server->finished = server->finished || SSL_is_init_finished(server->ssl);
    ERR_clear_error();
}

void https_server_feed(https_server *server, grille_bytes bytes) {
    if (bytes.len > 0) assert_int_equal(BIO_write(server->in, bytes.data, (int)bytes.len), (int)bytes.len);
    go_on(server);
}

size_t https_server_take(https_server *server, void *out, size_t capacity) {
    const int len = BIO_read(server->out, out, (int)capacity);
    return len > 0 ? (size_t)len : 0;
}

grille_bytes https_server_request(const https_server *server) {
    return (grille_bytes){(const uint8_t *)server->request, server->request_len};
}

void https_server_say(https_server *server, const void *data, size_t len) {
    assert_int_equal(SSL_write(server->ssl, data, (int)len), (int)len);
}

void https_server_update_keys(https_server *server) {
    assert_int_equal(SSL_key_update(server->ssl, SSL_KEY_UPDATE_REQUESTED), 1);
    assert_int_equal(SSL_do_handshake(server->ssl), 1);
}

void https_server_close(https_server *server) {
    assert_true(SSL_shutdown(server->ssl) >= 0);
}

bool https_server_shook_hands(const https_server *server) {
    return server->finished;
}

int https_server_alert(const https_server *server) {
    return server->alert;
}

const char *https_server_name(const https_server *server) {
    const char *name = SSL_get_servername(server->ssl, TLSEXT_NAMETYPE_host_name);
    return name != NULL ? name : "";
}

bool https_server_was_closed(const https_server *server) {
    return (SSL_get_shutdown(server->ssl) & SSL_RECEIVED_SHUTDOWN) != 0;
}

const char *https_server_signature(const https_server *server) {
    int type = 0;
    assert_int_equal(SSL_get_signature_type_nid(server->ssl, &type), 1);
    return type == EVP_PKEY_RSA_PSS ? "RSA-PSS" : type == EVP_PKEY_EC ? "ECDSA" : "another";
}

const char *https_server_suite(const https_server *server) {
    return SSL_get_cipher_name(server->ssl);
}
