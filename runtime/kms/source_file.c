/* SPDX-License-Identifier: Apache-2.0
 * Credentials of a file, and the first source that has any. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "kms/profile.h"
#include "kms/source.h"
#include "wire/limits.h"

enum { PATH_BYTES = 4096, PROFILE_BYTES = 128 };

typedef struct file_source {
    grille_kms_source source;
    char path[PATH_BYTES];       /* "": as the environment says */
    char profile[PROFILE_BYTES]; /* "": as the environment says */
} file_source;

/* False: it does not fit. */
static bool copy(char *into, size_t capacity, const char *text) {
    const int len = snprintf(into, capacity, "%s", text);
    return len >= 0 && (size_t)len < capacity;
}

/* Where the file is and which profile counts, now. */
static bool resolve(const file_source *own, char *path, char *profile) {
    const char *named = grille_kms_setting("AWS_SHARED_CREDENTIALS_FILE"), *home = grille_kms_setting("HOME");
    const char *chosen = grille_kms_setting("AWS_PROFILE");
    int len;
    if (!copy(profile, PROFILE_BYTES, own->profile[0] != '\0' ? own->profile : chosen != NULL ? chosen : "default"))
        return false;
    if (own->path[0] != '\0') return copy(path, PATH_BYTES, own->path);
    if (named != NULL) return copy(path, PATH_BYTES, named);
    len = snprintf(path, PATH_BYTES, "%s/.aws/credentials", home != NULL ? home : "");
    return len >= 0 && len < PATH_BYTES;
}

static grille_reason fail_file(const char *path, const char *why, grille_error *error) {
    return grille_error_set(error, errno == ENOENT ? GRILLE_REASON_KMS_SOURCE_EMPTY : GRILLE_REASON_KMS_SOURCE,
                            "%s can't be read: %s", path, why);
}

/* A pipe must not wait for its writer. */
static grille_reason open_file(const char *path, int *file, grille_error *error) {
    struct stat status;
    *file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*file < 0) return fail_file(path, strerror(errno), error);
    errno = 0;
    /* /dev/null stands for none. */
    if (fstat(*file, &status) == 0 && (S_ISREG(status.st_mode) || S_ISCHR(status.st_mode))) return GRILLE_REASON_OK;
    (void)close(*file);
    return fail_file(path, "it is no file", error);
}

static grille_reason read_whole(int file, const char *path, uint8_t *text, size_t *len, grille_error *error) {
    for (;;) {
        const ssize_t got = read(file, text + *len, GRILLE_LIMIT_KMS_PROFILE_FILE_BYTES + 1 - *len);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_file(path, strerror(errno), error);
        if (got == 0) return GRILLE_REASON_OK;
        *len += (size_t)got;
        if (*len <= GRILLE_LIMIT_KMS_PROFILE_FILE_BYTES) continue;
        return grille_error_set(error, GRILLE_REASON_KMS_SOURCE, "%s is longer than %d bytes: is it another file?",
                                path, GRILLE_LIMIT_KMS_PROFILE_FILE_BYTES);
    }
}

static grille_reason read_profile(const char *path, const char *profile, grille_kms_role_credentials *credentials,
                                  grille_error *error) {
    const size_t capacity = GRILLE_LIMIT_KMS_PROFILE_FILE_BYTES + 1;
    uint8_t *text = NULL;
    size_t len = 0;
    int file = -1;
    grille_reason reason = open_file(path, &file, error);
    if (reason != GRILLE_REASON_OK) return reason;
    text = malloc(capacity);
    reason = text != NULL ? read_whole(file, path, text, &len, error)
                          : grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
    (void)close(file);
    if (reason == GRILLE_REASON_OK)
        reason = grille_profile_read(grille_bytes_of(text, len), path, profile, credentials, error);
    if (text != NULL) grille_wipe(text, len);
    free(text);
    return reason;
}

static grille_reason read_file(grille_kms_source *source, int stop, grille_kms_role_credentials *credentials,
                               grille_error *error) {
    char path[PATH_BYTES], profile[PROFILE_BYTES];
    (void)stop;
    if (!resolve((const file_source *)source, path, profile))
        return grille_error_set(error, GRILLE_REASON_KMS_CREDENTIALS, "the path or profile is too long");
    (void)snprintf(source->where, sizeof source->where, "profile %s of %s", profile, path);
    return read_profile(path, profile, credentials, error);
}

grille_code grille_kms_source_open_file(const char *path, const char *profile, grille_kms_source **source,
                                        grille_error *error) {
    char at[PATH_BYTES], name[PROFILE_BYTES];
    file_source *own;
    grille_error_clear(error);
    *source = NULL;
    own = grille_kms_source_new(sizeof *own, read_file, error);
    if (own == NULL) return GRILLE_RESOURCE_EXHAUSTED;
    if (!copy(own->path, sizeof own->path, path != NULL ? path : "") ||
        !copy(own->profile, sizeof own->profile, profile != NULL ? profile : "") || !resolve(own, at, name)) {
        free(own);
        return grille_reason_code(
            grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "the path or profile is too long"));
    }
    (void)snprintf(own->source.where, sizeof own->source.where, "profile %s of %s", name, at);
    *source = &own->source;
    return GRILLE_OK;
}

/* ---- the first that has any ---- */

enum { PARTS = 3 };

typedef struct default_source {
    grille_kms_source source;
    grille_kms_source *parts[PARTS]; /* the last one is the metadata service */
} default_source;

static grille_reason read_default(grille_kms_source *source, int stop, grille_kms_role_credentials *credentials,
                                  grille_error *error) {
    default_source *own = (default_source *)source;
    const char *no_metadata = grille_kms_setting("AWS_EC2_METADATA_DISABLED");
    const bool has_metadata = no_metadata == NULL || strcmp(no_metadata, "true") != 0;
    grille_reason reason = GRILLE_REASON_KMS_SOURCE_EMPTY;
    for (size_t i = 0; i < PARTS - (has_metadata ? 0 : 1) && reason == GRILLE_REASON_KMS_SOURCE_EMPTY; i++) {
        memset(credentials, 0, sizeof *credentials);
        reason = own->parts[i]->read(own->parts[i], stop, credentials, error);
        (void)snprintf(source->where, sizeof source->where, "%s", own->parts[i]->where);
    }
    return reason;
}

static void free_default(grille_kms_source *source) {
    default_source *own = (default_source *)source;
    for (size_t i = 0; i < PARTS; i++)
        grille_kms_source_free(own->parts[i]);
    free(own);
}

grille_code grille_kms_source_open_default(const grille_kms_imds_options *imds, grille_kms_source **source,
                                           grille_error *error) {
    grille_code code;
    default_source *own;
    grille_error_clear(error);
    *source = NULL;
    own = grille_kms_source_new(sizeof *own, read_default, error);
    if (own == NULL) return GRILLE_RESOURCE_EXHAUSTED;
    own->source.free = free_default;
    code = grille_kms_source_open_environment(&own->parts[0], error);
    if (code == GRILLE_OK) code = grille_kms_source_open_file(NULL, NULL, &own->parts[1], error);
    if (code == GRILLE_OK) code = grille_kms_source_open_imds(imds, &own->parts[2], error);
    if (code != GRILLE_OK) {
        free_default(&own->source);
        return code;
    }
    (void)snprintf(own->source.where, sizeof own->source.where,
                   "the environment, the shared credentials file or the metadata service");
    *source = &own->source;
    return GRILLE_OK;
}
