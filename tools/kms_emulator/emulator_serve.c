/* SPDX-License-Identifier: Apache-2.0
 * kms-emulator serve. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "command.h"
#include "kms_emulator/emulator.h"
#include "kms_emulator/serve.h"
#include "options.h"

static const char usage[] =
    "usage: kms-emulator serve FOLDER [--listen ADDRESS] [--throttle N]\n"
    "         answers as AWS KMS does, over HTTPS, until it is interrupted; prints one line when it does\n"
    "         --listen ADDRESS  in place of the settings'; port 0: any that is free\n"
    "         --throttle N      answers the first N well signed requests with ThrottlingException\n"
    "         FOLDER/events.jsonl has a line for each request\n"
    "         SIGHUP: reads FOLDER/credentials.json and FOLDER/policies/ again\n"
    "         exit status: 0 interrupted, 1 it can't serve, 2 usage or a folder that can't be used\n";

static bool parse_count(const char *text, size_t *count) {
    const size_t len = strlen(text);
    if (len < 1 || len > 6 || strspn(text, "0123456789") != len) return false;
    *count = 0;
    for (; *text != '\0'; text++)
        *count = *count * 10 + (size_t)(*text - '0');
    return true;
}

/* All signals that end it or make it look again come here, and to no other thread. */
static void block_signals(sigset_t *signals) {
    (void)sigemptyset(signals);
    (void)sigaddset(signals, SIGHUP);
    (void)sigaddset(signals, SIGINT);
    (void)sigaddset(signals, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, signals, NULL);
}

static void wait_for_end(const sigset_t *signals, kms_front *front) {
    int signal = 0;
    for (;;) {
        grille_error error = {0};
        if (sigwait(signals, &signal) != 0 || signal != SIGHUP) return;
        if (kms_front_reload(front, &error))
            (void)printf("%s: read again\n", program_invocation_short_name);
        else
            (void)fprintf(stderr, "%s: not read again: %s\n", program_invocation_short_name, error.text);
        (void)fflush(stdout);
    }
}

static int serve(const kms_front_options *wanted, const char *listen) {
    grille_error error = {0};
    kms_front *front = NULL;
    kms_server *server = NULL;
    sigset_t signals;
    int status = EXIT_DONE;
    block_signals(&signals);
    if (kms_front_open(wanted, &front, &error) != GRILLE_REASON_OK) return emulator_failed("serve", &error);
    if (listen == NULL) listen = kms_front_settings(front)->listen;
    if (kms_server_start(front, wanted->folder, listen, &server, &error) != GRILLE_REASON_OK) {
        status = emulator_failed("serve", &error);
    } else {
        (void)printf("%s: serving https://%s as region %s of account %s; insecure, for development only\n",
                     program_invocation_short_name, kms_server_address(server), kms_front_settings(front)->region,
                     kms_front_settings(front)->account);
        status = emulator_printed("serve");
        if (status == EXIT_DONE) wait_for_end(&signals, front);
    }
    kms_server_stop(server);
    kms_front_close(front);
    return status;
}

int emulator_serve(int argc, char **argv) {
    const char *listen = NULL, *throttle = NULL;
    kms_front_options wanted = {.throttled = 0};
    const command_option options[] = {{"--listen", NULL, &listen}, {"--throttle", NULL, &throttle}};
    const command_line line = {.command = "serve",
                               .usage = usage,
                               .options = options,
                               .option_count = sizeof options / sizeof options[0],
                               .operands = &wanted.folder,
                               .least = 1,
                               .most = 1,
                               .operand_name = "FOLDER"};
    int status = EXIT_DONE;
    if (!command_line_parse(&line, argc, argv, &status)) return status;
    if (throttle != NULL && !parse_count(throttle, &wanted.throttled))
        return usage_error(usage, "serve: --throttle is a number up to 999999, not \"%.80s\"", throttle);
    return serve(&wanted, listen);
}
