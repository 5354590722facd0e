/* SPDX-License-Identifier: Apache-2.0 */
#include "victims.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "cmocka_all.h"
#include "forge_session.h"

/* ---- Who is who ---- */

grille_identity *victim_world_identity(const victim_world *world, const forge_identity *ca, const char *name,
                                       grille_wall_ms not_after_ms) {
    forge_template about = forge_leaf(name, GRILLE_P256, NULL, name);
    forge_identity leaf;
    const forge_identity *const chain[] = {&leaf};
    grille_identity *identity = NULL;
    grille_error error;
    about.not_before_ms = world->now_ms - 2 * FORGE_HOUR_MS;
    about.not_after_ms = not_after_ms;
    forge_certificate(&about, ca, &leaf);
    if (grille_identity_load_x509(forge_chain_file(chain, 1), forge_key_file(&leaf), &identity, &error) != GRILLE_OK)
        fail_msg("%s: %s", error.name, error.text);
    forge_free(&leaf);
    return identity;
}

grille_policy *victim_world_policy(const victim_world *world, const char *format, ...) {
    char text[16384];
    grille_policy *policy = NULL;
    grille_error error;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (grille_policy_parse(grille_bytes_of(text, strlen(text)), "test", world->folder, &policy, &error) != GRILLE_OK)
        fail_msg("%s: %s", error.name, error.text);
    return policy;
}

static void make_cas(victim_world *world) {
    forge_template about = forge_ca("Test CA", GRILLE_P256);
    about.not_before_ms = world->now_ms - 2 * FORGE_HOUR_MS;
    about.not_after_ms = world->now_ms + 2 * FORGE_HOUR_MS;
    forge_certificate(&about, NULL, &world->ca);
    forge_certificate(&about, NULL, &world->cloned_ca);
}

static void make_policies(victim_world *world) {
    const char *ca = forge_yaml_block(forge_pem(&world->ca), 6);
    world->trusts_callers = victim_world_policy(world,
                                                "peers:\n"
                                                "  - name: callers\n"
                                                "    kind: x509\n"
                                                "    ca: %s"
                                                "    names: [\"" NAME_HONEST "\", \"" NAME_HOSTILE "\"]\n"
                                                "    may_call: [\"/test.Victim/Do\", \"/test.Victim/Work\", "
                                                "\"/test.Victim/Chat\", \"/test.Victim/Feed\", "
                                                "\"/test.Victim/Chore\"]\n",
                                                ca);
    world->trusts_servers = victim_world_policy(world,
                                                "peers:\n"
                                                "  - name: servers\n"
                                                "    kind: x509\n"
                                                "    ca: %s"
                                                "    names: [\"" NAME_SERVER "\", \"" NAME_HOSTILE "\"]\n",
                                                ca);
}

void victim_world_init(victim_world *world) {
    struct timespec now;
    memset(world, 0, sizeof *world);
    (void)clock_gettime(CLOCK_REALTIME, &now);
    world->now_ms = now.tv_sec * INT64_C(1000);
    (void)strcpy(world->folder, "/tmp/bad-peer-XXXXXX");
    assert_non_null(mkdtemp(world->folder));
    make_cas(world);
    const grille_wall_ms later = world->now_ms + FORGE_HOUR_MS;
    world->server = victim_world_identity(world, &world->ca, NAME_SERVER, later);
    world->honest = victim_world_identity(world, &world->ca, NAME_HONEST, later);
    world->hostile = victim_world_identity(world, &world->ca, NAME_HOSTILE, later);
    world->cloned = victim_world_identity(world, &world->cloned_ca, NAME_HOSTILE, later);
    world->expired = victim_world_identity(world, &world->ca, NAME_HOSTILE, world->now_ms - FORGE_HOUR_MS);
    world->unlisted = victim_world_identity(world, &world->ca, "spiffe://test/unlisted", later);
    make_policies(world);
}

void victim_world_deinit(victim_world *world) {
    grille_identity_free(world->server);
    grille_identity_free(world->honest);
    grille_identity_free(world->hostile);
    grille_identity_free(world->cloned);
    grille_identity_free(world->expired);
    grille_identity_free(world->unlisted);
    grille_policy_free(world->trusts_callers);
    grille_policy_free(world->trusts_servers);
    forge_free(&world->ca);
    forge_free(&world->cloned_ca);
    assert_int_equal(rmdir(world->folder), 0);
}

const char *victim_world_unix(const victim_world *world, const char *name) {
    static char addresses[8][128];
    static unsigned next;
    char *address = addresses[next++ % 8];
    (void)snprintf(address, sizeof addresses[0], "unix:%s/%s", world->folder, name);
    return address;
}

/* ---- The service ---- */

