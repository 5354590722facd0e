/* SPDX-License-Identifier: Apache-2.0
 * grille kms credentials. */
#include <stdio.h>
#include <string.h>

#include "attest/calendar.h"
#include "command.h"
#include "kms.h"
#include "kms_source.h"

static const char usage[] =
    "usage: grille kms credentials [options]\n"
    "         where a parent's credentials for a key service come from, and how long they last; never the "
    "secret\n" KMS_SOURCE_USAGE
    "         exit status: 0 found, 1 there are none or their source does not answer, 2 usage or malformed ones\n";

/* Enough of the id to tell two apart. */
static void print_id(const char *id) {
    const size_t len = strlen(id);
    if (len > 12)
        (void)printf("key id        %.4s…%s\n", id, id + len - 4);
    else
        (void)printf("key id        %s\n", id);
}

static void print(const grille_kms_source *source, const grille_kms_role_credentials *credentials) {
    (void)printf("from          %s\n", grille_kms_source_describe(source));
    print_id(credentials->access_key_id);
    (void)printf("session       %s\n", credentials->session_token[0] != '\0' ? "yes" : "no: keys that do not expire");
    (void)printf("end           %s\n",
                 credentials->expires_ms != 0 ? grille_civil_format(credentials->expires_ms).text : "not told");
    (void)printf("region        %s\n", credentials->region[0] != '\0' ? credentials->region : "not told");
}

int kms_credentials(int argc, char **argv) {
    kms_source_options said = {.file = NULL};
    const command_option options[] = {KMS_SOURCE_OPTIONS(said)};
    const command_line line = {.command = "kms credentials",
                               .usage = usage,
                               .options = options,
                               .option_count = sizeof options / sizeof options[0]};
    grille_kms_role_credentials credentials;
    grille_kms_source *source = NULL;
    grille_error error = {.code = GRILLE_OK};
    grille_code code;
    int status = EXIT_DONE;
    if (!command_line_parse(&line, argc, argv, &status)) return status;
    if (kms_source_open(&said, &source, &error) != GRILLE_OK)
        return usage_error(usage, "kms credentials: %s", error.text);
    code = grille_kms_source_read(source, &credentials, &error);
    if (code == GRILLE_OK)
        print(source, &credentials);
    else
        (void)fprintf(stderr, "grille: kms credentials: %s: %s\n", error.name, error.text);
    grille_kms_role_credentials_wipe(&credentials);
    grille_kms_source_free(source);
    if (code == GRILLE_OK) return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
    return code == GRILLE_INVALID_ARGUMENT ? EXIT_USAGE : EXIT_FAILED;
}
