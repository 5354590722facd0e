/* SPDX-License-Identifier: Apache-2.0 */
#include <wolfssl/wolfcrypt/settings.h>

#include <wolfssl/error-ssl.h>
#include <wolfssl/internal.h> /* SendAlert */
#include <wolfssl/wolfcrypt/error-crypt.h>

#include "base/error.h"
#include "secure/tls_private.h"

typedef struct tls_error_row {
    int number;
    grille_reason reason;
} tls_error_row;

/* wolfSSL's numbers (error-ssl.h, error-crypt.h) that mean something to an operator; others are TLS_FAILED. */
static const tls_error_row rows[] = {{VERSION_ERROR, GRILLE_REASON_TLS_VERSION},
                                     {UNSUPPORTED_PROTO_VERSION, GRILLE_REASON_TLS_VERSION},
                                     {UNKNOWN_ALPN_PROTOCOL_NAME_E, GRILLE_REASON_TLS_ALPN},
                                     {NO_PEER_CERT, GRILLE_REASON_TLS_NO_CERTIFICATE},
                                     {MAX_CHAIN_ERROR, GRILLE_REASON_TLS_CHAIN_LENGTH},
                                     {VERIFY_CERT_ERROR, GRILLE_REASON_TLS_BAD_CERTIFICATE},
                                     {ASN_PARSE_E, GRILLE_REASON_TLS_BAD_CERTIFICATE},
                                     {ECC_KEY_SIZE_E, GRILLE_REASON_TLS_BAD_CERTIFICATE},
                                     {VERIFY_SIGN_ERROR, GRILLE_REASON_TLS_BAD_SIGNATURE},
                                     {SIG_VERIFY_E, GRILLE_REASON_TLS_BAD_SIGNATURE},
                                     {VERIFY_FINISHED_ERROR, GRILLE_REASON_TLS_BAD_SIGNATURE},
                                     {MATCH_SUITE_ERROR, GRILLE_REASON_TLS_NOTHING_COMMON},
                                     {KEY_SHARE_ERROR, GRILLE_REASON_TLS_NOTHING_COMMON},
                                     {BAD_KEY_SHARE_DATA, GRILLE_REASON_TLS_NOTHING_COMMON},
                                     {INVALID_PARAMETER, GRILLE_REASON_TLS_BAD_RECORD},
                                     {ECC_OUT_OF_RANGE_E, GRILLE_REASON_TLS_BAD_KEY_SHARE},
                                     {ECC_PEERKEY_ERROR, GRILLE_REASON_TLS_BAD_KEY_SHARE},
                                     {PEER_KEY_ERROR, GRILLE_REASON_TLS_BAD_KEY_SHARE},
                                     {ECC_BAD_ARG_E, GRILLE_REASON_TLS_BAD_KEY_SHARE},
                                     {DECRYPT_ERROR, GRILLE_REASON_TLS_BAD_RECORD},
                                     {VERIFY_MAC_ERROR, GRILLE_REASON_TLS_BAD_RECORD},
                                     {AES_GCM_AUTH_E, GRILLE_REASON_TLS_BAD_RECORD},
                                     {MAC_CMP_FAILED_E, GRILLE_REASON_TLS_BAD_RECORD},
                                     {UNKNOWN_RECORD_TYPE, GRILLE_REASON_TLS_BAD_RECORD},
                                     {UNKNOWN_HANDSHAKE_TYPE, GRILLE_REASON_TLS_BAD_RECORD},
                                     {OUT_OF_ORDER_E, GRILLE_REASON_TLS_BAD_RECORD},
                                     {DUPLICATE_MSG_E, GRILLE_REASON_TLS_BAD_RECORD},
                                     {SANITY_MSG_E, GRILLE_REASON_TLS_BAD_RECORD},
                                     {LENGTH_ERROR, GRILLE_REASON_TLS_BAD_RECORD},
                                     {HANDSHAKE_SIZE_ERROR, GRILLE_REASON_TLS_BAD_RECORD},
                                     {SANITY_CIPHER_E, GRILLE_REASON_TLS_BAD_RECORD},
                                     {SIDE_ERROR, GRILLE_REASON_TLS_BAD_RECORD},
                                     {BUFFER_ERROR, GRILLE_REASON_TLS_BAD_RECORD},
                                     {BUFFER_E, GRILLE_REASON_TLS_BAD_RECORD},
                                     {PARSE_ERROR, GRILLE_REASON_TLS_BAD_RECORD},
                                     {INCOMPLETE_DATA, GRILLE_REASON_TLS_BAD_RECORD},
                                     {EXT_MISSING, GRILLE_REASON_TLS_BAD_RECORD},
                                     {EXT_NOT_ALLOWED, GRILLE_REASON_TLS_BAD_RECORD},
                                     {DUPLICATE_TLS_EXT_E, GRILLE_REASON_TLS_BAD_RECORD},
                                     {UNSUPPORTED_EXTENSION, GRILLE_REASON_TLS_BAD_RECORD},
                                     GRILLE_TLS_MORE_ERRORS};

