/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "attest/calendar.h"
#include "attest/defence.h"
#include "attest/document.h"
#include "attest/path.h"
#include "base/bytes.h"
#include "base/error.h"

const uint8_t grille_aws_root_g1_sha256[GRILLE_SHA256_BYTES] = {
    0x64, 0x1a, 0x03, 0x21, 0xa3, 0xe2, 0x44, 0xef, 0xe4, 0x56, 0x46, 0x31, 0x95, 0xd6, 0x06, 0x31,
    0x7e, 0xd7, 0xcd, 0xcc, 0x3c, 0x17, 0x56, 0xe0, 0x98, 0x93, 0xf3, 0xc6, 0x8f, 0x79, 0xbb, 0x5b};

static grille_reason check_root(const grille_crypto *crypto, grille_bytes presented, grille_bytes pinned,
                                grille_error *error) {
    uint8_t digest[GRILLE_SHA256_BYTES];
    char hex[2 * GRILLE_SHA256_BYTES + 1];
    bool matches;
    grille_reason reason = crypto->hash(GRILLE_SHA256, &presented, 1, digest);
    if (reason != GRILLE_REASON_OK) return grille_error_default(error, reason);
    if (pinned.len != 0) {
        matches = grille_defence_root_matches(presented, pinned);
    } else {
        matches =
            grille_defence_root_matches(grille_bytes_of(digest, sizeof digest),
                                        grille_bytes_of(grille_aws_root_g1_sha256, sizeof grille_aws_root_g1_sha256));
    }
    if (matches) return GRILLE_REASON_OK;
    grille_hex_encode(grille_bytes_of(digest, sizeof digest), hex);
    return grille_error_set(error, GRILLE_REASON_ATTEST_ROOT_MISMATCH,
                            "the document's chain: observed a root with SHA-256 %s, expected %s. Likely it is of %s",
                            hex, pinned.len != 0 ? "the policy's insecure_development_root" : "AWS Nitro Enclaves G1",
                            pinned.len != 0 ? "another simulated NSM, or a real enclave"
                                            : "a simulated NSM, which only insecure_development_root accepts");
}

static grille_reason walk_path(const grille_crypto *crypto, const grille_document *document,
                               const grille_document_check *check, grille_path *path, grille_error *error) {
    grille_bytes certificates[GRILLE_PATH_MAX];
    grille_path_request request = {.profile = GRILLE_PATH_NITRO,
                                   .certificates = certificates,
                                   .count = document->cabundle_count + 1,
                                   .now_ms = check->now_ms,
                                   .leeway_ms = check->clock_skew_ms,
                                   .cache = check->cache};
    memcpy(certificates, document->cabundle, document->cabundle_count * sizeof certificates[0]);
    certificates[document->cabundle_count] = document->certificate;
    return grille_path_verify(crypto, &request, path, error);
}

static grille_reason check_time(const grille_document *document, const grille_document_check *check,
                                const grille_x509 *leaf, grille_error *error) {
    grille_wall_ms time_ms = document->timestamp_ms;
    grille_civil_text observed = grille_civil_format(time_ms), now = grille_civil_format(check->now_ms);
    if (time_ms < leaf->not_before_ms - check->clock_skew_ms || time_ms > leaf->not_after_ms) {
        return grille_error_set(
            error, GRILLE_REASON_ATTEST_DOCUMENT_TIME,
            "observed the document's time %s, expected one inside its certificate's validity, %s to %s", observed.text,
            grille_civil_format(leaf->not_before_ms).text, grille_civil_format(leaf->not_after_ms).text);
    }
    if (time_ms > check->now_ms + check->clock_skew_ms) {
        return grille_error_set(error, GRILLE_REASON_ATTEST_DOCUMENT_FUTURE,
                                "observed the document's time %s, expected at most %s and %lld ms of skew",
                                observed.text, now.text, (long long)check->clock_skew_ms);
    }
    if (check->max_age_ms >= 0 && time_ms < check->now_ms - check->max_age_ms) {
        return grille_error_set(error, GRILLE_REASON_ATTEST_DOCUMENT_STALE,
                                "observed the document's time %s, expected at most %lld ms before %s", observed.text,
                                (long long)check->max_age_ms, now.text);
    }
    return GRILLE_REASON_OK;
}

