/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/path.h"

#include <stdio.h>

#include "attest/calendar.h"
#include "attest/path_algorithm.h"
#include "base/bytes.h"
#include "base/error.h"

typedef struct profile_rules {
    bool allows_p256;
    bool allows_sha256;
    bool allows_rsa;
    bool needs_leaf_key_usage;
    bool needs_extended_key_usage;
} profile_rules;

static const profile_rules rules_of[] = {
    [GRILLE_PATH_NITRO] = {.needs_leaf_key_usage = true},
    [GRILLE_PATH_PEER] = {.allows_p256 = true, .allows_sha256 = true, .needs_extended_key_usage = true},
    [GRILLE_PATH_TLS_SERVER] = {.allows_p256 = true,
                                .allows_sha256 = true,
                                .allows_rsa = true,
                                .needs_extended_key_usage = true},
};

typedef struct walk {
    const grille_path_request *request;
    const profile_rules *rules;
    grille_path_algorithms algorithms;
    grille_error *error;
    grille_x509 certificates[GRILLE_PATH_MAX];
} walk;

/* "certificate 2 of 5 (CN)" for messages; 1 is the anchor. */
typedef struct place {
    char text[128];
} place;

static place place_of(const walk *w, size_t index) {
    place p;
    char name[81];
    grille_x509_text(w->certificates[index].common_name, name, sizeof name);
    (void)snprintf(p.text, sizeof p.text, "certificate %zu of %zu (%s)", index + 1, w->request->count, name);
    return p;
}

static grille_reason refuse(const walk *w, size_t index, grille_reason reason, const char *observed,
                            const char *expected, const char *cause) {
    place where = place_of(w, index);
    return grille_error_set(w->error, reason, "%s: observed %s, expected %s. Likely %s", where.text, observed, expected,
                            cause);
}

static bool is_leaf(const walk *w, size_t index) {
    return index + 1 == w->request->count;
}

static grille_reason check_extensions(const walk *w, size_t index) {
    const grille_x509 *c = &w->certificates[index];
    if (c->has_name_constraints) {
        return refuse(w, index, GRILLE_REASON_ATTEST_CERT_NAME_CONSTRAINTS, "name constraints", "none",
                      "the CA is meant for another purpose; use a CA without them");
    }
    if (c->has_unknown_critical_extension) {
        return refuse(w, index, GRILLE_REASON_ATTEST_CERT_CRITICAL_EXTENSION, "a critical extension that is not known",
                      "only basicConstraints, keyUsage, extendedKeyUsage or subjectAltName to be critical",
                      "the certificate is meant for another purpose");
    }
    return GRILLE_REASON_OK;
}

static grille_reason refuse_for(const walk *w, size_t index, grille_path_finding found) {
    if (found.reason == GRILLE_REASON_OK) return found.reason;
    return refuse(w, index, found.reason, found.observed, found.expected, found.cause);
}

static grille_reason check_algorithms(const walk *w, size_t index) {
    return refuse_for(w, index, grille_path_algorithms_judge(&w->algorithms, &w->certificates[index]));
}

static grille_reason check_issuer_key(const walk *w, size_t index) {
    if (index == 0) return GRILLE_REASON_OK;
    return refuse_for(w, index, grille_path_issuer_judge(&w->certificates[index - 1], &w->certificates[index]));
}

static grille_reason check_validity(const walk *w, size_t index) {
    const grille_x509 *c = &w->certificates[index];
    const grille_path_request *request = w->request;
    bool too_early = request->now_ms < c->not_before_ms && c->not_before_ms - request->now_ms > request->leeway_ms;
    bool too_late = request->now_ms > c->not_after_ms;
    place where = place_of(w, index);
    if (too_early) {
        return grille_error_set(w->error, GRILLE_REASON_ATTEST_CERT_NOT_YET_VALID,
                                "%s: observed notBefore %s, expected at most %s and %lld ms leeway", where.text,
                                grille_civil_format(c->not_before_ms).text, grille_civil_format(request->now_ms).text,
                                (long long)request->leeway_ms);
    }
    if (too_late) {
        return grille_error_set(w->error, GRILLE_REASON_ATTEST_CERT_EXPIRED,
                                "%s: observed notAfter %s, expected at least %s", where.text,
                                grille_civil_format(c->not_after_ms).text, grille_civil_format(request->now_ms).text);
    }
    return GRILLE_REASON_OK;
}

