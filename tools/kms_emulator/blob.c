/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_emulator/blob.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/bytes.h"
#include "base/reader.h"
#include "base/writer.h"

#define MAGIC        "GRKB"
#define MAGIC_BYTES  (sizeof MAGIC - 1)
#define VERSION      1
#define NONCE_BYTES  12
#define TAG_BYTES    16
#define HEADER_BYTES (MAGIC_BYTES + 1 + KMS_UUID_BYTES + 4 + NONCE_BYTES)

bool kms_blob_read(grille_bytes encoded, kms_blob *blob) {
    grille_reader reader = grille_reader_of(encoded);
    grille_reader header;
    kms_blob read = {.generation = 0};
    bool known;
    if (encoded.len < KMS_BLOB_OVERHEAD_BYTES || encoded.len > KMS_CIPHERTEXT_BYTES) return false;
    read.header = grille_read_bytes(&reader, HEADER_BYTES);
    read.sealed = grille_read_bytes(&reader, encoded.len - KMS_BLOB_OVERHEAD_BYTES);
    read.tag = grille_read_rest(&reader);
    header = grille_reader_of(read.header);
    known = grille_bytes_equal(grille_read_bytes(&header, MAGIC_BYTES), grille_bytes_of_text(MAGIC));
    known = grille_read_u8(&header) == VERSION && known;
    kms_uuid_write(grille_read_bytes(&header, KMS_UUID_BYTES).data, read.key_id);
    read.generation = grille_read_u32(&header);
    read.nonce = grille_read_rest(&header);
    if (known && read.generation != 0) *blob = read;
    return known && read.generation != 0;
}

/* Of what is not encrypted: the header, then the context. */
static bool add_outside(EVP_CIPHER_CTX *cipher, grille_bytes header, const kms_context *context) {
    uint8_t canonical[KMS_CONTEXT_CANONICAL_BYTES];
    const size_t len = kms_context_write(context, canonical);
    int written;
    return EVP_CipherUpdate(cipher, NULL, &written, header.data, (int)header.len) == 1 &&
           EVP_CipherUpdate(cipher, NULL, &written, canonical, (int)len) == 1;
}

/* EVP's of NULL or no bytes means something else than nothing. */
static bool run(EVP_CIPHER_CTX *cipher, grille_bytes from, uint8_t *to) {
    int written;
    return from.len == 0 || EVP_CipherUpdate(cipher, to, &written, from.data, (int)from.len) == 1;
}

bool kms_blob_open(const kms_blob *blob, const uint8_t secret[KMS_SECRET_BYTES], const kms_context *context,
                   uint8_t plain[KMS_CIPHERTEXT_BYTES], size_t *len) {
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    uint8_t tag[TAG_BYTES];
    uint8_t nothing[16];
    int written;
    bool done;
    grille_writer writer = grille_writer_into(tag, sizeof tag);
    grille_write_bytes(&writer, blob->tag);
    done = cipher != NULL && EVP_DecryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, secret, blob->nonce.data) == 1 &&
           add_outside(cipher, blob->header, context) && run(cipher, blob->sealed, plain) &&
           EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag) == 1 &&
           EVP_DecryptFinal_ex(cipher, nothing, &written) == 1;
    EVP_CIPHER_CTX_free(cipher);
    if (!done) OPENSSL_cleanse(plain, blob->sealed.len);
    *len = done ? blob->sealed.len : 0;
    return done;
}

static bool write_header(const char *key_id, unsigned generation, uint8_t header[HEADER_BYTES]) {
    grille_writer writer = grille_writer_into(header, HEADER_BYTES);
    uint8_t uuid[KMS_UUID_BYTES];
    uint8_t nonce[NONCE_BYTES];
    if (!kms_uuid_read(key_id, uuid) || RAND_bytes(nonce, sizeof nonce) != 1) return false;
    grille_write_bytes(&writer, grille_bytes_of_text(MAGIC));
    grille_write_u8(&writer, VERSION);
    grille_write_bytes(&writer, (grille_bytes){.data = uuid, .len = sizeof uuid});
    grille_write_u32(&writer, generation);
    grille_write_bytes(&writer, (grille_bytes){.data = nonce, .len = sizeof nonce});
    return true;
}

bool kms_blob_make(const char *key_id, unsigned generation, const uint8_t secret[KMS_SECRET_BYTES],
                   const kms_context *context, grille_bytes plain, uint8_t blob[KMS_CIPHERTEXT_BYTES], size_t *len) {
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    uint8_t *sealed = &blob[HEADER_BYTES];
    const grille_bytes header = {.data = blob, .len = HEADER_BYTES};
    uint8_t nothing[16];
    int written;
    bool done = cipher != NULL && plain.len <= KMS_PLAINTEXT_BYTES && write_header(key_id, generation, blob);
    done = done &&
           EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, secret, &blob[HEADER_BYTES - NONCE_BYTES]) == 1 &&
           add_outside(cipher, header, context) && run(cipher, plain, sealed) &&
           EVP_EncryptFinal_ex(cipher, nothing, &written) == 1 &&
           EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, &sealed[plain.len]) == 1;
    EVP_CIPHER_CTX_free(cipher);
    *len = done ? plain.len + KMS_BLOB_OVERHEAD_BYTES : 0;
    return done;
}