static grille_reason reason_of(const grille_tls *tls, int number) {
    /* After the handshake it is garbage in place of a record's header. */
    if (number == VERSION_ERROR && tls->finished) return GRILLE_REASON_TLS_BAD_RECORD;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].number == number) return rows[i].reason;
    return GRILLE_REASON_TLS_FAILED;
}

int grille_tls_peer_alert(const grille_tls *tls) {
    WOLFSSL_ALERT_HISTORY history;
    if (wolfSSL_get_alert_history(tls->ssl, &history) != WOLFSSL_SUCCESS) return -1;
    return history.last_rx.level == alert_fatal ? history.last_rx.code : -1;
}

static grille_reason explain(const grille_tls *tls, int number, bool refused, const char *what, grille_error *error) {
    const int alert = grille_tls_peer_alert(tls);
    const grille_reason reason = reason_of(tls, number);
    const char *finding = wolfSSL_ERR_reason_error_string((unsigned long)number);
    if (refused || tls->io_reason != GRILLE_REASON_OK)
        return grille_error_set(error, GRILLE_REASON_BUDGET,
                                "%s failed: the connection's memory budget of %zu bytes is used up (%zu in use)", what,
                                tls->budget->limit_bytes, tls->budget->used_bytes);
    if (tls->hook_reason != GRILLE_REASON_OK) return grille_error_default(error, tls->hook_reason);
    if (alert >= 0)
        return grille_error_set(error, GRILLE_REASON_TLS_PEER_ALERT,
                                "%s failed: the peer sent TLS alert %d (RFC 8446 6.2); " GRILLE_TLS_ALERT_CAUSE, what,
                                alert);
    return grille_error_set(error, reason,
                            "%s failed: %s (%d: %s); likely the peer is not " GRILLE_TLS_EXPECTED_PEER
                            ", or something in between ends TLS",
                            what, grille_reason_text(reason), number, finding);
}

void grille_tls_die(grille_tls *tls, int alert) {
    WOLFSSL_ALERT_HISTORY history;
    grille_tls_alloc_scope scope;
    tls->dead = true;
    if (wolfSSL_get_alert_history(tls->ssl, &history) != WOLFSSL_SUCCESS) return;
    if (history.last_rx.level == alert_fatal || history.last_tx.level == alert_fatal) return;
    scope = grille_tls_alloc_enter(tls->budget);
    (void)SendAlert(tls->ssl, alert_fatal, alert); /* nobody is left to tell when this fails too */
    (void)grille_tls_alloc_leave(scope);
}

/* For what wolfSSL says nothing about: garbage in place of a record. */
static int alert_of(const grille_tls *tls, int number) {
    switch (number) {
    case VERSION_ERROR:
        return tls->finished ? unexpected_message : protocol_version;
    case LENGTH_ERROR:
        return record_overflow;
    case HANDSHAKE_SIZE_ERROR:
        return decode_error;
    default:
        return unexpected_message;
    }
}

grille_reason grille_tls_fail(grille_tls *tls, int result, bool refused, const char *what, grille_error *error) {
    const int number = wolfSSL_get_error(tls->ssl, result);
    const grille_reason reason = explain(tls, number, refused, what, error);
    grille_tls_die(tls, refused ? internal_error : alert_of(tls, number));
    return reason;
}
