/* SPDX-License-Identifier: Apache-2.0 */
#include "bench_folder.h"

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "files.h"
#include "identity_make.h"
#include "identity_psk.h"

/* Names of sockets in the folder must fit a socket's address (unix(7): 107 bytes). */
enum { TEMPORARY_MAX = 48, PATH_BYTES = 256, POLICY_BYTES = 1024, TREE_FILES = 16 };

static bool failed(const char *what, const char *path, grille_error *error) {
    (void)grille_error_set(error, GRILLE_REASON_SYSTEM, "%s %s: %s", what, path, strerror(errno));
    return false;
}

bool bench_folder_make(bench_folder *folder, grille_error *error) {
    const char *temporary = getenv("TMPDIR");
    if (temporary == NULL || temporary[0] != '/' || strlen(temporary) > TEMPORARY_MAX) temporary = "/tmp";
    (void)snprintf(folder->path, sizeof folder->path, "%s/grille-bench.XXXXXX", temporary);
    if (mkdtemp(folder->path) != NULL) return true;
    (void)failed("can't make the folder", folder->path, error);
    folder->path[0] = '\0';
    return false;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place) {
    (void)status;
    (void)type;
    (void)place;
    (void)remove(path);
    return 0;
}

void bench_folder_remove(bench_folder *folder) {
    if (folder->path[0] != '\0') (void)nftw(folder->path, remove_one, TREE_FILES, FTW_DEPTH | FTW_PHYS);
    folder->path[0] = '\0';
}

/* ---- Identities ---- */

/* SIDE.kind: what the side proves, where with, and its policy (NULL: SIDE.policy.yaml here). */
static bool write_kind(const char *folder, const char *side, const char *kind, const char *identity, const char *policy,
                       grille_error *error) {
    char name[64], text[2 * PATH_MAX + 32];
    (void)snprintf(name, sizeof name, "%s.kind", side);
    (void)snprintf(text, sizeof text, "%s\n%s\n%s%s", kind, identity, policy != NULL ? policy : "",
                   policy != NULL ? "\n" : "");
    return file_write_new(folder, name, grille_bytes_of_text(text), false, error);
}

static bool make_identity(const char *root, const char *pair, const char *side, const char *kind, grille_error *error) {
    char folder[PATH_BYTES], ca[PATH_BYTES], name[64], file[PATH_BYTES + 32];
    (void)snprintf(folder, sizeof folder, "%s/%s", pair, side);
    if (mkdir(folder, 0700) != 0) return failed("can't make the folder", folder, error);
    if (strcmp(kind, "nitro") == 0) {
        (void)snprintf(file, sizeof file, "%s/sim", folder);
        return bench_make_nsm(file, error) && write_kind(pair, side, kind, file, NULL, error);
    }
    if (strcmp(kind, "psk") == 0) {
        (void)snprintf(file, sizeof file, "%s/identity.psk", folder);
        return identity_make_psk(side, strcmp(side, "server") == 0 ? "responder" : "initiator", file, error) &&
               write_kind(pair, side, kind, file, NULL, error);
    }
    if (!write_kind(pair, side, kind, folder, NULL, error)) return false;
    (void)snprintf(ca, sizeof ca, "%s/ca", root);
    (void)snprintf(name, sizeof name, "spiffe://bench/%s", side);
    return identity_make_x509(
        &(identity_request){.folder = folder, .ca_folder = ca, .name = name, .name_is_uri = true, .days = 1}, error);
}

