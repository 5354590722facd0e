/* SPDX-License-Identifier: Apache-2.0
 * kms-emulator: a key service for laptops and CI. */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "kms_emulator/emulator.h"
#include "kms_emulator/json_file.h"
#include "options.h"

static const char usage[] =
    "usage: kms-emulator init FOLDER …                    makes a key service: settings, a CA, a first caller\n"
    "       kms-emulator serve FOLDER …                   answers as AWS KMS does, over HTTPS\n"
    "       kms-emulator create-key FOLDER …              makes a key, with an alias and a policy\n"
    "       kms-emulator put-policy FOLDER KEY FILE       gives a key another policy\n"
    "       kms-emulator list-keys FOLDER                 keys, their states and aliases\n"
    "       kms-emulator add-credentials FOLDER NAME …    lets somebody else ask\n"
    "       kms-emulator show-credentials FOLDER NAME …   what a client needs to ask\n"
    "       kms-emulator help\n"
    "       each says more with --help\n"
    "       insecure, for development and tests only: the folder holds all keys as they are\n";

int main(int argc, char **argv) {
    static const command_verb verbs[] = {{"init", emulator_init},
                                         {"serve", emulator_serve},
                                         {"create-key", emulator_create_key},
                                         {"put-policy", emulator_put_policy},
                                         {"list-keys", emulator_list_keys},
                                         {"add-credentials", emulator_add_credentials},
                                         {"show-credentials", emulator_show_credentials}};
    enum { VERBS = sizeof verbs / sizeof verbs[0] };
    const char *names[VERBS];
    const char *near = NULL;
    kms_json_wipe_freed();
    if (argc < 2) return usage_error(usage, "what to do?");
    for (size_t i = 0; i < VERBS; i++) {
        if (strcmp(argv[1], verbs[i].name) == 0) return verbs[i].run(argc - 2, argv + 2);
        names[i] = verbs[i].name;
    }
    if (argc == 2 && (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0)) {
        fputs(usage, stdout);
        return EXIT_DONE;
    }
    near = nearest_word(argv[1], names, VERBS);
    return near == NULL ? usage_error(usage, "there is no \"%s\"", argv[1])
                        : usage_error(usage, "there is no \"%s\"; the nearest is %s", argv[1], near);
}