const grille_method victim_methods[VICTIM_METHODS] = {
    {.path = "/test.Victim/Do", .id = METHOD_DO, .request = &fake_type, .response = &fake_type},
    {.path = "/test.Victim/Work",
     .id = METHOD_WORK,
     .flags = GRILLE_METHOD_OFFLOAD,
     .request = &fake_type,
     .response = &fake_type},
    {.path = "/test.Victim/Secret", .id = METHOD_SECRET, .request = &fake_type, .response = &fake_type},
    {.path = "/test.Victim/Chat",
     .id = METHOD_CHAT,
     .kind = GRILLE_METHOD_BIDIRECTIONAL,
     .request = &fake_type,
     .response = &fake_type},
    {.path = "/test.Victim/Feed",
     .id = METHOD_FEED,
     .kind = GRILLE_METHOD_SERVER_STREAMING,
     .request = &fake_type,
     .response = &fake_type},
    {.path = "/test.Victim/Chore",
     .id = METHOD_CHORE,
     .kind = GRILLE_METHOD_BIDIRECTIONAL,
     .flags = GRILLE_METHOD_OFFLOAD,
     .request = &fake_type,
     .response = &fake_type},
};

static const grille_service service = {
    .name = "test.Victim", .id = 70, .methods = victim_methods, .method_count = VICTIM_METHODS};

static grille_code handle(grille_call *call, const void *request, void *response, const void *handlers, void *user) {
    victim_server *server = user;
    const char *text = ((const fake_message *)request)->text;
    const bool honest = strcmp(grille_peer(call)->name, NAME_HONEST) == 0;
    (void)handlers;
    atomic_fetch_add(honest ? &server->honest_calls : &server->hostile_calls, 1);
    if (honest && grille_call_method(call)->id == METHOD_WORK) atomic_fetch_add(&server->honest_work, 1);
    while (text != NULL && strncmp(text, "hold", 4) == 0 && atomic_load(&server->holds) && !grille_call_cancelled(call))
        (void)usleep(1000);
    ((fake_message *)response)->text = text;
    return GRILLE_OK;
}

static void count_caller(grille_call *call, victim_server *server) {
    const bool honest = strcmp(grille_peer(call)->name, NAME_HONEST) == 0;
    atomic_fetch_add(honest ? &server->honest_calls : &server->hostile_calls, 1);
}

static bool asks_to_hold(const fake_message *message) {
    return message->text != NULL && strncmp(message->text, "hold", 4) == 0;
}

static grille_code open_stream(grille_call *call, const void *request, const void *handlers, void *user) {
    victim_server *server = user;
    (void)handlers;
    count_caller(call, server);
    atomic_fetch_add(&server->streams, 1);
    if (request == NULL || asks_to_hold(request)) return GRILLE_OK;
    if (grille_call_send(call, request) != GRILLE_OK) return GRILLE_INTERNAL;
    return grille_call_answer(call, GRILLE_OK, NULL);
}

static void take_message(grille_call *call, const void *message, const void *handlers, void *user) {
    (void)handlers;
    (void)user;
    if (asks_to_hold(message)) grille_call_set_data(call, user);
    if (grille_call_send(call, message) == GRILLE_AGAIN) grille_call_pause(call);
}

static void half_closed(grille_call *call, const void *handlers, void *user) {
    (void)handlers;
    (void)user;
    if (grille_call_data(call) == NULL) (void)grille_call_answer(call, GRILLE_OK, NULL);
}

static void writable(grille_call *call, const void *handlers, void *user) {
    (void)handlers;
    (void)user;
    grille_call_resume(call);
}

static void end_stream(grille_call *call, grille_call_end why, const void *handlers, void *user) {
    victim_server *server = user;
    (void)call;
    (void)why;
    (void)handlers;
    atomic_fetch_add(&server->stream_ends, 1);
}

static grille_code chore(grille_call *call, const void *request, void *response, const void *handlers, void *user) {
    victim_server *server = user;
    const void *message = NULL;
    unsigned now = 0, most = 0;
    grille_code code = GRILLE_OK;
    (void)request;
    (void)response;
    (void)handlers;
    count_caller(call, server);
    atomic_fetch_add(&server->chores, 1);
    now = atomic_fetch_add(&server->chores_now, 1) + 1;
    most = atomic_load(&server->most_chores);
    while (now > most && !atomic_compare_exchange_weak(&server->most_chores, &most, now))
        continue;
    while ((code = grille_call_read(call, &message)) == GRILLE_OK) {
        if ((code = grille_call_write(call, message)) != GRILLE_OK) break;
    }
    atomic_fetch_sub(&server->chores_now, 1);
    return code == GRILLE_END_OF_STREAM ? GRILLE_OK : code;
}

static const grille_method_handler invoke[VICTIM_METHODS] = {
    {.invoke = handle},
    {.invoke = handle},
    {.invoke = handle},
    {.open = open_stream, .message = take_message, .half_close = half_closed, .writable = writable, .end = end_stream},
    {.open = open_stream, .end = end_stream},
    {.invoke = chore},
};

