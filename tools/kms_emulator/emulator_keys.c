/* SPDX-License-Identifier: Apache-2.0
 * kms-emulator create-key, put-policy and list-keys: also while the folder is served. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "command.h"
#include "kms_emulator/default_policy.h"
#include "kms_emulator/emulator.h"
#include "kms_emulator/folder.h"
#include "kms_emulator/json_file.h"
#include "kms_emulator/policies.h"
#include "kms_emulator/policy.h"
#include "options.h"
#include "wall_time.h"

static const char create_usage[] =
    "usage: kms-emulator create-key FOLDER [--alias NAME] [--policy FILE]\n"
    "         prints the new key's ARN\n"
    "         --alias NAME   it is called alias/NAME, too\n"
    "         --policy FILE  its key policy, JSON as AWS's; default: the account's callers may do what they may\n"
    "         exit status: 0 made, 1 not made, 2 usage, or a file that can't be used\n";
static const char put_usage[] = "usage: kms-emulator put-policy FOLDER KEY FILE\n"
                                "         KEY is an id, an ARN or alias/NAME; FILE is JSON as AWS's\n"
                                "         exit status: 0 done, 1 not done, 2 usage, or a file that can't be used\n";
static const char list_usage[] = "usage: kms-emulator list-keys FOLDER\n"
                                 "         a line for each key of the settings' account: ARN, state, aliases\n";

/* A folder's store, and its settings. */
typedef struct opened {
    kms_settings settings;
    kms_store *store;
} opened;

static bool open_folder(const char *folder, opened *at, grille_error *error) {
    if (!kms_settings_read(folder, &at->settings, error)) return false;
    at->store = kms_folder_store(folder, error);
    return at->store != NULL;
}

static bool store_failed(kms_store_result result, const char *what, grille_error *error) {
    if (result == KMS_STORE_OK) return false;
    if (result == KMS_STORE_NOT_FOUND || result == KMS_STORE_EXISTS)
        (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "%s %s", what,
                               result == KMS_STORE_EXISTS ? "is taken" : "is not there");
    else
        (void)grille_error_set(error, GRILLE_REASON_SYSTEM, "the store: %s", kms_store_problem());
    return true;
}

/* A policy's text, terminated, from malloc: of a file, or the default. */
static char *read_policy(const char *path, const char *account, grille_error *error) {
    size_t len = 0;
    char *text = path == NULL ? calloc(1, KMS_DEFAULT_POLICY_BYTES) : kms_file_read(path, &len, error);
    key_policy *policy = NULL;
    if (text == NULL) return NULL;
    if (path == NULL) {
        kms_default_policy(account, text);
        return text;
    }
    policy = key_policy_parse(grille_bytes_of(text, len), error);
    key_policy_free(policy);
    if (policy != NULL) return text;
    free(text);
    return NULL;
}

/* AWS KMS API reference, "CreateAlias". */
static bool is_alias(const char *name) {
    const size_t len = strlen(name);
    return len > 0 && len + strlen("alias/") < KMS_ALIAS_BYTES && strncmp(name, "aws/", 4) != 0 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_-") == len;
}

static bool create_locked(const char *folder, const opened *at, const char *alias, const char *policy,
                          grille_error *error) {
    char name[KMS_ALIAS_BYTES] = "";
    const kms_key_spec spec = {.account = at->settings.account,
                               .region = at->settings.region,
                               .description = "",
                               .policy = policy,
                               .now_ms = wall_time_now()};
    kms_key key = {.policy = NULL};
    bool made = false;
    if (alias != NULL) (void)snprintf(name, sizeof name, "alias/%s", alias);
    if (alias != NULL && kms_store_find_alias(at->store, at->settings.account, name, &key) == KMS_STORE_OK) {
        (void)store_failed(KMS_STORE_EXISTS, name, error);
    } else if (!store_failed(kms_store_create_key(at->store, &spec, &key), "the key", error)) {
        made =
            (alias == NULL ||
             !store_failed(kms_store_create_alias(at->store, key.account, name, key.id, spec.now_ms), name, error)) &&
            kms_policies_save(folder, at->store, key.id, error);
        if (made) (void)printf("%s\n", key.arn);
    }
    kms_key_clear(&key);
    return made;
}

static bool create(const char *folder, const opened *at, const char *alias, const char *policy, grille_error *error) {
    const int lock = kms_folder_lock(folder, error);
    const bool made = lock >= 0 && create_locked(folder, at, alias, policy, error);
    if (lock >= 0) kms_folder_unlock(lock);
    return made;
}

