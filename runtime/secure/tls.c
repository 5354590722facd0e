/* SPDX-License-Identifier: Apache-2.0 */
#include "secure/tls.h"

#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "crypto/crypto.h"
#include "secure/tls_private.h"
#include "wire/limits.h"

static bool cpu_has_aes(void) {
#if defined(__x86_64__)
    return __builtin_cpu_supports("aes") != 0 && __builtin_cpu_supports("pclmul") != 0;
#else
    return false;
#endif
}

const char *grille_tls_first_suite(grille_cipher cipher) {
    switch (cipher) {
    case GRILLE_CIPHER_AES128:
        return "TLS13-AES128-GCM-SHA256";
    case GRILLE_CIPHER_AES256:
        return "TLS13-AES256-GCM-SHA384";
    case GRILLE_CIPHER_CHACHA20:
        return "TLS13-CHACHA20-POLY1305-SHA256";
    case GRILLE_CIPHER_AUTO:
        break;
    }
    return cpu_has_aes() ? "TLS13-AES128-GCM-SHA256" : "TLS13-CHACHA20-POLY1305-SHA256";
}

static const char *suites(grille_cipher cipher) {
    if (cipher != GRILLE_CIPHER_AUTO) return grille_tls_first_suite(cipher);
    return cpu_has_aes() ? "TLS13-AES128-GCM-SHA256:TLS13-CHACHA20-POLY1305-SHA256:TLS13-AES256-GCM-SHA384"
                         : "TLS13-CHACHA20-POLY1305-SHA256:TLS13-AES128-GCM-SHA256:TLS13-AES256-GCM-SHA384";
}

static bool valid(const grille_tls_options *options) {
    const size_t alpn_len = options->alpn != NULL ? strlen(options->alpn) : 0;
    const bool needs_certificate = options->role == GRILLE_TLS_SERVER;
    return options->budget != NULL && options->verify != NULL && (alpn_len > 0 || !tls_kind_needs_alpn) &&
           alpn_len < tls_alpn_bytes && (tls_kind_has_servers || options->role == GRILLE_TLS_CLIENT) &&
           (tls_kind_has_certificates || options->certificate.len == 0) && options->max_chain >= 1 &&
           options->max_chain <= GRILLE_TLS_CHAIN_MAX && (options->certificate.len > 0 || !needs_certificate) &&
           (options->certificate.len == 0) == (options->key.len == 0);
}

/* On the context: a server's end is not made without. */
static bool use_certificate(WOLFSSL_CTX *context, const grille_tls_options *options) {
    if (!tls_kind_has_certificates || options->certificate.len == 0) return true;
    return wolfSSL_CTX_use_certificate_buffer(context, options->certificate.data, (long)options->certificate.len,
                                              WOLFSSL_FILETYPE_ASN1) == WOLFSSL_SUCCESS &&
           wolfSSL_CTX_use_PrivateKey_buffer(context, options->key.data, (long)options->key.len,
                                             WOLFSSL_FILETYPE_ASN1) == WOLFSSL_SUCCESS;
}

/* A context of its own for each connection: whatever wolfSSL allocates belongs to one budget, and nothing that one peer
 * sent can be seen by another. */
static WOLFSSL_CTX *make_context(const grille_tls_options *options) {
    WOLFSSL_METHOD *method = tls_kind_method(options->role);
    WOLFSSL_CTX *context = method != NULL ? wolfSSL_CTX_new(method) : NULL;
    int groups[] = {WOLFSSL_ECC_X25519, WOLFSSL_ECC_SECP256R1};
    int mode = WOLFSSL_VERIFY_PEER;
    if (context == NULL) return NULL;
    if (tls_kind_has_servers && options->role == GRILLE_TLS_SERVER)
        mode =
            options->ask_certificate ? WOLFSSL_VERIFY_PEER | WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT : WOLFSSL_VERIFY_NONE;
    wolfSSL_CTX_set_verify(context, mode, grille_tls_verify_callback);
    wolfSSL_CTX_SetIORecv(context, grille_tls_io_receive);
    wolfSSL_CTX_SetIOSend(context, grille_tls_io_send);
    if (wolfSSL_CTX_set_cipher_list(context, suites(options->cipher)) != WOLFSSL_SUCCESS ||
        wolfSSL_CTX_UseSupportedCurve(context, WOLFSSL_ECC_X25519) != WOLFSSL_SUCCESS ||
        wolfSSL_CTX_UseSupportedCurve(context, WOLFSSL_ECC_SECP256R1) != WOLFSSL_SUCCESS ||
        wolfSSL_CTX_set_groups(context, groups, 2) != WOLFSSL_SUCCESS || !use_certificate(context, options)) {
        wolfSSL_CTX_free(context);
        return NULL;
    }
    return context;
}

static bool offer_alpn(grille_tls *tls) {
    if (!tls_kind_needs_alpn && tls->alpn[0] == '\0') return true;
    return wolfSSL_UseALPN(tls->ssl, tls->alpn, (unsigned)strlen(tls->alpn), WOLFSSL_ALPN_FAILED_ON_MISMATCH) ==
           WOLFSSL_SUCCESS;
}

static bool configure(grille_tls *tls, const grille_tls_options *options) {
    WOLFSSL *ssl = tls->ssl;
    wolfSSL_SetIOReadCtx(ssl, tls);
    wolfSSL_SetIOWriteCtx(ssl, tls);
    wolfSSL_SetCertCbCtx(ssl, tls);
    if (tls_kind_exports) wolfSSL_KeepArrays(ssl); /* the exporter needs them, once */
    return tls_kind_send_server_name(ssl, options->server_name) && offer_alpn(tls) &&
           (options->role == GRILLE_TLS_SERVER || wolfSSL_UseKeyShare(ssl, WOLFSSL_ECC_X25519) == WOLFSSL_SUCCESS);
}

