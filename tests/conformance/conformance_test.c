/* SPDX-License-Identifier: Apache-2.0
 * Goal: what a gRPC user expects of a call holds for either message library at either end, over a Unix socket and
 * inside one process, for blocking and for asynchronous calls: each case in all sixteen combinations, and through the
 * fake channel of unit tests. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "cmocka_all.h"
#include "grille/testing.h"
#include "party.h"

enum { CODECS = 2, SOCKETS = 2, TRANSPORTS = 3, FAKE = 2, MOST_CASES = 400, PATIENCE_MS = 60000 };

static const conf_codec *const codecs[CODECS] = {&conf_protobuf_c, &conf_nanopb};
static const char *const transports[TRANSPORTS] = {"unix", "in-process", "no connection"};
static const char *const forms[] = {"blocking", "async"};

static const char *grille_program;
static party parties;
static conf_server served[CODECS];
static grille_server *servers[CODECS];
static grille_services *fake_services[CODECS];
static grille_channel *channels[CODECS][TRANSPORTS];

/* ---- The servers ---- */

static void listen_on(grille_server *server, const char *address) {
    grille_error error;
    if (grille_server_listen(server, address, &error) != GRILLE_OK) fail_msg("%s", error.text);
}

static void start_server(int index) {
    grille_server_options options = grille_server_options_default();
    char address[128];
    grille_error error;
    options.policy = parties.server_policy;
    options.identity = parties.server_identity;
    options.max_message_bytes = CONF_LIMIT_BYTES;
    if (grille_server_new(&options, &servers[index], &error) != GRILLE_OK) fail_msg("%s", error.text);
    if (conf_serve(&served[index], codecs[index], grille_server_services(servers[index]), &error) != GRILLE_OK) {
        fail_msg("%s", error.text);
    }
    (void)snprintf(address, sizeof address, "unix:%s/%d", parties.folder, index);
    listen_on(servers[index], address);
    (void)snprintf(address, sizeof address, "inproc:conformance-%d", index);
    listen_on(servers[index], address);
    if (grille_server_start(servers[index], &error) != GRILLE_OK) fail_msg("%s", error.text);
    for (size_t at = 0; at < SOCKETS; at++)
        channels[index][at] = party_channel(&parties, grille_server_address(servers[index], at));
}

static void start_fake(int index) {
    grille_error error;
    if (grille_services_new(&fake_services[index], &error) != GRILLE_OK ||
        conf_register(&served[index], fake_services[index], &error) != GRILLE_OK ||
        grille_insecure_fake_channel_open(fake_services[index], NULL, NULL, &channels[index][FAKE], &error) !=
            GRILLE_OK) {
        fail_msg("%s", error.text);
    }
}

static int set_up(void **state) {
    (void)state;
    party_init(&parties, grille_program, "/test.conformance.Conformance/*\", \"/test.conformance.Unregistered/*");
    for (int i = 0; i < CODECS; i++) {
        start_server(i);
        start_fake(i);
    }
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    for (int i = 0; i < CODECS; i++) {
        for (int at = 0; at < TRANSPORTS; at++)
            grille_channel_close(channels[i][at]);
        grille_server_free(servers[i]);
        grille_services_free(fake_services[i]);
    }
    party_deinit(&parties);
    return 0;
}

/* ---- Judging ---- */

typedef struct combination {
    const conf_case *one;
    int caller, server, transport;
    conf_form form;
} combination;

#define CHECK(condition, ...)                                                                                          \
    do {                                                                                                               \
        if (!(condition)) complain(now, __VA_ARGS__);                                                                  \
    } while (0)

static void GRILLE_PRINTF(2, 3) complain(const combination *now, const char *format, ...) {
    char text[3000];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fail_msg("%s; caller %s, server %s, %s, %s: %s", now->one->name, codecs[now->caller]->name,
             codecs[now->server]->name, transports[now->transport], forms[now->form], text);
}

static void check_pairs(const combination *now, const char *what, const char *const *expected, const char *got) {
    char wanted[2048] = "";
    size_t len = 0;
    for (size_t i = 0; i < CONF_MOST_PAIRS && expected[i] != NULL; i++)
        len += (size_t)snprintf(wanted + len, sizeof wanted - len, "%s;", expected[i]);
    CHECK(strcmp(wanted, got) == 0, "%s are \"%s\", not \"%s\"", what, got, wanted);
}

static void check_responses(const combination *now, const conf_outcome *got) {
    const conf_case *one = now->one;
    CHECK(got->responses == one->responses, "%u responses, not %u", got->responses, one->responses);
    for (unsigned i = 0; i < one->responses; i++) {
        /* What is seen takes the place of a size where a case has no other. */
        if (one->response_bytes[i] == 0 && one->seen != NULL) continue;
        CHECK(got->response_bytes[i] == one->response_bytes[i], "response %u has %zu bytes, not %zu", i,
              got->response_bytes[i], one->response_bytes[i]);
    }
    CHECK(!got->wrong_payload, "a response's bytes are not those that were sent");
    CHECK(one->seen == NULL || strstr(got->seen, one->seen) != NULL, "the handler saw \"%s\", not \"%s\"", got->seen,
          one->seen);
}

