/* SPDX-License-Identifier: Apache-2.0
 * kms-emulator add-credentials and show-credentials. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attest/calendar.h"
#include "base/error.h"
#include "command.h"
#include "kms_emulator/emulator.h"
#include "kms_emulator/folder.h"
#include "options.h"
#include "wall_time.h"

static const char add_usage[] =
    "usage: kms-emulator add-credentials FOLDER NAME --principal ARN [--valid-seconds N] [--no-kms]\n"
    "         makes an access key for a caller, called NAME in FOLDER; a service that runs reads it at SIGHUP\n"
    "         --principal ARN    arn:aws:iam::ACCOUNT:user/NAME, arn:aws:iam::ACCOUNT:role/NAME, or of one of its\n"
    "                            sessions, arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION\n"
    "         --valid-seconds N  it expires after so long; default: never\n"
    "         --no-kms           its own IAM policies allow nothing: a key policy must name it\n"
    "         exit status: 0 made, 1 not made, 2 usage, or a folder that can't be used\n";
static const char show_usage[] =
    "usage: kms-emulator show-credentials FOLDER NAME [--json]\n"
    "         prints them as lines for a shell (AWS_ACCESS_KEY_ID=…), with the CA to trust and the region\n"
    "         --json  as a credential_process of the AWS SDKs does\n"
    "         exit status: 0 printed, 1 not printed, 2 usage, or nobody is called so\n";

#define SECOND_MS ((grille_wall_ms)1000)

static bool parse_seconds(const char *text, grille_wall_ms *seconds) {
    const size_t len = strlen(text);
    if (len < 1 || len > 9 || strspn(text, "0123456789") != len) return false;
    *seconds = 0;
    for (; *text != '\0'; text++)
        *seconds = *seconds * 10 + (*text - '0');
    return true;
}

static bool add(const char *folder, const char *name, const char *principal, grille_wall_ms expires_ms,
                bool identity_policy_allows, grille_error *error) {
    const int lock = kms_folder_lock(folder, error);
    kms_credentials *credentials = lock < 0 ? NULL : kms_credentials_read(folder, error);
    const bool added = credentials != NULL &&
                       kms_credentials_add(credentials, name, principal, expires_ms, identity_policy_allows, error) &&
                       kms_credentials_write(folder, credentials, error);
    kms_credentials_free(credentials);
    if (lock >= 0) kms_folder_unlock(lock);
    return added;
}

int emulator_add_credentials(int argc, char **argv) {
    const char *operands[2] = {NULL}, *principal = NULL, *valid = NULL;
    bool no_kms = false;
    const command_option options[] = {
        {"--principal", NULL, &principal}, {"--valid-seconds", NULL, &valid}, {"--no-kms", &no_kms, NULL}};
    const command_line line = {.command = "add-credentials",
                               .usage = add_usage,
                               .options = options,
                               .option_count = sizeof options / sizeof options[0],
                               .operands = operands,
                               .least = 2,
                               .most = 2,
                               .operand_name = "FOLDER or NAME"};
    grille_wall_ms seconds = 0;
    grille_error error = {0};
    int status = EXIT_DONE;
    if (!command_line_parse(&line, argc, argv, &status)) return status;
    if (principal == NULL) return usage_error(add_usage, "add-credentials: --principal is missing");
    if (valid != NULL && !parse_seconds(valid, &seconds))
        return usage_error(add_usage, "add-credentials: --valid-seconds is a number, not \"%.80s\"", valid);
    if (add(operands[0], operands[1], principal, valid == NULL ? 0 : wall_time_now() + seconds * SECOND_MS, !no_kms,
            &error))
        return EXIT_DONE;
    return emulator_failed("add-credentials", &error);
}

/* In quotes of a shell. */
static void print_quoted(const char *name, const char *text) {
    (void)printf("%s='", name);
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            (void)fputs("'\\''", stdout);
        else
            (void)putchar(*text);
    }
    (void)printf("'\n");
}

static void print_shell(const char *folder, const kms_settings *settings, const kms_credential *who) {
    char authority[PATH_MAX + sizeof "/" KMS_AUTHORITY_FILE], whole[PATH_MAX];
    (void)snprintf(authority, sizeof authority, "%s/" KMS_AUTHORITY_FILE,
                   realpath(folder, whole) != NULL ? whole : folder);
    (void)printf("AWS_ACCESS_KEY_ID=%s\n", who->access_key_id);
    print_quoted("AWS_SECRET_ACCESS_KEY", who->secret_access_key);
    if (who->session_token[0] != '\0') print_quoted("AWS_SESSION_TOKEN", who->session_token);
    (void)printf("AWS_REGION=%s\nAWS_DEFAULT_REGION=%s\n", settings->region, settings->region);
    print_quoted("AWS_CA_BUNDLE", authority);
}

/* AWS SDKs and Tools Reference Guide, "Process credential provider". No value has a character that JSON escapes:
 * credentials.c sees to it. */
static void print_json(const kms_credential *who) {
    (void)printf("{\"Version\":1,\"AccessKeyId\":\"%s\",\"SecretAccessKey\":\"%s\"", who->access_key_id,
                 who->secret_access_key);
    if (who->session_token[0] != '\0') (void)printf(",\"SessionToken\":\"%s\"", who->session_token);
    if (who->expires_ms != 0) (void)printf(",\"Expiration\":\"%s\"", grille_civil_format(who->expires_ms).text);
    (void)printf("}\n");
}

int emulator_show_credentials(int argc, char **argv) {
    const char *operands[2] = {NULL};
    bool as_json = false;
    const command_option options[] = {{"--json", &as_json, NULL}};
    const command_line line = {.command = "show-credentials",
                               .usage = show_usage,
                               .options = options,
                               .option_count = 1,
                               .operands = operands,
                               .least = 2,
                               .most = 2,
                               .operand_name = "FOLDER or NAME"};
    kms_settings settings;
    kms_credentials *credentials = NULL;
    const kms_credential *who = NULL;
    grille_error error = {0};
    int status = EXIT_DONE;
    if (!command_line_parse(&line, argc, argv, &status)) return status;
    if (!kms_settings_read(operands[0], &settings, &error) ||
        (credentials = kms_credentials_read(operands[0], &error)) == NULL)
        return emulator_failed("show-credentials", &error);
    who = kms_credentials_named(credentials, operands[1]);
    if (who == NULL)
        (void)grille_error_set(&error, GRILLE_REASON_BAD_ARGUMENT, "nobody in %s is called %s", operands[0],
                               operands[1]);
    else if (as_json)
        print_json(who);
    else
        print_shell(operands[0], &settings, who);
    status = who == NULL ? emulator_failed("show-credentials", &error) : emulator_printed("show-credentials");
    kms_credentials_free(credentials);
    return status;
}