/* True when wolfSSL's objects stand. */
static bool open_library_end(grille_tls *tls, const grille_tls_options *options) {
    WOLFSSL_CTX *context = make_context(options);
    bool ok = false;
    if (context == NULL) return false;
    tls->ssl = wolfSSL_new(context);
    ok = tls->ssl != NULL && configure(tls, options);
    wolfSSL_CTX_free(context); /* the end keeps its own reference */
    return ok;
}

grille_reason grille_tls_new(const grille_tls_options *options, grille_tls **out, grille_error *error) {
    grille_tls *tls = NULL;
    grille_tls_alloc_scope scope;
    bool opened = false;
    bool refused = false;
    *out = NULL;
    (void)grille_crypto_wolf(); /* sets wolfSSL's entropy callback */
    if (!grille_tls_library_ready())
        return grille_error_set(error, GRILLE_REASON_TLS_FAILED, "the TLS library did not start");
    if (!valid(options)) return grille_error_default(error, GRILLE_REASON_BAD_ARGUMENT);
    tls = grille_budget_alloc(options->budget, sizeof *tls);
    if (tls == NULL) return grille_error_default(error, GRILLE_REASON_BUDGET);
    *tls = (grille_tls){.budget = options->budget,
                        .role = options->role,
                        .verify = options->verify,
                        .verify_user = options->verify_user,
                        .max_chain = options->max_chain};
    tls->records_per_key = options->records_per_key > 0 ? options->records_per_key : GRILLE_LIMIT_RECORDS_PER_KEY;
    if (tls_kind_needs_alpn || options->alpn != NULL) memcpy(tls->alpn, options->alpn, strlen(options->alpn) + 1);
    grille_byte_queue_init(&tls->retained, options->budget);
    grille_byte_queue_init(&tls->outgoing, options->budget);
    grille_rate_limit_init(&tls->control, GRILLE_LIMIT_KEY_UPDATE_BURST, GRILLE_LIMIT_KEY_UPDATE_PER_SECOND,
                           options->now_us);
    scope = grille_tls_alloc_enter(options->budget);
    opened = open_library_end(tls, options);
    refused = grille_tls_alloc_leave(scope);
    if (!opened) {
        grille_tls_free(tls);
        if (refused) return grille_error_default(error, GRILLE_REASON_BUDGET);
        return grille_error_set(error, GRILLE_REASON_TLS_FAILED, "the TLS library took the certificate or key not");
    }
    *out = tls;
    return GRILLE_REASON_OK;
}

void grille_tls_free(grille_tls *tls) {
    grille_budget *budget = NULL;
    if (tls == NULL) return;
    budget = tls->budget;
    if (tls->ssl != NULL) {
        const grille_tls_alloc_scope scope = grille_tls_alloc_enter(budget);
        wolfSSL_free(tls->ssl);
        (void)grille_tls_alloc_leave(scope);
    }
    grille_byte_queue_deinit(&tls->retained);
    grille_byte_queue_deinit(&tls->outgoing);
    grille_budget_free_wiped(budget, tls, sizeof *tls);
}

static grille_reason check_handshake(grille_tls *tls, grille_error *error) {
    if (grille_tls_alpn_agreed(tls)) return GRILLE_REASON_OK;
    grille_tls_die(tls, no_application_protocol);
    return grille_error_set(error, GRILLE_REASON_TLS_ALPN,
                            "the peer agreed to no application protocol (ALPN), expected %s; likely the peer is "
                            "not " GRILLE_TLS_EXPECTED_PEER,
                            tls->alpn);
}

grille_reason grille_tls_handshake(grille_tls *tls, grille_error *error) {
    grille_tls_alloc_scope scope;
    bool refused = false;
    int result = 0;
    if (tls->dead) return grille_error_default(error, GRILLE_REASON_TLS_FAILED);
    if (tls->finished) return GRILLE_REASON_OK;
    grille_tls_io_begin(tls);
    tls->hook_error = error;
    scope = grille_tls_alloc_enter(tls->budget);
    result = tls_kind_handshake(tls->ssl, tls->role);
    refused = grille_tls_alloc_leave(scope);
    tls->hook_error = NULL;
    if (result != WOLFSSL_SUCCESS) {
        if (!refused && wolfSSL_get_error(tls->ssl, result) == WOLFSSL_ERROR_WANT_READ) return GRILLE_REASON_MORE;
        return grille_tls_fail(tls, result, refused, "the TLS handshake", error);
    }
    tls->finished = true;
    return check_handshake(tls, error);
}

grille_reason grille_tls_export(grille_tls *tls, const char *label, uint8_t *out, size_t len) {
    grille_tls_alloc_scope scope;
    int result = 0;
    if (!tls_kind_exports || !tls->finished || tls->exported || tls->dead) return GRILLE_REASON_TLS_FAILED;
    scope = grille_tls_alloc_enter(tls->budget);
    result = wolfSSL_export_keying_material(tls->ssl, out, len, label, strlen(label), NULL, 0, 0);
    wolfSSL_FreeArrays(tls->ssl);
    (void)grille_tls_alloc_leave(scope);
    tls->exported = true;
    if (result != WOLFSSL_SUCCESS) grille_wipe(out, len);
    return result == WOLFSSL_SUCCESS ? GRILLE_REASON_OK : GRILLE_REASON_TLS_FAILED;
}

uint16_t grille_tls_suite(const grille_tls *tls) {
    return tls->finished ? (uint16_t)wolfSSL_get_current_cipher_suite(tls->ssl) : 0;
}