int emulator_create_key(int argc, char **argv) {
    const char *folder = NULL, *alias = NULL, *path = NULL;
    const command_option options[] = {{"--alias", NULL, &alias}, {"--policy", NULL, &path}};
    const command_line line = {.command = "create-key",
                               .usage = create_usage,
                               .options = options,
                               .option_count = sizeof options / sizeof options[0],
                               .operands = &folder,
                               .least = 1,
                               .most = 1,
                               .operand_name = "FOLDER"};
    int status = EXIT_DONE;
    grille_error error = {0};
    opened at = {.store = NULL};
    char *policy = NULL;
    bool made = false;
    if (!command_line_parse(&line, argc, argv, &status)) return status;
    if (alias != NULL && strncmp(alias, "alias/", 6) == 0) alias += 6;
    if (alias != NULL && !is_alias(alias))
        return usage_error(create_usage, "create-key: --alias \"%.80s\" is not of letters, digits, '/', '_' and '-'",
                           alias);
    made = open_folder(folder, &at, &error) && (policy = read_policy(path, at.settings.account, &error)) != NULL &&
           create(folder, &at, alias, policy, &error);
    free(policy);
    kms_store_close(at.store);
    return made ? emulator_printed("create-key") : emulator_failed("create-key", &error);
}

static bool find_id(const opened *at, const char *name, char id[KMS_KEY_ID_BYTES], grille_error *error) {
    const char *slash = strrchr(name, '/');
    const bool is_alias_name = strncmp(name, "alias/", 6) == 0;
    kms_key key = {.policy = NULL};
    const kms_store_result result = is_alias_name
                                        ? kms_store_find_alias(at->store, at->settings.account, name, &key)
                                        : kms_store_find_key(at->store, slash != NULL ? slash + 1 : name, &key);
    if (store_failed(result, name, error)) return false;
    memcpy(id, key.id, KMS_KEY_ID_BYTES);
    kms_key_clear(&key);
    return true;
}

int emulator_put_policy(int argc, char **argv) {
    const char *operands[3] = {NULL};
    const command_line line = {.command = "put-policy",
                               .usage = put_usage,
                               .operands = operands,
                               .least = 3,
                               .most = 3,
                               .operand_name = "FOLDER, KEY or FILE"};
    int status = EXIT_DONE;
    grille_error error = {0};
    opened at = {.store = NULL};
    char id[KMS_KEY_ID_BYTES];
    char *policy = NULL;
    bool done = false;
    if (!command_line_parse(&line, argc, argv, &status)) return status;
    done = open_folder(operands[0], &at, &error) && find_id(&at, operands[1], id, &error) &&
           (policy = read_policy(operands[2], at.settings.account, &error)) != NULL &&
           kms_policies_put(operands[0], at.store, id, grille_bytes_of_text(policy), &error);
    free(policy);
    kms_store_close(at.store);
    return done ? EXIT_DONE : emulator_failed("put-policy", &error);
}

static bool print_key(const opened *at, const char *id, kms_alias *aliases, grille_error *error) {
    static const char *const states[] = {"Enabled", "Disabled", "PendingDeletion"};
    kms_key key = {.policy = NULL};
    size_t count = 0;
    if (store_failed(kms_store_find_key(at->store, id, &key), id, error)) return false;
    (void)printf("%s %s", key.arn, states[key.state]);
    kms_key_clear(&key);
    if (store_failed(kms_store_list_aliases(at->store, at->settings.account, at->settings.region, id, "", aliases,
                                            KMS_LISTED_ALIASES, &count),
                     "an alias", error))
        return false;
    for (size_t i = 0; i < count; i++)
        (void)printf(" %s", aliases[i].name);
    (void)printf("\n");
    return true;
}

static bool print_keys(const opened *at, grille_error *error) {
    kms_alias *aliases = calloc(KMS_LISTED_ALIASES, sizeof *aliases);
    char ids[16][KMS_KEY_ID_BYTES], after[KMS_KEY_ID_BYTES] = "";
    const size_t most = sizeof ids / sizeof *ids;
    size_t count = most;
    bool whole = aliases != NULL;
    while (whole && count == most) {
        whole = !store_failed(kms_store_list_keys(at->store, at->settings.account, after, ids, most, &count), "a key",
                              error);
        for (size_t i = 0; whole && i < count; i++)
            whole = print_key(at, ids[i], aliases, error);
        if (whole && count > 0) memcpy(after, ids[count - 1], sizeof after);
    }
    free(aliases);
    return whole;
}

int emulator_list_keys(int argc, char **argv) {
    const char *folder = NULL;
    const command_line line = {.command = "list-keys",
                               .usage = list_usage,
                               .operands = &folder,
                               .least = 1,
                               .most = 1,
                               .operand_name = "FOLDER"};
    int status = EXIT_DONE;
    grille_error error = {0};
    opened at = {.store = NULL};
    bool listed = false;
    if (!command_line_parse(&line, argc, argv, &status)) return status;
    listed = open_folder(folder, &at, &error) && print_keys(&at, &error);
    kms_store_close(at.store);
    return listed ? emulator_printed("list-keys") : emulator_failed("list-keys", &error);
}