static grille_reason check_ca(const walk *w, size_t index) {
    const grille_x509 *c = &w->certificates[index];
    size_t cas_below = w->request->count - index - 2;
    if (!c->has_basic_constraints || !c->is_ca || !c->basic_constraints_critical) {
        return refuse(w, index, GRILLE_REASON_ATTEST_CERT_NOT_CA, "no critical basicConstraints with CA:TRUE", "it",
                      "a leaf certificate that signed another one: an attack, or the wrong file");
    }
    if (!c->has_key_usage || (c->key_usage & GRILLE_KEY_USAGE_CERT_SIGN) == 0) {
        return refuse(w, index, GRILLE_REASON_ATTEST_CERT_KEY_USAGE, "a key usage without keyCertSign", "keyCertSign",
                      "a CA that was made for another use");
    }
    if (c->path_len >= 0 && (size_t)c->path_len < cas_below) {
        return refuse(w, index, GRILLE_REASON_ATTEST_CERT_PATH_LENGTH, "more CAs below it than its path length allows",
                      "fewer", "a CA that made another CA without leave");
    }
    return GRILLE_REASON_OK;
}

static bool allows_purpose(const grille_x509 *c, grille_path_purpose purpose) {
    return purpose == GRILLE_PATH_CLIENT ? c->allows_client_auth : c->allows_server_auth;
}

/* A CA's extended key usage restricts what it may issue, as browsers and TLS libraries read it. */
static grille_reason check_extended_key_usage(const walk *w, size_t index) {
    const grille_x509 *c = &w->certificates[index];
    bool needed = is_leaf(w, index) || c->has_extended_key_usage;
    bool client = w->request->purpose == GRILLE_PATH_CLIENT;
    if (!w->rules->needs_extended_key_usage || !needed || allows_purpose(c, w->request->purpose)) {
        return GRILLE_REASON_OK;
    }
    return refuse(w, index, GRILLE_REASON_ATTEST_CERT_EXTENDED_KEY_USAGE, "another extended key usage, or none",
                  client ? "clientAuth" : "serverAuth", "a certificate that was issued for the other role");
}

static grille_reason check_leaf(const walk *w, size_t index) {
    const grille_x509 *c = &w->certificates[index];
    if (c->is_ca) {
        return refuse(w, index, GRILLE_REASON_ATTEST_CERT_IS_CA, "CA:TRUE on the leaf", "a leaf that is no CA",
                      "the CA's own certificate was given in place of the leaf's");
    }
    if ((c->has_key_usage || w->rules->needs_leaf_key_usage) &&
        (c->key_usage & GRILLE_KEY_USAGE_DIGITAL_SIGNATURE) == 0) {
        return refuse(w, index, GRILLE_REASON_ATTEST_CERT_KEY_USAGE, "a key usage without digitalSignature",
                      "digitalSignature", "a certificate that was issued for encryption only");
    }
    return GRILLE_REASON_OK;
}

static grille_reason check_name(const walk *w, size_t index) {
    const grille_bytes empty_name = grille_bytes_of("\x30", 2);
    grille_bytes issuer = w->certificates[index].issuer;
    if (index == 0) return GRILLE_REASON_OK;
    if (!grille_bytes_equal(issuer, empty_name) && grille_bytes_equal(issuer, w->certificates[index - 1].subject)) {
        return GRILLE_REASON_OK;
    }
    return refuse(w, index, GRILLE_REASON_ATTEST_CERT_NAME_CHAIN, "an issuer that is not the subject above it",
                  "the same bytes", "a certificate is missing or the order is wrong");
}

static grille_reason check_one(const walk *w, size_t index) {
    static grille_reason (*const checks[])(const walk *, size_t) = {
        check_extensions, check_algorithms, check_name, check_issuer_key, check_validity, check_extended_key_usage};
    grille_reason reason = is_leaf(w, index) ? check_leaf(w, index) : check_ca(w, index);
    for (size_t i = 0; i < sizeof checks / sizeof checks[0] && reason == GRILLE_REASON_OK; i++) {
        reason = checks[i](w, index);
    }
    return reason;
}