/* True for `id` itself and for `id` followed by a dot and more: "i-0abc-enc0def.eu-west-1.aws". */
static bool name_begins_with(grille_bytes name, grille_bytes id) {
    grille_reader reader = grille_reader_of(name);
    grille_bytes head = grille_read_bytes(&reader, id.len);
    return !reader.failed && grille_bytes_equal(head, id) && (reader.left == 0 || grille_read_u8(&reader) == '.');
}

/* "i-0abc" of "i-0abc-enc0def", or of "i-0abc-tpm0000" in a NitroTPM's; empty when the module id has another form. */
static grille_bytes instance_id_of(const grille_document *document) {
    const char *separator = document->kind == GRILLE_ATTEST_NITROTPM ? "-tpm" : "-enc";
    grille_bytes module_id = document->module_id;
    for (size_t i = 1; i + 4 < module_id.len; i++) {
        if (memcmp(&module_id.data[i], separator, 4) == 0) return grille_bytes_of(module_id.data, i);
    }
    return grille_bytes_of(NULL, 0);
}

static grille_reason refuse_inconsistent(const grille_document *document, const char *what, grille_error *error) {
    return grille_error_set(
        error, GRILLE_REASON_ATTEST_DOCUMENT_INCONSISTENT,
        "the document of module %.*s contradicts itself: observed %s, expected module id, certificates "
        "and PCR4 to agree",
        (int)document->module_id.len, (const char *)document->module_id.data, what);
}

/* The module id names the leaf, its instance the issuer, and the instance hashes to an enclave's PCR4 (SHA384 of 48
 * zero bytes and the id). */
static grille_reason check_consistency(const grille_crypto *crypto, const grille_document *document,
                                       const grille_path *path, bool any_pcr4, grille_error *error) {
    static const uint8_t zeros[GRILLE_PCR_BYTES];
    grille_bytes instance_id = instance_id_of(document);
    const grille_bytes parts[] = {grille_bytes_of(zeros, sizeof zeros), instance_id};
    uint8_t pcr4[GRILLE_SHA384_BYTES];
    grille_reason reason;
    if (instance_id.len == 0) return refuse_inconsistent(document, "a module id that names no instance", error);
    if (!name_begins_with(path->leaf.common_name, document->module_id)) {
        return refuse_inconsistent(document, "a leaf certificate of another module", error);
    }
    if (!name_begins_with(path->issuer_common_name, instance_id)) {
        return refuse_inconsistent(document, "a leaf that was issued by another instance", error);
    }
    if (any_pcr4 || document->kind != GRILLE_ATTEST_ENCLAVE) return GRILLE_REASON_OK;
    reason = crypto->hash(GRILLE_SHA384, parts, 2, pcr4);
    if (reason != GRILLE_REASON_OK) return grille_error_default(error, reason);
    if ((document->pcr_mask & 1u << 4) == 0 ||
        !grille_bytes_equal(document->pcrs[4], grille_bytes_of(pcr4, sizeof pcr4))) {
        return refuse_inconsistent(document, "a PCR4 that is not the hash of the instance id", error);
    }
    return GRILLE_REASON_OK;
}

grille_reason grille_document_verify(const grille_crypto *crypto, const grille_document *document,
                                     const grille_document_check *check, grille_wall_ms *expires_ms,
                                     grille_error *error) {
    grille_path path;
    grille_reason reason = check_root(crypto, document->cabundle[0], check->root, error);
    *expires_ms = 0;
    if (reason == GRILLE_REASON_OK) reason = walk_path(crypto, document, check, &path, error);
    if (reason == GRILLE_REASON_OK) reason = check_time(document, check, &path.leaf, error);
    if (reason == GRILLE_REASON_OK) reason = grille_cose_verify(crypto, &document->cose, path.leaf.point, error);
    if (reason == GRILLE_REASON_OK) reason = check_consistency(crypto, document, &path, check->any_pcr4, error);
    if (reason == GRILLE_REASON_OK) *expires_ms = path.expires_ms;
    return reason;
}