static void judge(const combination *now, const conf_outcome *got) {
    const conf_case *one = now->one;
    CHECK(got->code == one->code, "%s: %s", grille_code_name(got->code), got->message);
    CHECK(one->message == NULL || strcmp(one->message, got->message) == 0, "the text is \"%s\"", got->message);
    CHECK(one->part == NULL || strstr(got->message, one->part) != NULL, "the text \"%s\" lacks \"%s\"", got->message,
          one->part);
    CHECK(one->details == NULL || strcmp(one->details, got->details) == 0, "the details are \"%s\"", got->details);
    check_responses(now, got);
    if (one->cancel != CONF_NO_CANCEL || one->code == GRILLE_DEADLINE_EXCEEDED) return;
    check_pairs(now, "headers", one->headers, got->headers);
    check_pairs(now, "trailers", one->trailers, got->trailers);
}

static unsigned all_ends(const conf_server *server) {
    unsigned sum = 0;
    for (int i = 0; i < CONF_ENDS; i++)
        sum += atomic_load(&server->ends[i]);
    return sum;
}

/* Every handler that stays with its call is told of the end, for the right reason. */
static void await_end(const combination *now, unsigned ends_before, unsigned cancelled_before) {
    const conf_server *server = &served[now->server];
    for (int waited_ms = 0; all_ends(server) == ends_before; waited_ms++) {
        CHECK(waited_ms < PATIENCE_MS, "the handler was not told of the end");
        (void)usleep(1000);
    }
    CHECK(all_ends(server) == ends_before + 1, "the handler was told of the end more than once");
    const grille_call_end why =
        now->one->code == GRILLE_CANCELLED ? GRILLE_CALL_END_CANCELLED : GRILLE_CALL_END_ANSWERED;
    if (now->one->handler_ends) {
        CHECK(atomic_load(&server->ends[why]) == cancelled_before + 1, "the handler was told another reason");
    }
}

/* All that was sent before has been worked off when this is answered. */
static void settle(const combination *now) {
    const conf_codec *codec = codecs[now->caller];
    conf_message request;
    grille_reply reply;
    codec->make_request(&request, (grille_bytes){NULL, 0}, (grille_bytes){NULL, 0});
    (void)grille_call_unary(channels[now->server][now->transport], &codec->service->methods[CONF_UNARY], &request, NULL,
                            &reply);
    CHECK(reply.code == GRILLE_OK, "the next call: %s: %s", grille_code_name(reply.code), reply.message);
    grille_reply_free(&reply);
}

static bool waits(const conf_case *one) {
    script asked;
    const char *text = one->script != NULL ? one->script : "";
    return script_read(&asked, (grille_bytes){(const uint8_t *)text, strlen(text)}) && asked.wait;
}

static void play(const combination *now) {
    static conf_outcome got;
    const conf_case *one = now->one;
    conf_server *server = &served[now->server];
    const unsigned started = atomic_load(&server->started), ends = all_ends(server);
    const unsigned cancelled = atomic_load(&server->ends[GRILLE_CALL_END_CANCELLED]);
    if (!conf_run(channels[now->server][now->transport], codecs[now->caller], server, one, now->form, &got)) {
        complain(now, "nothing came for a minute");
    }
    judge(now, &got);
    settle(now);
    const bool held = one->method != CONF_UNARY || waits(one);
    /* The settling call has started too. */
    if (held && atomic_load(&server->started) > started + 1) await_end(now, ends, cancelled);
    CHECK(!one->handler_ends || atomic_load(&server->started) > started + 1, "the handler did not run");
    conf_release_held(server);
}

/* Nobody sets a limit for requests where there is no server. */
static bool has_place(const combination *now) {
    if (now->transport != FAKE) return true;
    return now->one->code != GRILLE_RESOURCE_EXHAUSTED || now->one->max_response_bytes != 0 || now->one->part == NULL;
}

static void in_every_combination(void **state) {
    combination now = {.one = *state};
    for (now.caller = 0; now.caller < CODECS; now.caller++)
        for (now.server = 0; now.server < CODECS; now.server++)
            for (now.transport = 0; now.transport < TRANSPORTS; now.transport++)
                for (now.form = CONF_BLOCKING; now.form <= CONF_ASYNC; now.form++)
                    if (conf_plays(now.one, now.form) && has_place(&now)) play(&now);
}

int main(int argc, char **argv) {
    static const conf_table *const tables[] = {&conf_basic,    &conf_errors, &conf_cancellation, &conf_deadlines,
                                               &conf_metadata, &conf_sizes,  &conf_interop};
    static struct CMUnitTest tests[MOST_CASES];
    static char names[MOST_CASES][120];
    size_t count = 0;
    if (argc != 2) return 2;
    grille_program = argv[1];
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        for (size_t at = 0; at < tables[i]->count && count < MOST_CASES; at++, count++) {
            const conf_case *one = &tables[i]->cases[at];
            (void)snprintf(names[count], sizeof names[count], "%s: %s", tables[i]->name, one->name);
            tests[count] = (struct CMUnitTest){
                .name = names[count], .test_func = in_every_combination, .initial_state = (void *)(uintptr_t)one};
        }
    }
    return _cmocka_run_group_tests("conformance", tests, count, set_up, tear_down);
}
