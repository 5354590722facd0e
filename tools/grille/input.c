/* SPDX-License-Identifier: Apache-2.0 */
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "wire/limits.h"

static bool failed(const char *what, const char *path, grille_error *error) {
    (void)grille_error_set(error, GRILLE_REASON_SYSTEM, "can't %s %s: %s", what, path, strerror(errno));
    return false;
}

static bool read_open(int fd, const char *path, uint8_t *content, size_t capacity, size_t *len, bool *more,
                      grille_error *error) {
    struct stat status;
    uint8_t beyond;
    ssize_t got = 1;
    if (fstat(fd, &status) != 0) return failed("read", path, error);
    if (S_ISDIR(status.st_mode)) {
        errno = EISDIR;
        return failed("read", path, error);
    }
    if (S_ISREG(status.st_mode) && (uint64_t)status.st_size > capacity) {
        *more = true;
        return true;
    }
    while (*len < capacity && got != 0) {
        got = read(fd, content + *len, capacity - *len);
        if (got < 0 && errno != EINTR) return failed("read", path, error);
        if (got > 0) *len += (size_t)got;
    }
    *more = got != 0 && read(fd, &beyond, 1) == 1;
    return true;
}

bool input_read(const char *path, uint8_t *content, size_t capacity, size_t *len, bool *more, grille_error *error) {
    bool is_standard = strcmp(path, "-") == 0;
    int fd = is_standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    bool read = false;
    *len = 0;
    *more = false;
    if (fd < 0) return failed("open", path, error);
    read = read_open(fd, is_standard ? "standard input" : path, content, capacity, len, more, error);
    if (!is_standard) (void)close(fd);
    return read;
}

/* RFC 4648 tables 1 and 2; -1 for any other character. */
static int value_of(uint8_t character) {
    if (character >= 'A' && character <= 'Z') return character - 'A';
    if (character >= 'a' && character <= 'z') return character - 'a' + 26;
    if (character >= '0' && character <= '9') return character - '0' + 52;
    if (character == '+' || character == '-') return 62;
    if (character == '/' || character == '_') return 63;
    return -1;
}

static bool is_space(uint8_t character) {
    return character == '\n' || character == '\r' || character == ' ' || character == '\t';
}

/* False for any other character, and for bits that are left over. `out` has room for 3 bytes of every 4 characters. */
static bool decode_base64(grille_bytes text, uint8_t *out, size_t *len) {
    uint32_t bits = 0;
    unsigned held = 0;
    size_t padding = 0;
    *len = 0;
    for (size_t i = 0; i < text.len; i++) {
        int value = value_of(text.data[i]);
        if (is_space(text.data[i])) continue;
        if (text.data[i] == '=' && ++padding <= 2) continue;
        if (value < 0 || padding > 0) return false;
        bits = bits << 6 | (uint32_t)value;
        held += 6;
        if (held < 8) continue;
        held -= 8;
        out[(*len)++] = (uint8_t)(bits >> held);
        bits &= (1u << held) - 1;
    }
    return held < 6 && bits == 0;
}

static bool begins_cose(grille_bytes bytes) {
    return bytes.len > 0 && (bytes.data[0] == 0x84 || bytes.data[0] == 0xd2);
}

grille_reason input_refuse_length(grille_error *error) {
    return grille_error_set(error, GRILLE_REASON_ATTEST_SIZE,
                            "observed a file of more than %zu bytes, expected a document of 1 to %d; those of enclaves "
                            "have 4 to 6 KiB",
                            sizeof((input_document *)NULL)->read, GRILLE_LIMIT_DOCUMENT_BYTES);
}

bool input_read_document(const char *path, input_document *input, grille_error *error) {
    size_t len = 0, decoded_len = 0;
    bool more = false;
    input->document = grille_bytes_of(NULL, 0);
    if (!input_read(path, input->read, sizeof input->read, &len, &more, error)) return false;
    input->too_long = more;
    if (more) return true;
    input->document = grille_bytes_of(input->read, len);
    if (begins_cose(input->document)) return true;
    if (decode_base64(input->document, input->decoded, &decoded_len) &&
        begins_cose(grille_bytes_of(input->decoded, decoded_len))) {
        input->document = grille_bytes_of(input->decoded, decoded_len);
    }
    return true;
}
