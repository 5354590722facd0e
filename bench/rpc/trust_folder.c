/* SPDX-License-Identifier: Apache-2.0
 * Identities and policies from a folder: README.md has its layout. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/rpc/rpc.h"
#include "secure/tls.h"

enum { PATH_BYTES = 640, LINE_BYTES = 512 };

/* What DIR/SIDE.kind says: a kind, and where identity and policy are unless they are in the folder too. */
typedef struct side_files {
    char kind[LINE_BYTES];
    char identity[PATH_BYTES];
    char policy[PATH_BYTES];
} side_files;

static bool read_line(FILE *file, char *line) {
    if (fgets(line, LINE_BYTES, file) == NULL) return false;
    line[strcspn(line, "\r\n")] = 0;
    return line[0] != 0;
}

static void in_folder(const char *folder, const char *side, side_files *files) {
    if (strcmp(files->kind, "nitro") == 0) {
        (void)snprintf(files->identity, sizeof files->identity, "%s/sim", folder);
    } else if (strcmp(files->kind, "psk") == 0) {
        (void)snprintf(files->identity, sizeof files->identity, "%s/%s.psk", folder, side);
    } else {
        (void)snprintf(files->identity, sizeof files->identity, "%s/%s", folder, side);
    }
    (void)snprintf(files->policy, sizeof files->policy, "%s/%s.policy.yaml", folder, side);
}

static bool find_files(const char *folder, const char *side, side_files *files) {
    char path[PATH_BYTES];
    char line[LINE_BYTES];
    FILE *file = NULL;
    (void)snprintf(path, sizeof path, "%s/%s.kind", folder, side);
    file = fopen(path, "re");
    if (file == NULL && errno != ENOENT) {
        (void)fprintf(stderr, "bench: %s: %s\n", path, strerror(errno));
        return false;
    }
    (void)snprintf(files->kind, sizeof files->kind, "x509");
    if (file != NULL && read_line(file, line)) (void)snprintf(files->kind, sizeof files->kind, "%s", line);
    in_folder(folder, side, files);
    if (file == NULL) return true;
    if (read_line(file, line)) (void)snprintf(files->identity, sizeof files->identity, "%s", line);
    if (read_line(file, line)) (void)snprintf(files->policy, sizeof files->policy, "%s", line);
    (void)fclose(file);
    return true;
}

static grille_code load_identity(const side_files *files, grille_identity **identity, grille_error *error) {
    char chain[PATH_BYTES + 32];
    char key[PATH_BYTES + 32];
    if (strcmp(files->kind, "nitro") == 0) {
        const bool device = strcmp(files->identity, "device") == 0;
        return grille_identity_open_nsm(device ? NULL : files->identity, identity, error);
    }
    if (strcmp(files->kind, "psk") == 0) return grille_identity_load_psk(files->identity, identity, error);
    (void)snprintf(chain, sizeof chain, "%s/identity.pem", files->identity);
    (void)snprintf(key, sizeof key, "%s/identity.key", files->identity);
    return grille_identity_load_x509(chain, key, identity, error);
}

static bool load(const bench_spec *spec, bool is_server, bench_rpc_end *end) {
    const char *side = is_server ? "server" : "client";
    side_files files;
    grille_error error;
    *end = (bench_rpc_end){0};
    if (spec->folder[0] == 0) {
        (void)fprintf(stderr, "bench: this row needs --folder with the identity and the policy of the %s\n", side);
        return false;
    }
    if (!find_files(spec->folder, side, &files)) return false;
    if (strcmp(files.kind, "x509") != 0 && strcmp(files.kind, "nitro") != 0 && strcmp(files.kind, "psk") != 0) {
        (void)fprintf(stderr, "bench: %s/%s.kind: observed \"%.40s\", expected x509, nitro or psk\n", spec->folder,
                      side, files.kind);
        return false;
    }
    if (!bench_rpc_told(load_identity(&files, &end->identity, &error), &error) ||
        !bench_rpc_told(grille_policy_load(files.policy, &end->policy, &error), &error)) {
        bench_rpc_end_free(end);
        return false;
    }
    return true;
}

/* Both ends leave the choice to the library: what a caller offers first is what a server of the same machine takes. */
static const char *cipher(void) {
    return grille_tls_first_suite(GRILLE_CIPHER_AUTO);
}

const bench_rpc_trust bench_rpc_trust_folder = {load, cipher};
