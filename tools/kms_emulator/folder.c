/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_emulator/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "anchor.h"
#include "base/bytes.h"
#include "base/error.h"
#include "kms_emulator/certificates.h"
#include "kms_emulator/json_file.h"
#include "kms_emulator/policies.h"

enum { hosts_most = 32, given_hosts = 4 };

static bool failed(const char *what, const char *path, grille_error *error) {
    (void)grille_error_set(error, GRILLE_REASON_SYSTEM, "can't %s %s: %s", what, path, strerror(errno));
    return false;
}

static bool make_folder(const char *path, grille_error *error) {
    if (mkdir(path, 0700) == 0) return true;
    if (errno != EEXIST) return failed("make the folder", path, error);
    if (chmod(path, 0700) == 0) return true;
    return failed("use the folder", path, error);
}

static bool make_folder_in(const char *folder, const char *name, grille_error *error) {
    char path[PATH_MAX];
    return kms_path_join(path, folder, name, error) && make_folder(path, error);
}

/* An empty one, so that nothing of anybody's is changed. */
static bool is_empty(const char *folder, grille_error *error) {
    DIR *entries = opendir(folder);
    const struct dirent *entry = NULL;
    size_t count = 0;
    if (entries == NULL) return failed("read the folder", folder, error);
    while ((entry = readdir(entries)) != NULL)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    (void)closedir(entries);
    if (count == 0) return true;
    (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "%s holds something already: a new folder is wanted",
                           folder);
    return false;
}

static bool put_text(const char *folder, const char *name, const char *text, grille_error *error) {
    return kms_file_put(folder, name, grille_bytes_of_text(text), error);
}

static bool make_certificates(const char *folder, const kms_folder_wishes *wishes, grille_error *error) {
    char service[KMS_REGION_BYTES + 32];
    const char *names[given_hosts + hosts_most] = {service, "localhost", "127.0.0.1", "::1"};
    kms_certificates made;
    bool written = false;
    if (wishes->host_count > hosts_most) {
        (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "observed %zu hosts, expected at most %d",
                               wishes->host_count, hosts_most);
        return false;
    }
    (void)snprintf(service, sizeof service, "kms.%s.amazonaws.com", wishes->settings.region);
    for (size_t i = 0; i < wishes->host_count; i++)
        names[given_hosts + i] = wishes->hosts[i];
    if (!kms_certificates_make(names, given_hosts + wishes->host_count, &made, error)) return false;
    written = put_text(folder, KMS_AUTHORITY_FILE, made.authority, error) &&
              put_text(folder, KMS_CERTIFICATE_FILE, made.server, error) &&
              put_text(folder, KMS_PRIVATE_KEY_FILE, made.private_key, error);
    kms_certificates_free(&made);
    return written;
}

static bool make_developer(const char *folder, const kms_settings *settings, grille_error *error) {
    kms_credentials *credentials = calloc(1, sizeof *credentials);
    char principal[KMS_PRINCIPAL_BYTES];
    bool made = false;
    (void)snprintf(principal, sizeof principal, "arn:aws:iam::%s:user/developer", settings->account);
    if (credentials == NULL)
        (void)grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
    else
        made = kms_credentials_add(credentials, "developer", principal, 0, true, error) &&
               kms_credentials_write(folder, credentials, error);
    kms_credentials_free(credentials);
    return made;
}

static bool copy_root(const char *folder, const char *path, size_t number, grille_error *error) {
    char name[64];
    size_t len = 0;
    anchor *root = malloc(sizeof *root);
    char *content = NULL;
    bool copied = false;
    (void)snprintf(name, sizeof name, KMS_ROOTS_FOLDER "/root%zu.pem", number);
    if (root == NULL)
        (void)grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
    else
        copied = anchor_read(path, root, error) && (content = kms_file_read(path, &len, error)) != NULL &&
                 kms_file_put(folder, name, grille_bytes_of(content, len), error);
    free(content);
    free(root);
    return copied;
}

/* A copy of each, as it is. */
static bool copy_roots(const char *folder, const kms_folder_wishes *wishes, grille_error *error) {
    bool copied = true;
    for (size_t i = 0; copied && i < wishes->root_count; i++)
        copied = copy_root(folder, wishes->roots[i], i + 1, error);
    return copied;
}

bool kms_folder_make(const char *folder, const kms_folder_wishes *wishes, grille_error *error) {
    /* The settings come last: a folder that has them is whole. */
    return make_folder(folder, error) && is_empty(folder, error) && make_folder_in(folder, KMS_ROOTS_FOLDER, error) &&
           copy_roots(folder, wishes, error) && make_certificates(folder, wishes, error) &&
           make_folder_in(folder, KMS_POLICIES_FOLDER, error) && make_developer(folder, &wishes->settings, error) &&
           kms_settings_write(folder, &wishes->settings, error);
}

/* The root's DER is kept in memory of its own: an anchor is large. */
static bool add_root(const char *path, kms_roots *roots, grille_error *error) {
    anchor *root = malloc(sizeof *root);
    uint8_t *der = NULL;
    bool added = false;
    if (root == NULL)
        (void)grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
    else
        added = anchor_read(path, root, error);
    if (added && root->development_root.len == 0) {
        roots->has_aws = true;
    } else if (added && roots->count == KMS_ROOTS_MOST) {
        (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "%s is one root more than %d", path, KMS_ROOTS_MOST);
        added = false;
    } else if (added) {
        der = malloc(root->development_root.len);
        added = der != NULL;
        if (added) {
            memcpy(der, root->development_root.data, root->development_root.len);
            roots->items[roots->count++] = grille_bytes_of(der, root->development_root.len);
        }
    }
    free(root);
    return added;
}

bool kms_roots_read(const char *folder, kms_roots *roots, grille_error *error) {
    char place[PATH_MAX], path[PATH_MAX];
    const struct dirent *entry = NULL;
    bool whole = true;
    DIR *entries = NULL;
    *roots = (kms_roots){.count = 0};
    if (!kms_path_join(place, folder, KMS_ROOTS_FOLDER, error)) return false;
    entries = opendir(place);
    if (entries == NULL) return failed("read the folder", place, error);
    while (whole && (entry = readdir(entries)) != NULL)
        if (entry->d_name[0] != '.')
            whole = kms_path_join(path, place, entry->d_name, error) && add_root(path, roots, error);
    (void)closedir(entries);
    if (!whole) kms_roots_free(roots);
    return whole;
}

void kms_roots_free(kms_roots *roots) {
    for (size_t i = 0; i < roots->count; i++)
        free((void *)(uintptr_t)roots->items[i].data);
    *roots = (kms_roots){.count = 0};
}

kms_store *kms_folder_store(const char *folder, grille_error *error) {
    char path[PATH_MAX];
    kms_settings settings;
    kms_store *store = NULL;
    if (!kms_settings_read(folder, &settings, error) || !kms_path_join(path, folder, KMS_STORE_FILE, error))
        return NULL;
    return kms_store_open(path, &store, error) == GRILLE_REASON_OK ? store : NULL;
}

int kms_folder_lock(const char *folder, grille_error *error) {
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int locked = -1;
    do
        locked = fd < 0 ? -1 : flock(fd, LOCK_EX);
    while (locked != 0 && fd >= 0 && errno == EINTR);
    if (locked == 0) return fd;
    (void)failed("lock", folder, error);
    if (fd >= 0) (void)close(fd);
    return -1;
}

void kms_folder_unlock(int lock) {
    (void)close(lock);
}
