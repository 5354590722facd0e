/* SPDX-License-Identifier: Apache-2.0 */
#include "matrix.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"

static forge_chain usual;
static size_t counts[GRILLE_REASON_COUNT];

static grille_bytes nonce(void) {
    return grille_bytes_of_text("the nonce that was sent");
}

const forge_chain *matrix_chain(void) {
    return &usual;
}

void matrix_begin(void) {
    static forge_template templates[FORGE_CHAIN];
    forge_chain_templates(templates);
    forge_chain_make(templates, &usual);
}

void matrix_end(void) {
    forge_chain_free(&usual);
}

matrix_judgement matrix_judgement_of(const forge_chain *chain) {
    return (matrix_judgement){.chain = chain, .root = forge_chain_der(chain, 0), .now_ms = FORGE_NOW_MS};
}

forge_document matrix_document(const forge_chain *chain) {
    forge_document document;
    forge_document_init(&document, chain);
    document.nonce = nonce();
    return document;
}

size_t matrix_count(grille_reason reason) {
    return counts[reason];
}

static bool is_whole(const char *text) {
    return strstr(text, "bserved") != NULL && strstr(text, "xpected") != NULL && strstr(text, "Likely ") != NULL &&
           strstr(text, ". Next: ") != NULL && strlen(text) < GRILLE_ERROR_TEXT_BYTES - 1;
}

/* "Likely" twice: a format that gives a cause of its own and the table's as well. */
static bool is_said_once(const char *text) {
    const char *first = strstr(text, "Likely ");
    return first != NULL && strstr(first + 1, "Likely ") == NULL;
}

void matrix_expect_verdict(const char *row, grille_reason expected, grille_reason observed, const grille_error *error) {
    if (expected != observed) {
        fail_msg("%s: expected %s, observed %s: %s", row, grille_reason_name(expected), grille_reason_name(observed),
                 error->text);
    }
    counts[observed]++;
    if (observed == GRILLE_REASON_OK) return;
    assert_string_equal(grille_reason_name(observed), error->name);
    if (!is_whole(error->text) || !is_said_once(error->text)) fail_msg("%s: not whole: %s", row, error->text);
}

static grille_reason reason_named(const char *name) {
    for (int i = 0; i < GRILLE_REASON_COUNT; i++) {
        if (strcmp(name, grille_reason_name((grille_reason)i)) == 0) return (grille_reason)i;
    }
    return GRILLE_REASON_OK;
}

void matrix_expect_bytes(const char *row, grille_reason expected, grille_bytes encoded,
                         const matrix_judgement *judgement) {
    grille_attest_options options = grille_attest_options_default();
    grille_attest_facts facts, zero = {.debug = false};
    grille_error error;
    grille_code code;
    options.nonce = nonce();
    options.any_user_data = true;
    options.insecure_development_root = judgement->root;
    code = judgement->stored ? grille_attest_verify_stored(encoded, &options, judgement->now_ms, &facts, &error)
                             : grille_attest_verify_live(encoded, &options, judgement->now_ms, &facts, &error);
    if (code != GRILLE_OK) assert_memory_equal(&zero, &facts, sizeof zero);
    matrix_expect_verdict(row, expected, code == GRILLE_OK ? GRILLE_REASON_OK : reason_named(error.name), &error);
}

void matrix_expect(const char *row, grille_reason expected, const forge_document *document,
                   const matrix_judgement *judgement) {
    matrix_expect_bytes(row, expected, forge_document_sign(document, judgement->chain), judgement);
}
