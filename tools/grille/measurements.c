/* SPDX-License-Identifier: Apache-2.0 */
#include "measurements.h"

#include <stdio.h>
#include <string.h>

#include "attest/policy_rules.h"
#include "base/bytes.h"
#include "base/error.h"
#include "input.h"

enum { PATH_BYTES = 4096 };

/* A document of a live enclave, as bytes or base64. */
static bool is_document(const char *path, grille_error *error) {
    static input_document input;
    if (!input_read_document(path, &input, error)) return false;
    if (input.document.len > 0 && (input.document.data[0] == 0x84 || input.document.data[0] == 0xd2)) {
        (void)grille_error_set(error, GRILLE_REASON_POLICY_MEASUREMENTS,
                               "%s is an attestation document: what a running enclave says of itself is what a policy "
                               "judges, and pins nothing. Give the JSON that nitro-cli build-enclave prints for the "
                               "image that you built",
                               path);
        return true;
    }
    return false;
}

/* "path:line:column: " of the policy below means nothing to whoever gave a measurements file. */
static void cut_place(const char *path, grille_error *error) {
    char text[sizeof error->text];
    int start = 0;
    if (strncmp(error->text, path, strlen(path)) != 0) return;
    if (sscanf(error->text + strlen(path), ":%*u:%*u: %n", &start) != 0 || start == 0) return;
    (void)snprintf(text, sizeof text, "%s: %s", path, error->text + strlen(path) + start);
    memcpy(error->text, text, sizeof error->text);
}

/* A policy of one set, which reads the file by its own rules. */
static bool read_by_policy(const char *path, grille_policy **policy, grille_error *error) {
    char text[2 * PATH_BYTES + 128];
    size_t used = (size_t)snprintf(text, sizeof text, "peers:\n- name: m\n  kind: nitro\n  measurements: '");
    for (const char *at = path; *at != '\0' && used < sizeof text - 4; at++) {
        if (*at == '\'') text[used++] = '\'';
        text[used++] = *at;
    }
    text[used++] = '\'';
    text[used] = '\0';
    if (grille_policy_parse(grille_bytes_of_text(text), path, ".", policy, error) == GRILLE_OK) return true;
    cut_place(path, error);
    return false;
}

bool measurements_read(const char *path, measurements *measured, grille_error *error) {
    grille_policy *policy = NULL;
    *error = (grille_error){.code = GRILLE_OK};
    if (strlen(path) >= PATH_BYTES || strpbrk(path, "\r\n") != NULL) {
        (void)grille_error_set(error, GRILLE_REASON_POLICY_FILE, "the measurements file's path can't be used");
        return false;
    }
    if (is_document(path, error) || error->name[0] != '\0') return false;
    if (!read_by_policy(path, &policy, error)) return false;
    measured->mask = policy->sets[0].pcr_mask;
    memcpy(measured->pcrs, policy->sets[0].pcrs, sizeof measured->pcrs);
    grille_policy_free(policy);
    return true;
}
