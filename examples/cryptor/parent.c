/* SPDX-License-Identifier: Apache-2.0
 * The parent: carries blobs between the owner's folder and the enclave. It sees neither the data key nor a card number.
 * usage: cryptor_parent attest|tokenize ADDRESS POLICY IDENTITY.pem IDENTITY.key FOLDER [hold] */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "blob.h"
#include "cryptor.h"
#include "examples/cryptor/cryptor.grille-pb.h"
#include "grille/grille.h"

enum { TIMEOUT_MS = 60000 };

static ProtobufCBinaryData binary(const blob *b) {
    return (ProtobufCBinaryData){.len = b->len, .data = b->data};
}

static bool refused(const char *method, grille_code code, const char *message) {
    (void)fprintf(stderr, "cryptor_parent: %s: %s: %s\n", method, grille_code_name(code), message);
    return false;
}

static bool attest(grille_channel *channel, const char *folder) {
    Acme__Cryptor__V1__AttestRequest request = ACME__CRYPTOR__V1__ATTEST_REQUEST__INIT;
    acme_cryptor_v1_cryptor_attest_reply reply;
    blob nonce = {0};
    bool done = false;
    if (!blob_read(folder, CRYPTOR_BLOB_NONCE, CRYPTOR_NONCE_BYTES, &nonce)) return false;
    request.nonce = binary(&nonce);
    if (acme_cryptor_v1_cryptor_attest(channel, &request,
                                       &GRILLE_CALL_OPTIONS(.timeout_ms = TIMEOUT_MS, .wait_for_ready = true),
                                       &reply) == GRILLE_OK) {
        done = blob_write(folder, CRYPTOR_BLOB_DOCUMENT, reply.response->document.data, reply.response->document.len);
    } else {
        done = refused("attest", reply.code, reply.message);
    }
    acme_cryptor_v1_cryptor_attest_reply_free(&reply);
    blob_free(&nonce);
    return done;
}

static bool tokenize(grille_channel *channel, const char *folder) {
    Acme__Cryptor__V1__TokenizeRequest request = ACME__CRYPTOR__V1__TOKENIZE_REQUEST__INIT;
    acme_cryptor_v1_cryptor_tokenize_reply reply;
    blob encapsulated = {0};
    blob sealed_key = {0};
    blob file = {0};
    bool done = blob_read(folder, CRYPTOR_BLOB_ENCAPSULATED, GRILLE_SEAL_ENCAPSULATED, &encapsulated) &&
                blob_read(folder, CRYPTOR_BLOB_SEALED_KEY, CRYPTOR_SEALED_KEY_BYTES, &sealed_key) &&
                blob_read(folder, CRYPTOR_BLOB_FILE, CRYPTOR_FILE_MAX + GRILLE_DATA_OVERHEAD_BYTES, &file);
    if (done) {
        request.encapsulated = binary(&encapsulated);
        request.sealed_key = binary(&sealed_key);
        request.file = binary(&file);
        if (acme_cryptor_v1_cryptor_tokenize(channel, &request,
                                             &GRILLE_CALL_OPTIONS(.timeout_ms = TIMEOUT_MS, .wait_for_ready = true),
                                             &reply) == GRILLE_OK) {
            done = blob_write(folder, CRYPTOR_BLOB_RESULT, reply.response->result.data, reply.response->result.len);
        } else {
            done = refused("tokenize", reply.code, reply.message);
        }
        acme_cryptor_v1_cryptor_tokenize_reply_free(&reply);
    }
    blob_free(&encapsulated);
    blob_free(&sealed_key);
    blob_free(&file);
    return done;
}

static void print_peer(grille_channel *channel) {
    grille_peer_identity peer;
    size_t index = 0;
    size_t at = 0;
    if (grille_channel_get_peer(channel, &peer) != GRILLE_OK) return;
    (void)printf("peer: %s %s, accepted by set \"%s\"%s\n", grille_identity_kind_name(peer.kind), peer.module_id,
                 peer.set, peer.insecure ? " under a DEVELOPMENT root" : "");
    for (index = 0; index < 3; index++) {
        (void)printf("  PCR%zu ", index);
        for (at = 0; at < GRILLE_PCR_BYTES; at++)
            (void)printf("%02x", peer.pcrs[index][at]);
        (void)printf("\n");
    }
}

/* Whoever looks at this process's memory does it now: a test does. */
static void hold(void) {
    char end = 0;
    (void)printf("holding\n");
    (void)fflush(stdout);
    while (read(STDIN_FILENO, &end, 1) > 0) {
    }
}

static bool run(const char *what, const char *address, grille_channel_options *options, const char *folder, bool holds,
                grille_error *error) {
    grille_channel *channel = NULL;
    bool is_attest = strcmp(what, "attest") == 0;
    bool done = false;
    if (grille_channel_open(address, options, &channel, error) != GRILLE_OK) return false;
    done = is_attest ? attest(channel, folder) : tokenize(channel, folder);
    if (done && is_attest) print_peer(channel);
    if (holds) hold();
    grille_channel_close(channel);
    return done;
}

int main(int argc, char **argv) {
    grille_channel_options options = grille_channel_options_default();
    grille_identity *identity = NULL;
    grille_error error = {0};
    bool done = false;
    bool holds = argc == 8 && strcmp(argv[7], "hold") == 0;
    if (argc != (holds ? 8 : 7) || (strcmp(argv[1], "attest") != 0 && strcmp(argv[1], "tokenize") != 0)) {
        fputs("usage: cryptor_parent attest|tokenize ADDRESS POLICY IDENTITY.pem IDENTITY.key FOLDER [hold]\n", stderr);
        return 2;
    }
    options.max_message_bytes = CRYPTOR_RESULT_MAX;
    options.max_memory_bytes = 4 * CRYPTOR_RESULT_MAX;
    if (grille_policy_load(argv[3], &options.policy, &error) == GRILLE_OK &&
        grille_identity_load_x509(argv[4], argv[5], &identity, &error) == GRILLE_OK) {
        options.identity = identity;
        done = run(argv[1], argv[2], &options, argv[6], holds, &error);
    }
    if (error.code != GRILLE_OK) (void)fprintf(stderr, "cryptor_parent: %s: %s\n", error.name, error.text);
    grille_identity_free(identity);
    grille_policy_free(options.policy);
    return done ? 0 : 1;
}
