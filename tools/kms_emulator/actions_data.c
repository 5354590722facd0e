/* SPDX-License-Identifier: Apache-2.0
 * Actions that encrypt, decrypt and make secrets. AWS KMS API reference, Encrypt, Decrypt, GenerateDataKey,
 * GenerateDataKeyWithoutPlaintext, GenerateRandom. */
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "kms_emulator/call.h"
#include "kms_emulator/cms_write.h"

/* Of GenerateDataKey and GenerateRandom. */
#define RANDOM_BYTES 1024

/* The plaintext goes to the document's key, or to whoever asks. */
static bool output_plaintext(kms_call *call, grille_bytes plain) {
    uint8_t message[KMS_RECIPIENT_MESSAGE_BYTES(KMS_PLAINTEXT_BYTES)];
    const kms_content_form form = call->service->primitive_content ? KMS_CONTENT_PRIMITIVE : KMS_CONTENT_CONSTRUCTED;
    size_t len;
    if (!call->has_recipient) return kms_output_bytes(call, "Plaintext", plain);
    if (!kms_cms_write(call->recipient.key, call->recipient.facts.public_key, form, plain, message, &len))
        return kms_fail_plainly(call, KMS_ERROR_INTERNAL);
    return kms_output_bytes(call, "CiphertextForRecipient", grille_bytes_of(message, len)) &&
           kms_output(call, "Plaintext", json_null());
}

static bool output_key(kms_call *call) {
    return kms_output_text(call, "KeyId", call->key.arn);
}

/* Under the newest secret of the call's key. */
static bool output_blob(kms_call *call, grille_bytes plain) {
    uint8_t secret[KMS_SECRET_BYTES];
    uint8_t blob[KMS_CIPHERTEXT_BYTES];
    size_t len = 0;
    const kms_store_result result = kms_store_secret(call->service->store, call->key.id, call->key.generation, secret);
    const bool made = result == KMS_STORE_OK &&
                      kms_blob_make(call->key.id, call->key.generation, secret, &call->context, plain, blob, &len);
    OPENSSL_cleanse(secret, sizeof secret);
    if (result == KMS_STORE_NOT_FOUND) return kms_fail_plainly(call, KMS_ERROR_KEY_UNAVAILABLE);
    if (!kms_check_store(call, result)) return false;
    if (!made) return kms_fail_plainly(call, KMS_ERROR_INTERNAL);
    return kms_output_bytes(call, "CiphertextBlob", grille_bytes_of(blob, len)) && output_key(call);
}

/* What every action with a key asks after its members were read. */
static bool may_use_key(kms_call *call) {
    return kms_authorize(call) && kms_check_enabled(call) && kms_check_encrypts(call);
}

bool kms_serve_encrypt(kms_call *call) {
    uint8_t *plain;
    size_t len;
    bool done;
    if (!kms_input_bytes(call, call->input, "Plaintext", KMS_REQUIRED, KMS_PLAINTEXT_BYTES, &plain, &len)) return false;
    done = kms_input_algorithm(call) && kms_input_context(call) && kms_input_no_grants(call) &&
           kms_input_key(call, "KeyId", KMS_BY_KEY_OR_ALIAS) && may_use_key(call) && kms_check_dry_run(call) &&
           output_blob(call, grille_bytes_of(plain, len)) &&
           kms_output_text(call, "EncryptionAlgorithm", "SYMMETRIC_DEFAULT");
    OPENSSL_clear_free(plain, len);
    return done;
}

/* The key that a ciphertext names; whether it is one that the caller may know of does not show. */
static bool find_key_of_blob(kms_call *call, const kms_blob *blob) {
    const kms_store_result result = kms_store_find_key(call->service->store, blob->key_id, &call->key);
    if (result == KMS_STORE_NOT_FOUND) return kms_fail_plainly(call, KMS_ERROR_ACCESS_DENIED);
    call->has_key = result == KMS_STORE_OK;
    return kms_check_store(call, result);
}

/* The request's key, which must then be the ciphertext's, or without one the ciphertext's. */
static bool find_key_to_decrypt(kms_call *call, const kms_blob *blob) {
    const json_t *named = json_object_get(call->input, "KeyId");
    if (named != NULL && !json_is_null(named)) return kms_input_key(call, "KeyId", KMS_BY_KEY_OR_ALIAS);
    if (blob->sealed.data == NULL) return kms_fail_plainly(call, KMS_ERROR_INVALID_CIPHERTEXT);
    return find_key_of_blob(call, blob);
}

