/* SPDX-License-Identifier: Apache-2.0 */
#include "forge_session.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "wire/claims.h"

void forge_session_init(forge_session *session, char prover_role, unsigned number) {
    memset(session, 0, sizeof *session);
    memset(session->nonce, (int)(0x10 + number), sizeof session->nonce);
    memset(session->prover_spki, (int)(0x20 + number), sizeof session->prover_spki);
    memset(session->verifier_spki, (int)(0x30 + number), sizeof session->verifier_spki);
    session->binding = (grille_binding){
        .prover_role = prover_role,
        .verifier_nonce = grille_bytes_of(session->nonce, sizeof session->nonce),
        .prover_spki = grille_bytes_of(session->prover_spki, sizeof session->prover_spki),
        .verifier_spki = grille_bytes_of(session->verifier_spki, sizeof session->verifier_spki),
    };
    memset(session->binding.binder, (int)(0x40 + number), sizeof session->binding.binder);
}

void forge_session_claims(forge_session *session, uint64_t build, grille_bytes policy_digest) {
    const grille_claims claims = {.build = build, .policy_digest = policy_digest};
    grille_writer writer = grille_writer_into(session->claims, sizeof session->claims);
    grille_claims_write(&writer, &claims);
    if (grille_writer_end(&writer) != GRILLE_REASON_OK) abort();
    session->binding.claims = grille_written(&writer);
}

grille_policy *forge_policy(const char *format, ...) {
    static char text[65536];
    const char *folder = getenv("TEST_TMPDIR");
    grille_policy *policy = NULL;
    grille_error error;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (grille_policy_parse(grille_bytes_of_text(text), "test.yaml", folder != NULL ? folder : "/tmp", &policy,
                            &error) != GRILLE_OK) {
        (void)fprintf(stderr, "%s: %s\n%s\n", error.name, error.text, text);
        abort();
    }
    return policy;
}

const char *forge_yaml_block(const char *pem, int indent) {
    static char blocks[2][16384];
    static int next;
    char *out = blocks[next++ % 2];
    size_t used = (size_t)sprintf(out, "|\n%*s", indent, "");
    for (const char *at = pem; *at != '\0'; at++) {
        out[used++] = *at;
        if (*at == '\n' && at[1] != '\0') used += (size_t)sprintf(&out[used], "%*s", indent, "");
    }
    out[used] = '\0';
    return out;
}
