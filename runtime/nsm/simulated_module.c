/* SPDX-License-Identifier: Apache-2.0
 * The module: bytes of a request in, bytes of an answer out. What each operation answers follows nsm-check.rs of
 * aws-nitro-enclaves-nsm-api. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "grille/log.h"
#include "nsm/message.h"
#include "nsm/simulated_chain.h"
#include "nsm/simulated_document.h"
#include "nsm/simulated_folder.h"
#include "nsm/simulated_module.h"
#include "nsm/simulated_pcrs.h"
#include "nsm/simulated_root.h"
#include "nsm/simulated_settings.h"

enum { digits_of_enclave = 16, instance_id_len = GRILLE_NSM_SIMULATED_INSTANCE_ID_BYTES - 1, document_most = 0x2f00 };

struct grille_nsm_simulated_module {
    grille_nsm_simulated_options options; /* its text pointers are not used after opening */
    grille_nsm_simulated_pcrs pcrs;
    grille_nsm_simulated_chain chain;
    uint8_t document[document_most];
    uint8_t random[GRILLE_NSM_RANDOM_MAX];
};

static grille_wall_ms system_now(void *user) {
    struct timespec now = {0};
    (void)user;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (grille_wall_ms)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static grille_nsm_answer error_answer(const char *name) {
    return (grille_nsm_answer){.error_name = grille_bytes_of_text(name)};
}

static grille_nsm_answer answer_of(grille_nsm_operation operation, const char *error_name) {
    return error_name != NULL ? error_answer(error_name) : (grille_nsm_answer){.operation = operation};
}

static grille_nsm_answer describe(const grille_nsm_simulated_module *module) {
    grille_nsm_answer answer = {.operation = GRILLE_NSM_DESCRIBE_NSM};
    answer.description.version_major = 1;
    memcpy(answer.description.module_id, module->chain.module_id, sizeof module->chain.module_id);
    answer.description.max_pcrs = GRILLE_NSM_PCR_COUNT;
    answer.description.locked_pcrs = module->pcrs.locked;
    return answer;
}

static grille_nsm_answer give_random(grille_nsm_simulated_module *module) {
    if (module->options.crypto->random(module->random, sizeof module->random) != GRILLE_REASON_OK)
        return error_answer("InternalError");
    return (grille_nsm_answer){.operation = GRILLE_NSM_GET_RANDOM,
                               .data = grille_bytes_of(module->random, sizeof module->random)};
}

static grille_nsm_answer describe_pcr(const grille_nsm_simulated_module *module, uint16_t index) {
    if (index >= GRILLE_NSM_PCR_COUNT) return error_answer("InvalidIndex");
    return (grille_nsm_answer){.operation = GRILLE_NSM_DESCRIBE_PCR,
                               .data = grille_bytes_of(module->pcrs.values[index], GRILLE_NSM_PCR_BYTES),
                               .locked = (module->pcrs.locked >> index & 1) != 0};
}

static grille_nsm_answer extend_pcr(grille_nsm_simulated_module *module, const grille_nsm_command *command) {
    const char *error_name =
        grille_nsm_simulated_pcrs_extend(&module->pcrs, module->options.crypto, command->index, command->data);
    if (error_name != NULL) return error_answer(error_name);
    return (grille_nsm_answer){.operation = GRILLE_NSM_EXTEND_PCR,
                               .data = grille_bytes_of(module->pcrs.values[command->index], GRILLE_NSM_PCR_BYTES)};
}

static grille_nsm_answer attest(grille_nsm_simulated_module *module, const grille_nsm_request *fields) {
    grille_wall_ms now_ms = module->options.now(module->options.now_user);
    size_t len = 0;
    grille_reason reason;
    if (fields->user_data.len > GRILLE_NSM_FIELD_MAX || fields->nonce.len > GRILLE_NSM_FIELD_MAX ||
        fields->public_key.len > GRILLE_NSM_FIELD_MAX)
        return error_answer("InputTooLarge");
    reason = grille_nsm_simulated_chain_refresh(&module->chain, now_ms);
    if (reason == GRILLE_REASON_OK)
        reason = grille_nsm_simulated_document_write(&module->chain, &module->pcrs, fields, now_ms, module->document,
                                                     sizeof module->document, &len);
    if (reason != GRILLE_REASON_OK) return error_answer("InternalError");
    return (grille_nsm_answer){.operation = GRILLE_NSM_ATTESTATION, .data = grille_bytes_of(module->document, len)};
}

static grille_nsm_answer perform(grille_nsm_simulated_module *module, const grille_nsm_command *command) {
    switch (command->operation) {
    case GRILLE_NSM_DESCRIBE_NSM:
        return describe(module);
    case GRILLE_NSM_GET_RANDOM:
        return give_random(module);
    case GRILLE_NSM_DESCRIBE_PCR:
        return describe_pcr(module, command->index);
    case GRILLE_NSM_EXTEND_PCR:
        return extend_pcr(module, command);
    case GRILLE_NSM_LOCK_PCR:
        return answer_of(command->operation, grille_nsm_simulated_pcrs_lock(&module->pcrs, command->index));
    case GRILLE_NSM_LOCK_PCRS:
        return answer_of(command->operation, grille_nsm_simulated_pcrs_lock_range(&module->pcrs, command->index));
    case GRILLE_NSM_ATTESTATION:
        return attest(module, &command->attestation);
    default:
        return error_answer("InvalidOperation");
    }
}

size_t grille_nsm_simulated_module_process(grille_nsm_simulated_module *module, grille_bytes request,
                                           uint8_t response[GRILLE_NSM_RESPONSE_MAX]) {
    grille_nsm_command command;
    grille_nsm_answer answer;
    size_t len = 0;
    if (request.len > GRILLE_NSM_REQUEST_MAX)
        answer = error_answer("InputTooLarge");
    else if (grille_nsm_command_decode(request, &command) != GRILLE_REASON_OK)
        answer = error_answer("InvalidOperation");
    else
        answer = perform(module, &command);
    if (grille_nsm_answer_encode(&answer, response, GRILLE_NSM_RESPONSE_MAX, &len) != GRILLE_REASON_OK) {
        answer = error_answer("InternalError");
        if (grille_nsm_answer_encode(&answer, response, GRILLE_NSM_RESPONSE_MAX, &len) != GRILLE_REASON_OK) return 0;
    }
    grille_wipe(module->random, sizeof module->random);
    return len;
}

static grille_reason name_module(grille_nsm_simulated_module *module, grille_error *error) {
    const grille_nsm_simulated_options *options = &module->options;
    grille_nsm_simulated_chain *chain = &module->chain;
    uint8_t enclave[digits_of_enclave / 2];
    grille_reason reason = GRILLE_REASON_OK;
    if (!grille_nsm_simulated_is_region(options->region))
        return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                                "the region '%.40s' of a simulated NSM is not 1 to 20 characters of a-z, 0-9 and -",
                                options->region);
    if (options->instance_id != NULL && !grille_nsm_simulated_is_instance_id(options->instance_id))
        return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                                "the instance id '%.40s' is not i- and 17 lower-case hex digits", options->instance_id);
    memcpy(chain->region, options->region, strlen(options->region) + 1);
    if (options->instance_id != NULL)
        memcpy(chain->instance_id, options->instance_id, sizeof chain->instance_id);
    else
        reason = grille_nsm_simulated_random_instance(options->crypto, chain->instance_id);
    memcpy(chain->module_id, chain->instance_id, instance_id_len);
    memcpy(chain->module_id + instance_id_len, "-enc", 4);
    if (reason == GRILLE_REASON_OK) reason = options->crypto->random(enclave, sizeof enclave);
    if (reason == GRILLE_REASON_OK)
        grille_hex_encode(grille_bytes_of(enclave, sizeof enclave), chain->module_id + instance_id_len + 4);
    return reason == GRILLE_REASON_OK ? reason : grille_error_default(error, reason);
}

