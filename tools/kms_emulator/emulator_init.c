/* SPDX-License-Identifier: Apache-2.0
 * kms-emulator init. */
#include <stdio.h>

#include "base/error.h"
#include "command.h"
#include "kms_emulator/emulator.h"
#include "kms_emulator/folder.h"
#include "options.h"
#include "wall_time.h"

enum { hosts_most = 32 };

static const char usage[] =
    "usage: kms-emulator init FOLDER [--region R] [--account N] [--listen ADDRESS] [--host NAME]…\n"
    "                                [--root FILE]… [--aws-root] [--documents-at TIME] [--primitive]\n"
    "         FOLDER is made, or is empty; clients trust FOLDER/ca.pem\n"
    "         --region R           default: eu-central-1\n"
    "         --account N          12 digits; default: 111122223333\n"
    "         --listen ADDRESS     of the loopback interface, with a port; default: 127.0.0.1:8443\n"
    "         --host NAME          the server is called so, too, beside kms.R.amazonaws.com, localhost, 127.0.0.1, "
    "::1\n"
    "         --root FILE          attestation documents of this root count (of a simulated NSM: its root.pem)\n"
    "         --aws-root           and those of AWS Nitro Enclaves\n"
    "         --documents-at TIME  documents are verified as of this time (RFC 3339), not of the request\n"
    "         --primitive          CiphertextForRecipient in its primitive form\n"
    "         FOLDER/settings.json says it all; exit status: 0 made, 1 not made, 2 usage or an unreadable file\n";

static int copy(char *place, size_t capacity, const char *text, const char *option) {
    const int len = snprintf(place, capacity, "%s", text);
    if (len > 0 && (size_t)len < capacity) return EXIT_DONE;
    return usage_error(usage, "init: %s \"%.80s\" is too long", option, text);
}

static int take(kms_settings *settings, const char *region, const char *account, const char *listen,
                const char *documents_at) {
    char host[KMS_LISTEN_BYTES];
    unsigned port = 0;
    int status = EXIT_DONE;
    if (region != NULL && !kms_region_valid(region))
        return usage_error(usage, "init: --region \"%.80s\" is no region's name", region);
    if (account != NULL && !kms_account_valid(account))
        return usage_error(usage, "init: --account is of 12 digits, not \"%.80s\"", account);
    if (listen != NULL && !kms_listen_parse(listen, host, &port))
        return usage_error(usage,
                           "init: --listen is an address of the loopback interface and a port, not \"%.80s\": whoever "
                           "reaches the service can do harm",
                           listen);
    if (documents_at != NULL && !wall_time_parse(documents_at, &settings->documents_at_ms))
        return usage_error(usage, "init: --documents-at \"%.80s\" is no time of RFC 3339", documents_at);
    if (region != NULL) status = copy(settings->region, sizeof settings->region, region, "--region");
    if (status == EXIT_DONE && account != NULL)
        status = copy(settings->account, sizeof settings->account, account, "--account");
    if (status == EXIT_DONE && listen != NULL)
        status = copy(settings->listen, sizeof settings->listen, listen, "--listen");
    return status;
}

static int make(const char *folder, const kms_folder_wishes *wishes) {
    grille_error error = {0};
    if (!kms_folder_make(folder, wishes, &error)) return emulator_failed("init", &error);
    (void)printf("a key service in %s, for development only: whoever reads the folder has all its keys\n"
                 "  kms-emulator create-key %s --alias NAME\n"
                 "  kms-emulator serve %s\n"
                 "  clients trust %s/" KMS_AUTHORITY_FILE
                 ", and ask with: kms-emulator show-credentials %s developer\n",
                 folder, folder, folder, folder, folder);
    return emulator_printed("init");
}

int emulator_init(int argc, char **argv) {
    const char *folder = NULL, *region = NULL, *account = NULL, *listen = NULL, *documents_at = NULL;
    const char *hosts[hosts_most], *roots[KMS_ROOTS_MOST];
    kms_folder_wishes wishes = {.settings = kms_settings_default(), .hosts = hosts, .roots = roots};
    const command_option options[] = {{"--region", NULL, &region},
                                      {"--account", NULL, &account},
                                      {"--listen", NULL, &listen},
                                      {"--documents-at", NULL, &documents_at},
                                      {"--aws-root", &wishes.settings.takes_aws_root, NULL},
                                      {"--primitive", &wishes.settings.primitive_content, NULL}};
    const command_list_option lists[] = {{"--host", hosts, &wishes.host_count, hosts_most},
                                         {"--root", roots, &wishes.root_count, KMS_ROOTS_MOST}};
    const command_line line = {.command = "init",
                               .usage = usage,
                               .options = options,
                               .option_count = sizeof options / sizeof options[0],
                               .list_options = lists,
                               .list_option_count = sizeof lists / sizeof lists[0],
                               .operands = &folder,
                               .least = 1,
                               .most = 1,
                               .operand_name = "FOLDER"};
    int status = EXIT_DONE;
    if (!command_line_parse(&line, argc, argv, &status)) return status;
    status = take(&wishes.settings, region, account, listen, documents_at);
    return status == EXIT_DONE ? make(folder, &wishes) : status;
}