static grille_reason read_one(walk *w, size_t index) {
    grille_reason reason = grille_x509_read(w->request->certificates[index], &w->certificates[index]);
    if (reason == GRILLE_REASON_OK) return reason;
    return grille_error_set(w->error, reason,
                            "certificate %zu of %zu: observed %zu bytes in which %s; expected strict DER", index + 1,
                            w->request->count, w->request->certificates[index].len, grille_reason_text(reason));
}

static grille_reason verify_signature(const grille_crypto *crypto, const walk *w, size_t index) {
    grille_reason reason =
        grille_path_signature_verify(crypto, w->algorithms.rsa, &w->certificates[index - 1], &w->certificates[index]);
    if (reason == GRILLE_REASON_OK) return reason;
    return refuse(w, index, GRILLE_REASON_ATTEST_CERT_SIGNATURE, "a signature that does not verify",
                  "one by the key of the certificate above", "a forged certificate, or a CA that changed its key");
}

/* All that is above has been verified, so what is remembered hangs on an anchor that somebody pinned. */
static grille_reason check_signature(const grille_crypto *crypto, const walk *w, size_t index) {
    const grille_path_request *request = w->request;
    grille_path_cache_key key;
    grille_reason reason;
    if (request->cache == NULL || is_leaf(w, index)) return verify_signature(crypto, w, index);
    reason = grille_path_cache_key_of(crypto, request->certificates[index - 1], request->certificates[index], &key);
    if (reason != GRILLE_REASON_OK) return grille_error_default(w->error, reason);
    if (grille_path_cache_has(request->cache, &key, request->now_ms)) return GRILLE_REASON_OK;
    reason = verify_signature(crypto, w, index);
    if (reason == GRILLE_REASON_OK) {
        grille_path_cache_add(request->cache, &key, w->certificates[index].not_after_ms, request->now_ms);
    }
    return reason;
}

static grille_reason walk_all(const grille_crypto *crypto, walk *w) {
    grille_reason reason = GRILLE_REASON_OK;
    size_t count = w->request->count;
    for (size_t i = 0; i < count && reason == GRILLE_REASON_OK; i++)
        reason = read_one(w, i);
    for (size_t i = 0; i < count && reason == GRILLE_REASON_OK; i++)
        reason = check_one(w, i);
    for (size_t i = 1; i < count && reason == GRILLE_REASON_OK; i++)
        reason = check_signature(crypto, w, i);
    return reason;
}

static grille_wall_ms earliest_expiry(const walk *w) {
    grille_wall_ms earliest = w->certificates[0].not_after_ms;
    for (size_t i = 1; i < w->request->count; i++) {
        if (w->certificates[i].not_after_ms < earliest) earliest = w->certificates[i].not_after_ms;
    }
    return earliest;
}

grille_reason grille_path_verify(const grille_crypto *crypto, const grille_path_request *request, grille_path *path,
                                 grille_error *error) {
    walk w = {.request = request, .rules = &rules_of[request->profile], .error = error};
    grille_reason reason;
    w.algorithms = (grille_path_algorithms){.allows_p256 = w.rules->allows_p256,
                                            .allows_sha256 = w.rules->allows_sha256,
                                            .rsa = w.rules->allows_rsa ? request->rsa : NULL};
    *path = (grille_path){.expires_ms = 0};
    if (request->count < 2 || request->count > GRILLE_PATH_MAX) {
        return grille_error_set(error, GRILLE_REASON_ATTEST_CERT_CHAIN,
                                "observed a chain of %zu certificates, expected 2 to %d", request->count,
                                GRILLE_PATH_MAX);
    }
    reason = walk_all(crypto, &w);
    if (reason == GRILLE_REASON_OK) {
        path->leaf = w.certificates[request->count - 1];
        path->issuer_common_name = w.certificates[request->count - 2].common_name;
        path->expires_ms = earliest_expiry(&w);
    }
    return reason;
}