/* The root of the options' folder, whose settings complete the options; without one a root at random. */
static grille_reason open_root(grille_nsm_simulated_module *module, grille_nsm_simulated_settings *settings,
                               grille_error *error) {
    grille_nsm_simulated_options *options = &module->options;
    grille_nsm_simulated_link *root = &module->chain.links[GRILLE_NSM_SIMULATED_ROOT];
    const char *path = options->root_folder;
    int folder = -1;
    grille_reason reason;
    if (path == NULL) {
        reason = grille_nsm_simulated_root_make(options->crypto, options->now(options->now_user), root);
        return reason == GRILLE_REASON_OK ? reason : grille_error_default(error, reason);
    }
    reason = grille_nsm_simulated_folder_open(path, &folder, error);
    if (reason != GRILLE_REASON_OK) return reason;
    reason = grille_nsm_simulated_root_load(options->crypto, folder, path, root, error);
    if (reason == GRILLE_REASON_OK) reason = grille_nsm_simulated_settings_load(folder, path, settings, error);
    if (reason == GRILLE_REASON_OK) grille_nsm_simulated_settings_complete(settings, options);
    (void)close(folder);
    return reason;
}

static grille_reason set_up(grille_nsm_simulated_module *module, grille_error *error) {
    grille_nsm_simulated_options *options = &module->options;
    grille_nsm_simulated_settings settings = {.pcr_count = 0};
    grille_reason reason = open_root(module, &settings, error);
    if (options->region == NULL) options->region = GRILLE_NSM_SIMULATED_REGION;
    if (reason == GRILLE_REASON_OK) reason = name_module(module, error);
    if (reason == GRILLE_REASON_OK)
        reason = grille_nsm_simulated_pcrs_init(&module->pcrs, options, module->chain.instance_id, error);
    if (reason == GRILLE_REASON_OK)
        reason = grille_nsm_simulated_pcrs_choose(&module->pcrs, settings.pcrs, settings.pcr_count, error);
    if (reason == GRILLE_REASON_OK)
        reason = grille_nsm_simulated_pcrs_choose(&module->pcrs, options->pcrs, options->pcr_count, error);
    return reason;
}