/* Whom `side` trusts: the other one, by what that proves. */
static bool make_policy(const char *pair, const char *side, const char *peer, const char *peer_kind,
                        grille_error *error) {
    const char *calls = strcmp(side, "server") == 0 ? "    may_call: [ \"/grille.bench.v1.Echo/*\" ]\n" : "";
    char text[POLICY_BYTES], name[64];
    int len;
    if (strcmp(peer_kind, "nitro") == 0) {
        len = snprintf(text, sizeof text,
                       "insecure_development_root: %s/sim/insecure-root.pem\npeers:\n  - name: %s\n    kind: nitro\n"
                       "    measurements: ../measurements.json\n%s",
                       peer, peer, calls);
    } else if (strcmp(peer_kind, "psk") == 0) {
        len = snprintf(text, sizeof text, "peers:\n  - name: %s\n    kind: psk\n    psk: %s/identity.psk\n%s", peer,
                       peer, calls);
    } else {
        len = snprintf(text, sizeof text,
                       "peers:\n  - name: %s\n    kind: x509\n    ca: ../ca/ca.pem\n    names: [ \"spiffe://bench/%s\" "
                       "]\n%s",
                       peer, peer, calls);
    }
    (void)snprintf(name, sizeof name, "%s.policy.yaml", side);
    return len > 0 && (size_t)len < sizeof text && file_write_new(pair, name, grille_bytes_of_text(text), false, error);
}

static bool make_pair(const char *root, const char *server_kind, const char *client_kind, grille_error *error) {
    char pair[PATH_BYTES];
    (void)snprintf(pair, sizeof pair, "%s/%s-%s", root, server_kind, client_kind);
    if (mkdir(pair, 0700) != 0) return errno == EEXIST || failed("can't make the folder", pair, error);
    return make_identity(root, pair, "server", server_kind, error) &&
           make_identity(root, pair, "client", client_kind, error) &&
           make_policy(pair, "server", "client", client_kind, error) &&
           make_policy(pair, "client", "server", server_kind, error);
}

bool bench_folder_fill(const bench_folder *folder, const bench_plan *plan, grille_error *error) {
    char ca[PATH_BYTES];
    bool measured = false;
    (void)snprintf(ca, sizeof ca, "%s/ca", folder->path);
    if (!identity_make_ca(&(identity_request){.folder = ca, .days = 1}, error)) return false;
    for (size_t i = 0; i < plan->row_count; i++) {
        const bench_plan_row *row = &plan->rows[i];
        const bool nitro = strcmp(row->server_kind, "nitro") == 0 || strcmp(row->client_kind, "nitro") == 0;
        if (nitro && !measured) {
            if (!bench_make_measurements(folder->path, error)) return false;
            measured = true;
        }
        if (!make_pair(folder->path, row->server_kind, row->client_kind, error)) return false;
    }
    return true;
}

/* ---- The user's own ---- */

/* A link in the folder, so that both files of PREFIX have the names of a folder that `grille identity new` makes. */
static bool link_to(const char *prefix, const char *suffix, const char *folder, const char *name, grille_error *error) {
    char link[PATH_BYTES + 48], file[PATH_MAX], path[PATH_MAX];
    (void)snprintf(link, sizeof link, "%s/%s", folder, name);
    (void)snprintf(file, sizeof file, "%s%s", prefix, suffix);
    if (realpath(file, path) == NULL) return failed("can't find", file, error);
    return symlink(path, link) == 0 || failed("can't make the link", link, error);
}

bool bench_folder_link(const bench_folder *folder, const char *side, const char *identity, const char *policy,
                       grille_error *error) {
    char target[PATH_BYTES], own[PATH_BYTES + 16], policy_path[PATH_MAX], identity_path[PATH_MAX];
    struct stat status;
    (void)snprintf(target, sizeof target, "%s/target", folder->path);
    (void)snprintf(own, sizeof own, "%s/%s", target, side);
    if (mkdir(target, 0700) != 0 || mkdir(own, 0700) != 0) return failed("can't make the folder", own, error);
    /* Paths in a policy start where it is. */
    if (realpath(policy, policy_path) == NULL) return failed("can't find", policy, error);
    if (stat(identity, &status) != 0) {
        return link_to(identity, ".pem", own, "identity.pem", error) &&
               link_to(identity, ".key", own, "identity.key", error) &&
               write_kind(target, side, "x509", own, policy_path, error);
    }
    if (realpath(identity, identity_path) == NULL) return failed("can't find", identity, error);
    if (S_ISREG(status.st_mode)) return write_kind(target, side, "psk", identity_path, policy_path, error);
    return write_kind(target, side, "nitro", strcmp(identity_path, "/dev/nsm") == 0 ? "device" : identity_path,
                      policy_path, error);
}
