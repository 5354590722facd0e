/* SPDX-License-Identifier: Apache-2.0 */
#include "raw_tls.h"
#include "raw_tls_certificate.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "forge.h"
#include "secure/leaf.h"

static int receive(WOLFSSL *ssl, char *buffer, int size, void *context) {
    raw_tls *raw = context;
    size_t len = raw->in_len - raw->in_taken;
    (void)ssl;
    if (len > (size_t)size) len = (size_t)size;
    if (len == 0) return WOLFSSL_CBIO_ERR_WANT_READ;
    memcpy(buffer, raw->in + raw->in_taken, len);
    raw->in_taken += len;
    return (int)len;
}

static int deliver(WOLFSSL *ssl, char *buffer, int size, void *context) {
    raw_tls *raw = context;
    (void)ssl;
    assert_true((size_t)size <= sizeof raw->out - raw->out_len);
    memcpy(raw->out + raw->out_len, buffer, (size_t)size);
    raw->out_len += (size_t)size;
    return size;
}

static int accept_all(int preverify, WOLFSSL_X509_STORE_CTX *store) {
    (void)preverify;
    (void)store;
    return 1;
}

static void use(raw_tls *raw, grille_bytes chain, grille_bytes key) {
    assert_int_equal(wolfSSL_CTX_use_certificate_chain_buffer_format(raw->context, chain.data, (long)chain.len,
                                                                     WOLFSSL_FILETYPE_ASN1),
                     WOLFSSL_SUCCESS);
    assert_int_equal(wolfSSL_CTX_use_PrivateKey_buffer(raw->context, key.data, (long)key.len, WOLFSSL_FILETYPE_ASN1),
                     WOLFSSL_SUCCESS);
}

static void use_leaf(raw_tls *raw, const raw_tls_options *options) {
    uint8_t chain[2 * GRILLE_CERTIFICATE_MAX];
    const forge_template ca_about = forge_ca("Second", GRILLE_P256);
    forge_identity ca;
    grille_leaf leaf;
    size_t len = 0;
    if (options->certificate != NULL) {
        use(raw, grille_bytes_of(options->certificate, options->certificate_len),
            grille_bytes_of(options->key, options->key_len));
        return;
    }
    assert_int_equal(grille_leaf_make(grille_crypto_wolf(), FORGE_NOW_MS, &leaf), GRILLE_REASON_OK);
    memcpy(chain, leaf.certificate, leaf.certificate_len);
    len = leaf.certificate_len;
    if (options->chain_of_two) {
        forge_certificate(&ca_about, NULL, &ca);
        memcpy(chain + len, ca.der, ca.len);
        len += ca.len;
        forge_free(&ca);
    }
    use(raw, grille_bytes_of(chain, len), grille_bytes_of(leaf.key, leaf.key_len));
}

void raw_tls_init(raw_tls *raw, const raw_tls_options *options) {
    int groups[] = {WOLFSSL_ECC_SECP384R1};
    memset(raw, 0, sizeof *raw);
    (void)grille_crypto_wolf();
    raw->client = options->client;
    raw->context = wolfSSL_CTX_new(options->client ? wolfTLSv1_3_client_method() : wolfTLSv1_3_server_method());
    assert_non_null(raw->context);
    wolfSSL_CTX_set_verify(raw->context, WOLFSSL_VERIFY_PEER, accept_all);
    wolfSSL_CTX_SetIORecv(raw->context, receive);
    wolfSSL_CTX_SetIOSend(raw->context, deliver);
    use_leaf(raw, options);
    if (options->sent != NULL) {
        size_t len = 0;
        unsigned char *sent = raw_tls_certificate(raw->context, &len);
        assert_int_equal(options->certificate_len, len);
        memcpy(sent, options->sent, len);
    }
    if (options->only_p384) {
        assert_int_equal(wolfSSL_CTX_UseSupportedCurve(raw->context, WOLFSSL_ECC_SECP384R1), WOLFSSL_SUCCESS);
        assert_int_equal(wolfSSL_CTX_set_groups(raw->context, groups, 1), WOLFSSL_SUCCESS);
    }
    raw->ssl = wolfSSL_new(raw->context);
    assert_non_null(raw->ssl);
    wolfSSL_SetIOReadCtx(raw->ssl, raw);
    wolfSSL_SetIOWriteCtx(raw->ssl, raw);
    if (options->alpn != NULL) {
        char name[64];
        (void)snprintf(name, sizeof name, "%s", options->alpn);
        assert_int_equal(wolfSSL_UseALPN(raw->ssl, name, (unsigned)strlen(name), WOLFSSL_ALPN_FAILED_ON_MISMATCH),
                         WOLFSSL_SUCCESS);
    }
}

void raw_tls_deinit(raw_tls *raw) {
    wolfSSL_free(raw->ssl);
    wolfSSL_CTX_free(raw->context);
}

void raw_tls_feed(raw_tls *raw, grille_bytes bytes) {
    assert_true(bytes.len <= sizeof raw->in - raw->in_len);
    if (bytes.len > 0) memcpy(raw->in + raw->in_len, bytes.data, bytes.len);
    raw->in_len += bytes.len;
}

bool raw_tls_handshake(raw_tls *raw) {
    return (raw->client ? wolfSSL_connect(raw->ssl) : wolfSSL_accept(raw->ssl)) == WOLFSSL_SUCCESS;
}

int raw_tls_alert(raw_tls *raw) {
    WOLFSSL_ALERT_HISTORY history;
    uint8_t byte = 0;
    /* An alert that came after this end was finished is read like data. */
    (void)wolfSSL_read(raw->ssl, &byte, 1);
    assert_int_equal(wolfSSL_get_alert_history(raw->ssl, &history), WOLFSSL_SUCCESS);
    return history.last_rx.level == alert_fatal ? history.last_rx.code : -1;
}