/* Each opening says so, whatever opens it. */
static void warn(const grille_nsm_simulated_module *module) {
    const grille_bytes root = grille_nsm_simulated_module_root(module);
    uint8_t digest[GRILLE_SHA256_BYTES];
    char hex[2 * GRILLE_SHA256_BYTES + 1] = "?";
    if (grille_crypto_wolf()->hash(GRILLE_SHA256, &root, 1, digest) == GRILLE_REASON_OK)
        grille_hex_encode(grille_bytes_of(digest, sizeof digest), hex);
    grille_log(GRILLE_LOG_WARNING, GRILLE_LOG_NSM,
               "INSECURE: simulated NSM, its documents prove nothing about this machine; root certificate SHA-256 %s",
               hex);
}

grille_nsm_simulated_options grille_nsm_simulated_options_default(void) {
    return (grille_nsm_simulated_options){.region = NULL};
}

grille_reason grille_nsm_simulated_module_open_insecure(const grille_nsm_simulated_options *options,
                                                        grille_nsm_simulated_module **module, grille_error *error) {
    grille_nsm_simulated_module *made = calloc(1, sizeof *made);
    grille_reason reason;
    *module = NULL;
    grille_error_clear(error);
    if (made == NULL) return grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
    made->options = options != NULL ? *options : grille_nsm_simulated_options_default();
    if (made->options.crypto == NULL) made->options.crypto = grille_crypto_wolf();
    if (made->options.now == NULL) made->options.now = system_now;
    made->chain.crypto = made->options.crypto;
    reason = set_up(made, error);
    if (reason != GRILLE_REASON_OK) {
        grille_nsm_simulated_module_close(made);
        return reason;
    }
    warn(made);
    *module = made;
    return GRILLE_REASON_OK;
}

grille_bytes grille_nsm_simulated_module_root(const grille_nsm_simulated_module *module) {
    const grille_nsm_simulated_link *root = &module->chain.links[GRILLE_NSM_SIMULATED_ROOT];
    return grille_bytes_of(root->certificate, root->certificate_len);
}

void grille_nsm_simulated_module_close(grille_nsm_simulated_module *module) {
    if (module == NULL) return;
    grille_nsm_simulated_chain_free(&module->chain);
    grille_wipe(module, sizeof *module);
    free(module);
}
