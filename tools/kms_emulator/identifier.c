/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_emulator/identifier.h"

#include <openssl/rand.h>
#include <string.h>

static const char digits[] = "0123456789abcdef";

static bool has_hyphen_before(size_t byte) {
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

void kms_uuid_write(const uint8_t uuid[KMS_UUID_BYTES], char text[KMS_UUID_TEXT_BYTES]) {
    size_t at = 0;
    for (size_t i = 0; i < KMS_UUID_BYTES; i++) {
        if (has_hyphen_before(i)) text[at++] = '-';
        text[at++] = digits[uuid[i] >> 4];
        text[at++] = digits[uuid[i] & 15];
    }
    text[at] = '\0';
}

bool kms_uuid_make(char text[KMS_UUID_TEXT_BYTES]) {
    uint8_t uuid[KMS_UUID_BYTES];
    if (RAND_bytes(uuid, sizeof uuid) != 1) return false;
    uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x40); /* version 4 */
    uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80); /* variant 10 */
    kms_uuid_write(uuid, text);
    return true;
}

static bool read_digit(char character, unsigned *value) {
    const char *found = character == '\0' ? NULL : strchr(digits, character);
    if (found != NULL) *value = (unsigned)(found - digits);
    return found != NULL;
}

bool kms_uuid_read(const char *text, uint8_t uuid[KMS_UUID_BYTES]) {
    uint8_t read[KMS_UUID_BYTES];
    size_t at = 0;
    if (strlen(text) != KMS_UUID_TEXT_BYTES - 1) return false;
    for (size_t i = 0; i < KMS_UUID_BYTES; i++) {
        unsigned high, low;
        if (has_hyphen_before(i) && text[at++] != '-') return false;
        if (!read_digit(text[at], &high) || !read_digit(text[at + 1], &low)) return false;
        read[i] = (uint8_t)(high << 4 | low);
        at += 2;
    }
    memcpy(uuid, read, sizeof read);
    return true;
}