static bool open_blob(kms_call *call, const kms_blob *blob) {
    uint8_t secret[KMS_SECRET_BYTES];
    uint8_t plain[KMS_CIPHERTEXT_BYTES];
    size_t len = 0;
    bool done;
    const kms_store_result result = kms_store_secret(call->service->store, blob->key_id, blob->generation, secret);
    const bool opened = result == KMS_STORE_OK && kms_blob_open(blob, secret, &call->context, plain, &len);
    OPENSSL_cleanse(secret, sizeof secret);
    if (result != KMS_STORE_NOT_FOUND && !kms_check_store(call, result)) return false;
    if (!opened) return kms_fail_plainly(call, KMS_ERROR_INVALID_CIPHERTEXT);
    done = output_plaintext(call, grille_bytes_of(plain, len)) && output_key(call) &&
           kms_output_text(call, "EncryptionAlgorithm", "SYMMETRIC_DEFAULT");
    OPENSSL_cleanse(plain, sizeof plain);
    return done;
}

static bool decrypt(kms_call *call, grille_bytes encoded) {
    kms_blob blob = {.generation = 0};
    const bool is_blob = kms_blob_read(encoded, &blob);
    if (!find_key_to_decrypt(call, &blob) || !may_use_key(call)) return false;
    if (!is_blob) return kms_fail_plainly(call, KMS_ERROR_INVALID_CIPHERTEXT);
    if (strcmp(blob.key_id, call->key.id) != 0) return kms_fail_plainly(call, KMS_ERROR_INCORRECT_KEY);
    return kms_check_dry_run(call) && open_blob(call, &blob);
}

bool kms_serve_decrypt(kms_call *call) {
    uint8_t *blob;
    size_t len;
    bool done;
    if (!kms_input_bytes(call, call->input, "CiphertextBlob", KMS_REQUIRED, KMS_CIPHERTEXT_BYTES, &blob, &len))
        return false;
    done = kms_input_algorithm(call) && kms_input_context(call) && kms_input_no_grants(call) &&
           kms_input_recipient(call) && decrypt(call, grille_bytes_of(blob, len));
    free(blob);
    return done;
}

/* KeySpec or NumberOfBytes, one of them. */
static bool input_key_len(kms_call *call, size_t *len) {
    const char *spec;
    int64_t number = 0;
    if (!kms_input_text(call, "KeySpec", KMS_OPTIONAL, 0, 64, &spec) ||
        !kms_input_number(call, "NumberOfBytes", KMS_OPTIONAL, 1, RANDOM_BYTES, &number))
        return false;
    if ((spec == NULL) == (number == 0))
        return kms_fail(call, KMS_ERROR_VALIDATION, "Please specify either number of bytes or key spec.");
    if (spec == NULL) {
        *len = (size_t)number;
    } else if (strcmp(spec, "AES_256") == 0) {
        *len = 32;
    } else if (strcmp(spec, "AES_128") == 0) {
        *len = 16;
    } else {
        return kms_fail(call, KMS_ERROR_VALIDATION,
                        "1 validation error detected: Value at 'keySpec' failed to satisfy constraint: Member must "
                        "satisfy enum value set: [AES_256, AES_128]");
    }
    return true;
}

static bool generate(kms_call *call, bool with_plaintext) {
    uint8_t data_key[RANDOM_BYTES];
    size_t len = 0;
    bool done;
    if (!input_key_len(call, &len) || !kms_input_context(call) || !kms_input_no_grants(call)) return false;
    if (with_plaintext && !kms_input_recipient(call)) return false;
    if (!kms_input_key(call, "KeyId", KMS_BY_KEY_OR_ALIAS) || !may_use_key(call) || !kms_check_dry_run(call))
        return false;
    if (RAND_priv_bytes(data_key, (int)len) != 1) return kms_fail_plainly(call, KMS_ERROR_INTERNAL);
    done = output_blob(call, grille_bytes_of(data_key, len)) &&
           (!with_plaintext || output_plaintext(call, grille_bytes_of(data_key, len)));
    OPENSSL_cleanse(data_key, sizeof data_key);
    return done;
}

bool kms_serve_generate_data_key(kms_call *call) {
    return generate(call, true);
}

bool kms_serve_generate_data_key_without_plaintext(kms_call *call) {
    return generate(call, false);
}

bool kms_serve_generate_random(kms_call *call) {
    uint8_t random[RANDOM_BYTES];
    int64_t len = 0;
    bool done;
    if (json_object_get(call->input, "CustomKeyStoreId") != NULL)
        return kms_fail(call, KMS_ERROR_UNSUPPORTED_OPERATION, "There are no custom key stores here.");
    if (!kms_input_number(call, "NumberOfBytes", KMS_REQUIRED, 1, RANDOM_BYTES, &len) || !kms_input_recipient(call) ||
        !kms_authorize_identity(call))
        return false;
    if (RAND_priv_bytes(random, (int)len) != 1) return kms_fail_plainly(call, KMS_ERROR_INTERNAL);
    done = output_plaintext(call, grille_bytes_of(random, (size_t)len));
    OPENSSL_cleanse(random, sizeof random);
    return done;
}
