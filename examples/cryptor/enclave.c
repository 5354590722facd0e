/* SPDX-License-Identifier: Apache-2.0
 * The enclave: the only place where data key and card numbers are in the clear.
 * usage: cryptor_enclave ADDRESS POLICY [NSM] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cryptor.h"
#include "examples/cryptor/cryptor.grille-nano.h"
#include "grille/attest.h"
#include "grille/grille.h"
#include "transactions.h"

typedef struct enclave {
    grille_identity *identity;
    grille_sealing_key *key; /* lives as long as the process; its public half is in every document */
} enclave;

static grille_bytes text_bytes(const char *text) {
    return (grille_bytes){(const uint8_t *)text, strlen(text)};
}

static grille_code attest(grille_call *call, const acme_cryptor_v1_AttestRequest *request,
                          acme_cryptor_v1_AttestResponse *response, void *user) {
    enclave *self = user;
    uint8_t *document = grille_call_alloc(call, CRYPTOR_DOCUMENT_MAX);
    grille_error error;
    if (request->nonce.len != CRYPTOR_NONCE_BYTES) {
        return grille_fail(call, GRILLE_INVALID_ARGUMENT, "the nonce has %zu bytes, expected %d", request->nonce.len,
                           CRYPTOR_NONCE_BYTES);
    }
    if (document == NULL) return GRILLE_RESOURCE_EXHAUSTED;
    response->document.data = document;
    return grille_attest_document(self->identity, text_bytes(CRYPTOR_USER_DATA), request->nonce,
                                  grille_sealing_key_public(self->key), document, CRYPTOR_DOCUMENT_MAX,
                                  &response->document.len, &error);
}

static bool make_token(const char *digits, size_t count, uint8_t token[TOKEN_BYTES], void *user) {
    grille_error error;
    return grille_data_fingerprint(user, text_bytes(CRYPTOR_PURPOSE_TOKEN),
                                   (grille_bytes){(const uint8_t *)digits, count}, token, TOKEN_BYTES,
                                   &error) == GRILLE_OK;
}

/* Opens the file, works on it, seals the result; all clear text is in the call's memory, wiped when the call ends. */
static grille_code process(grille_call *call, grille_bytes sealed_file, uint8_t data_key[GRILLE_DATA_KEY_BYTES],
                           acme_cryptor_v1_TokenizeResponse *response) {
    grille_error error;
    transactions_summary summary;
    size_t len = 0;
    grille_bytes file = {grille_call_alloc(call, sealed_file.len), 0};
    void *memory = grille_call_alloc(call, transactions_memory_bytes());
    char *text = NULL;
    uint8_t *sealed = NULL;
    size_t capacity = 0;
    if (file.data == NULL || memory == NULL) return GRILLE_RESOURCE_EXHAUSTED;
    if (grille_data_open(data_key, text_bytes(CRYPTOR_PURPOSE_FILE), sealed_file, (uint8_t *)(uintptr_t)file.data,
                         sealed_file.len, &file.len, &error) != GRILLE_OK) {
        return grille_fail(call, GRILLE_INVALID_ARGUMENT, "the file was not sealed with this data key");
    }
    capacity = transactions_result_bytes(file);
    text = grille_call_alloc(call, capacity);
    sealed = grille_call_alloc(call, capacity + GRILLE_DATA_OVERHEAD_BYTES);
    if (text == NULL || sealed == NULL) {
        return grille_fail(call, GRILLE_RESOURCE_EXHAUSTED, "the result may take %zu bytes, too many for this call",
                           capacity);
    }
    if (!transactions_process(file, make_token, data_key, memory, text, capacity, &len, &summary))
        return GRILLE_INTERNAL;
    response->result.data = sealed;
    return grille_data_seal(data_key, text_bytes(CRYPTOR_PURPOSE_RESULT), (grille_bytes){(const uint8_t *)text, len},
                            sealed, capacity + GRILLE_DATA_OVERHEAD_BYTES, &response->result.len, &error);
}

static grille_code tokenize(grille_call *call, const acme_cryptor_v1_TokenizeRequest *request,
                            acme_cryptor_v1_TokenizeResponse *response, void *user) {
    enclave *self = user;
    uint8_t data_key[GRILLE_DATA_KEY_BYTES];
    size_t len = 0;
    grille_error error;
    grille_code code = GRILLE_INVALID_ARGUMENT;
    if (request->encapsulated.len != GRILLE_SEAL_ENCAPSULATED || request->sealed_key.len != CRYPTOR_SEALED_KEY_BYTES) {
        return grille_fail(call, code, "the sealed key has %zu and %zu bytes, expected %d and %d",
                           request->encapsulated.len, request->sealed_key.len, GRILLE_SEAL_ENCAPSULATED,
                           CRYPTOR_SEALED_KEY_BYTES);
    }
    if (request->file.len > CRYPTOR_FILE_MAX + GRILLE_DATA_OVERHEAD_BYTES) {
        return grille_fail(call, GRILLE_RESOURCE_EXHAUSTED, "the file has %zu bytes, the most is %zu",
                           request->file.len, CRYPTOR_FILE_MAX);
    }
    if (grille_sealing_key_open(self->key, request->encapsulated, text_bytes(CRYPTOR_PURPOSE_KEY), request->sealed_key,
                                data_key, sizeof data_key, &len, &error) != GRILLE_OK) {
        return grille_fail(call, code, "the data key was not sealed to this enclave");
    }
    code = process(call, request->file, data_key, response);
    explicit_bzero(data_key, sizeof data_key);
    return code;
}

static grille_code serve(const char *address, grille_policy *policy, enclave *self, grille_error *error) {
    static const acme_cryptor_v1_cryptor_handlers handlers = {.attest = attest, .tokenize = tokenize};
    grille_server_options options = grille_server_options_default();
    grille_server *server = NULL;
    grille_code code = GRILLE_OK;
    options.policy = policy;
    options.identity = self->identity;
    options.max_memory_bytes = (size_t)512 << 20; /* a file of many short lines grows when it is answered */
    code = grille_server_new(&options, &server, error);
    if (code == GRILLE_OK) code = acme_cryptor_v1_cryptor_register_with_error(server, &handlers, self, error);
    if (code == GRILLE_OK) code = grille_server_listen(server, address, error);
    if (code == GRILLE_OK) code = grille_server_run(server, error);
    grille_server_free(server);
    return code;
}

int main(int argc, char **argv) {
    grille_policy *policy = NULL;
    enclave self = {0};
    grille_error error = {0};
    grille_code code = GRILLE_OK;
    grille_boot_main(&argc, argv);
    if (argc != 3 && argc != 4) {
        fputs("usage: cryptor_enclave ADDRESS POLICY [NSM]\n", stderr);
        return 2;
    }
    code = grille_policy_load(argv[2], &policy, &error);
    if (code == GRILLE_OK) code = grille_identity_open_nsm(argc == 4 ? argv[3] : NULL, &self.identity, &error);
    if (code == GRILLE_OK) code = grille_sealing_key_new(&self.key, &error);
    if (code == GRILLE_OK) code = serve(argv[1], policy, &self, &error);
    if (code != GRILLE_OK) (void)fprintf(stderr, "cryptor_enclave: %s: %s\n", error.name, error.text);
    grille_sealing_key_free(self.key);
    grille_identity_free(self.identity);
    grille_policy_free(policy);
    return code == GRILLE_OK ? 0 : 1;
}
