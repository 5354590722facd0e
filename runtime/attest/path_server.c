/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/path_server.h"

#include "base/bytes.h"
#include "base/error.h"

static grille_reason check_counts(const grille_server_path_request *request, grille_error *error) {
    if (request->anchor_count < 1 || request->anchor_count > GRILLE_LIMIT_POLICY_AUTHORITIES ||
        request->dns_name.len == 0) {
        return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "a server is checked by 1 to %d anchors and a name",
                                GRILLE_LIMIT_POLICY_AUTHORITIES);
    }
    if (request->sent_count < 1 || request->sent_count > GRILLE_LIMIT_CABUNDLE_CERTIFICATES) {
        return grille_error_set(error, GRILLE_REASON_ATTEST_CERT_CHAIN,
                                "observed %zu certificates of a server, expected 1 to %d", request->sent_count,
                                GRILLE_LIMIT_CABUNDLE_CERTIFICATES);
    }
    return GRILLE_REASON_OK;
}

static grille_reason read_sent(const grille_server_path_request *request,
                               grille_x509 sent[GRILLE_LIMIT_CABUNDLE_CERTIFICATES], grille_error *error) {
    char name[81];
    for (size_t i = 0; i < request->sent_count; i++) {
        grille_reason reason = grille_x509_read(request->sent[i], &sent[i]);
        /* What stands above the path may be of any form; it is left out when the path needs it. */
        if (reason == GRILLE_REASON_OK || i > 0) continue;
        return grille_error_set(error, reason,
                                "the server's certificate: observed %zu bytes in which %s; expected "
                                "strict DER",
                                request->sent[i].len, grille_reason_text(reason));
    }
    if (grille_x509_has_name(&sent[0], GRILLE_X509_DNS, request->dns_name)) return GRILLE_REASON_OK;
    grille_x509_text(grille_x509_first_name(&sent[0]), name, sizeof name);
    return grille_error_set(
        error, GRILLE_REASON_ATTEST_CERT_NAME,
        "observed a server with the subjectAltName \"%s\", expected the DNS name \"%.*s\". Likely the "
        "connection leads to another service, or the host that we were told is not its name",
        name, (int)(request->dns_name.len < 100 ? request->dns_name.len : 100), (const char *)request->dns_name.data);
}

/* From this anchor down through sent[top] to the leaf. */
static grille_reason walk_from(const grille_crypto *crypto, const grille_server_path_request *request,
                               grille_bytes anchor, size_t top, grille_path *path, grille_error *error) {
    grille_bytes certificates[GRILLE_PATH_MAX];
    grille_path_request walk = {.profile = GRILLE_PATH_TLS_SERVER,
                                .purpose = GRILLE_PATH_SERVER,
                                .certificates = certificates,
                                .now_ms = request->now_ms,
                                .leeway_ms = request->leeway_ms,
                                .cache = request->cache,
                                .rsa = request->rsa};
    certificates[walk.count++] = anchor;
    for (size_t i = top + 1; i > 0; i--)
        certificates[walk.count++] = request->sent[i - 1];
    return grille_path_verify(crypto, &walk, path, error);
}

/* Every anchor that names itself as the issuer of sent[top]; an anchor that was sent too stands at top + 1. */
static grille_reason try_anchors(const grille_crypto *crypto, const grille_server_path_request *request,
                                 const grille_x509 *sent, size_t top, grille_path *path, grille_error *error) {
    grille_reason reason = GRILLE_REASON_ATTEST_CERT_UNKNOWN_ISSUER;
    for (size_t i = 0; i < request->anchor_count; i++) {
        grille_x509 anchor;
        if (grille_x509_read(request->anchors[i], &anchor) != GRILLE_REASON_OK) continue;
        if (!grille_bytes_equal(sent[top].issuer, anchor.subject)) continue;
        reason = walk_from(crypto, request, request->anchors[i], top, path, error);
        if (reason == GRILLE_REASON_OK) return reason;
    }
    return reason;
}

grille_reason grille_path_verify_server(const grille_crypto *crypto, const grille_server_path_request *request,
                                        grille_path *path, grille_error *error) {
    grille_x509 sent[GRILLE_LIMIT_CABUNDLE_CERTIFICATES];
    grille_reason reason = check_counts(request, error), last = GRILLE_REASON_ATTEST_CERT_UNKNOWN_ISSUER;
    *path = (grille_path){.expires_ms = 0};
    if (reason == GRILLE_REASON_OK) reason = read_sent(request, sent, error);
    if (reason != GRILLE_REASON_OK) return reason;
    for (size_t top = 0; top < request->sent_count && sent[top].issuer.len != 0; top++) {
        reason = try_anchors(crypto, request, sent, top, path, error);
        if (reason == GRILLE_REASON_OK) {
            grille_error_clear(error);
            return reason;
        }
        if (reason != GRILLE_REASON_ATTEST_CERT_UNKNOWN_ISSUER) last = reason;
    }
    if (last != GRILLE_REASON_ATTEST_CERT_UNKNOWN_ISSUER) return last;
    return grille_error_set(
        error, last,
        "observed %zu certificates of a server that no anchor issued, expected a path "
        "to one of %zu. Likely the service's CA is not among the anchors, or something in between has a "
        "certificate of its own",
        request->sent_count, request->anchor_count);
}