void victim_server_start(const victim_world *world, const char *name, const grille_server_options *options,
                         victim_server *server) {
    grille_server_options own = options != NULL ? *options : grille_server_options_default();
    grille_error error;
    memset(server, 0, sizeof *server);
    atomic_store(&server->holds, true);
    if (own.policy == NULL) own.policy = world->trusts_callers;
    if (own.identity == NULL) own.identity = world->server;
    if (grille_server_new(&own, &server->server, &error) != GRILLE_OK ||
        grille_server_register(server->server, &service, invoke, NULL, server, &error) != GRILLE_OK ||
        grille_server_listen(server->server, victim_world_unix(world, name), &error) != GRILLE_OK ||
        grille_server_listen(server->server, "tcp:127.0.0.1:0", &error) != GRILLE_OK ||
        grille_server_start(server->server, &error) != GRILLE_OK)
        fail_msg("%s: %s", error.name, error.text);
    server->address = grille_server_address(server->server, 0);
    server->tcp_address = grille_server_address(server->server, 1);
}

void victim_server_stop(victim_server *server) {
    atomic_store(&server->holds, false);
    grille_server_free(server->server);
}

/* ---- The honest caller ---- */

grille_code honest_call(grille_channel *channel, const char *text) {
    const fake_message request = {text};
    grille_reply reply;
    grille_code code =
        grille_call_unary(channel, &victim_methods[0], &request, &GRILLE_CALL_OPTIONS(.timeout_ms = 20000), &reply);
    const fake_message *response = reply.response;
    if (code == GRILLE_OK && (response == NULL || strcmp(response->text, text) != 0)) code = GRILLE_DATA_LOSS;
    grille_reply_free(&reply);
    return code;
}

static void *call_on(void *argument) {
    honest_caller *caller = argument;
    while (!atomic_load(&caller->stops)) {
        grille_code code = honest_call(caller->channel, "honest");
        atomic_fetch_add(code == GRILLE_OK ? &caller->answered : &caller->failed, 1);
        (void)usleep(2000);
    }
    return NULL;
}

void honest_caller_start(const victim_world *world, const victim_server *server, honest_caller *caller) {
    grille_channel_options options = grille_channel_options_default();
    grille_error error;
    memset(caller, 0, sizeof *caller);
    options.policy = world->trusts_servers;
    options.identity = world->honest;
    options.spin_us = 0;
    if (grille_channel_open(server->address, &options, &caller->channel, &error) != GRILLE_OK ||
        grille_channel_wait_ready(caller->channel, 10000, &error) != GRILLE_OK)
        fail_msg("%s: %s", error.name, error.text);
    assert_int_equal(pthread_create(&caller->thread, NULL, call_on, caller), 0);
}

void honest_caller_check(honest_caller *caller, unsigned more) {
    const unsigned before = atomic_load(&caller->answered);
    for (unsigned ms = 0; ms < 20000 && atomic_load(&caller->answered) - before < more; ms++) {
        if (atomic_load(&caller->failed) != 0) break;
        (void)usleep(1000);
    }
    assert_int_equal(atomic_load(&caller->failed), 0);
    assert_true(atomic_load(&caller->answered) - before >= more);
}

void honest_caller_stop(honest_caller *caller) {
    atomic_store(&caller->stops, true);
    assert_int_equal(pthread_join(caller->thread, NULL), 0);
    assert_int_equal(atomic_load(&caller->failed), 0);
    grille_channel_close(caller->channel);
}

/* ---- The channel that is attacked ---- */

static void deliver(const grille_reply *reply, void (*callback)(void), void *user) {
    victim_channel *victim = user;
    (void)callback;
    (void)snprintf(victim->text, sizeof victim->text, "%s", reply->message);
    atomic_fetch_add(&victim->done[(unsigned)reply->code < 17 ? reply->code : GRILLE_UNKNOWN], 1);
    atomic_fetch_add(&victim->ended, 1);
}

void victim_channel_call(victim_channel *victim, unsigned calls, const char *text) {
    const fake_message request = {text};
    for (unsigned i = 0; i < calls; i++) {
        assert_int_equal(grille_call_unary_async(victim->channel, &victim_methods[0], &request,
                                                 &GRILLE_CALL_OPTIONS(.timeout_ms = 30000), deliver, NULL, victim,
                                                 NULL),
                         GRILLE_OK);
    }
}

void victim_channel_open(const victim_world *world, const char *address, const grille_identity *identity,
                         grille_policy *policy, unsigned calls, victim_channel *victim) {
    grille_channel_options options = grille_channel_options_default();
    grille_error error;
    memset(victim, 0, sizeof *victim);
    options.policy = policy != NULL ? policy : world->trusts_servers;
    options.identity = identity != NULL ? identity : world->honest;
    options.spin_us = 0;
    if (grille_channel_open(address, &options, &victim->channel, &error) != GRILLE_OK)
        fail_msg("%s: %s", error.name, error.text);
    victim_channel_call(victim, calls, "ask");
}

void victim_channel_close(victim_channel *victim) {
    grille_channel_close(victim->channel);
}
