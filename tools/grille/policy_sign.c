/* SPDX-License-Identifier: Apache-2.0
 * grille policy sign: an update for enclaves, whose policy pins the key. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "command.h"
#include "input.h"
#include "options.h"
#include "policy.h"
#include "wire/limits.h"

static const char usage[] = "usage: grille policy sign --key KEY FILE > UPDATE\n"
                            "         writes FILE, signed, for ends whose policy names the public half of KEY as "
                            "update_key; FILE has a version\n"
                            "         higher than theirs, and names no files\n"
                            "         --key KEY   private key in PEM (P-256 or P-384)\n"
                            "         exit status: 0 signed, 2 usage or a file that can't be used\n";

enum { KEY_FILE_MAX = 4096 };

typedef struct request {
    const char *key_path, *path;
    uint8_t text[GRILLE_LIMIT_POLICY_FILE_BYTES];
    size_t text_len;
    uint8_t update[GRILLE_LIMIT_POLICY_FILE_BYTES + GRILLE_POLICY_UPDATE_OVERHEAD];
    size_t update_len;
} request;

static int read_file(const char *path, uint8_t *content, size_t capacity, size_t *len) {
    grille_error error = {.code = GRILLE_OK};
    bool more = false;
    if (!input_read(path, content, capacity, len, &more, &error)) {
        return usage_error(usage, "policy sign: %s", error.text);
    }
    if (more) return usage_error(usage, "policy sign: %s has more than %zu bytes", path, capacity);
    return EXIT_DONE;
}

static int sign(request *r) {
    uint8_t key[KEY_FILE_MAX];
    grille_error error = {.code = GRILLE_OK};
    size_t key_len = 0;
    int status = read_file(r->path, r->text, sizeof r->text, &r->text_len);
    if (status == EXIT_DONE) status = read_file(r->key_path, key, sizeof key, &key_len);
    if (status == EXIT_DONE &&
        grille_policy_update_sign(grille_bytes_of(r->text, r->text_len), grille_bytes_of(key, key_len), r->update,
                                  sizeof r->update, &r->update_len, &error) != GRILLE_OK) {
        (void)fprintf(stderr, "grille: policy sign: %s: %s: %s\n", r->path, error.name, error.text);
        status = EXIT_USAGE;
    }
    grille_wipe(key, sizeof key);
    return status;
}

int policy_sign(int argc, char **argv) {
    static request r;
    const command_option options[] = {{.name = "--key", .value = &r.key_path}};
    const command_line line = {.command = "policy sign",
                               .usage = usage,
                               .options = options,
                               .option_count = 1,
                               .operands = &r.path,
                               .least = 1,
                               .most = 1,
                               .operand_name = "FILE"};
    int status = EXIT_DONE;
    if (!command_line_parse(&line, argc, argv, &status)) return status;
    if (r.key_path == NULL) return usage_error(usage, "policy sign: --key is needed");
    if (isatty(STDOUT_FILENO)) return usage_error(usage, "policy sign: an update is no text: write it to a file");
    status = sign(&r);
    if (status != EXIT_DONE) return status;
    if (fwrite(r.update, 1, r.update_len, stdout) != r.update_len || fflush(stdout) != 0) {
        perror("grille: policy sign: standard output");
        return EXIT_FAILED;
    }
    return EXIT_DONE;
}
