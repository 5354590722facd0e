/* SPDX-License-Identifier: Apache-2.0
 * Goal: handlers of every form over real sockets and real threads: streams in callbacks and on workers, answers from
 * other threads, calls back to the caller, and every end of a call, connection and server in any order, none lost and
 * none twice. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "in_process.h"

static const char *grille_program, *server_program;
static e2e_world w;

/* ---- the enclave's service ---- */

enum { CHAT, COLLECT, FEED, WORK_CHAT, LATER, ASK, ASK_LATER, ECHO, METHODS };

#define METHOD(NAME, ID, ...)                                                                                          \
    { .path = "/test.Hands/" NAME, .id = (ID), .request = &fake_type, .response = &fake_type, __VA_ARGS__ }

static const grille_method methods[METHODS] = {
    METHOD("Chat", 0x21, .kind = GRILLE_METHOD_BIDIRECTIONAL),
    METHOD("Collect", 0x22, .kind = GRILLE_METHOD_CLIENT_STREAMING),
    METHOD("Feed", 0x23, .kind = GRILLE_METHOD_SERVER_STREAMING),
    METHOD("WorkChat", 0x24, .kind = GRILLE_METHOD_BIDIRECTIONAL, .flags = GRILLE_METHOD_OFFLOAD),
    METHOD("Later", 0x25, .kind = GRILLE_METHOD_UNARY),
    METHOD("Ask", 0x26, .kind = GRILLE_METHOD_UNARY, .flags = GRILLE_METHOD_OFFLOAD),
    METHOD("AskLater", 0x27, .kind = GRILLE_METHOD_UNARY),
    METHOD("Echo", 0x28, .kind = GRILLE_METHOD_UNARY),
};
static const grille_service service = {.name = "test.Hands", .id = 0x20, .methods = methods, .method_count = METHODS};

/* What the parent serves to its enclave. */
static const grille_method inputs[] = {
    {.path = "/test.Input/Read", .id = 0x31, .request = &fake_type, .response = &fake_type},
    {.path = "/test.Input/Work",
     .id = 0x32,
     .flags = GRILLE_METHOD_OFFLOAD,
     .request = &fake_type,
     .response = &fake_type},
};
static const grille_service input_service = {.name = "test.Input", .id = 0x30, .methods = inputs, .method_count = 2};

typedef struct side {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int opens, ends, why[5]; /* of streams in callbacks; under lock, as all that follows */
    int inside, outside;     /* handlers on workers */
    int told;                /* deferred calls whose end was told */
    grille_call *deferred[64];
    int deferrals;
    bool keeps;            /* deferred calls are answered by the test, not by a thread */
    int messages;          /* that a feed sends */
    grille_channel *peer;  /* of on_peer */
    bool quits;            /* for the answering thread */
    int held, let_go;      /* inputs that the parent holds back until nobody waits for them */
    uint64_t remaining_ms; /* of the last one */
} side;

static side enclave;

static void note(int *counter) {
    pthread_mutex_lock(&enclave.lock);
    ++*counter;
    pthread_cond_broadcast(&enclave.changed);
    pthread_mutex_unlock(&enclave.lock);
}

static void wait_for(const int *counter, int least) {
    pthread_mutex_lock(&enclave.lock);
    while (*counter < least)
        pthread_cond_wait(&enclave.changed, &enclave.lock);
    pthread_mutex_unlock(&enclave.lock);
}

static void *feed(void *argument) {
    grille_call *call = argument;
    char text[16];
    const fake_message message = {text};
    grille_code code = GRILLE_OK;
    for (int i = 0; i < enclave.messages && (code == GRILLE_OK || code == GRILLE_AGAIN);) {
        (void)snprintf(text, sizeof text, "%d", i);
        code = grille_call_send(call, &message);
        if (code == GRILLE_OK) i++;
        if (code == GRILLE_AGAIN) (void)sched_yield();
    }
    if (code == GRILLE_OK) (void)grille_call_answer(call, GRILLE_OK, NULL);
    grille_call_unref(call);
    return NULL;
}

static grille_code open_stream(grille_call *call, const void *request, const void *handlers, void *user) {
    (void)handlers;
    (void)user;
    note(&enclave.opens);
    if (request != NULL) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, feed, grille_call_ref(call)) != 0) abort();
        pthread_detach(thread);
    }
    return GRILLE_OK;
}

static void take_message(grille_call *call, const void *message, const void *handlers, void *user) {
    (void)handlers;
    (void)user;
    if (grille_call_method(call)->kind == GRILLE_METHOD_CLIENT_STREAMING) {
        grille_call_set_data(call, (void *)((uintptr_t)grille_call_data(call) + 1));
    } else if (grille_call_send(call, message) != GRILLE_OK) {
        (void)grille_call_answer(call, GRILLE_RESOURCE_EXHAUSTED, NULL);
    }
}

static void half_closed(grille_call *call, const void *handlers, void *user) {
    char text[16];
    const fake_message response = {text};
    (void)handlers;
    (void)user;
    (void)snprintf(text, sizeof text, "%zu", (size_t)(uintptr_t)grille_call_data(call));
    (void)grille_call_answer(call, GRILLE_OK,
                             grille_call_method(call)->kind == GRILLE_METHOD_CLIENT_STREAMING ? &response : NULL);
}

static void end_stream(grille_call *call, grille_call_end why, const void *handlers, void *user) {
    (void)call;
    (void)handlers;
    (void)user;
    pthread_mutex_lock(&enclave.lock);
    enclave.why[why]++;
    pthread_mutex_unlock(&enclave.lock);
    note(&enclave.ends);
}

static grille_code work_chat(grille_call *call, const void *request, void *response, const void *handlers, void *user) {
    const void *message = NULL;
    grille_code code = GRILLE_OK;
    (void)request;
    (void)response;
    (void)handlers;
    (void)user;
    note(&enclave.inside);
    while ((code = grille_call_read(call, &message)) == GRILLE_OK) {
        code = grille_call_write(call, message);
        if (code != GRILLE_OK) break;
    }
    note(&enclave.outside);
    return code == GRILLE_END_OF_STREAM ? GRILLE_OK : code;
}

static void deferred_ended(grille_call *call, grille_call_end why, void *user) {
    (void)call;
    (void)why;
    (void)user;
    note(&enclave.told);
}

static grille_code later(grille_call *call, const void *request, void *response, const void *handlers, void *user) {
    (void)response;
    (void)handlers;
    (void)user;
    grille_call_defer(call);
    grille_call_on_ended(call, deferred_ended, NULL);
    grille_call_set_data(call, (void *)(uintptr_t)request);
    pthread_mutex_lock(&enclave.lock);
    if (enclave.deferrals == 64) abort();
    enclave.deferred[enclave.deferrals++] = call;
    pthread_cond_broadcast(&enclave.changed);
    pthread_mutex_unlock(&enclave.lock);
    return GRILLE_OK;
}

/* The oldest deferred call with the answer that it asked for; under the lock. */
static void answer_one(void) {
    grille_call *call = enclave.deferred[--enclave.deferrals];
    pthread_mutex_unlock(&enclave.lock);
    (void)grille_call_answer(call, GRILLE_OK, grille_call_data(call));
    pthread_mutex_lock(&enclave.lock);
}

static void *answer_deferred(void *argument) {
    (void)argument;
    pthread_mutex_lock(&enclave.lock);
    while (!enclave.quits) {
        if (enclave.deferrals > 0 && !enclave.keeps) {
            answer_one();
        } else {
            pthread_cond_wait(&enclave.changed, &enclave.lock);
        }
    }
    pthread_mutex_unlock(&enclave.lock);
    return NULL;
}

static grille_code copy_out(grille_call *call, const char *text, fake_message *response) {
    char *copy = grille_call_alloc(call, strlen(text) + 1);
    if (copy == NULL) return GRILLE_RESOURCE_EXHAUSTED;
    (void)strcpy(copy, text);
    response->text = copy;
    return GRILLE_OK;
}

/* On a worker: reads its input through the parent. "work" asks for the method that the parent offloads. */
static grille_code ask(grille_call *call, const void *request, void *response, const void *handlers, void *user) {
    const fake_message *own = request;
    grille_reply reply;
    grille_code code = GRILLE_OK;
    (void)handlers;
    (void)user;
    code = grille_call_unary(grille_call_peer_channel(call),
                             &inputs[strcmp(own->text, "work") == 0 || strcmp(own->text, "hold") == 0 ? 1 : 0], request,
                             &GRILLE_CALL_OPTIONS(.parent = call), &reply);
    if (code == GRILLE_OK) {
        code = copy_out(call, ((const fake_message *)reply.response)->text, response);
    } else {
        (void)grille_fail(call, code, "%s", reply.message);
    }
    grille_reply_free(&reply);
    return code;
}

static void asked(const grille_reply *reply, void (*callback)(void), void *user) {
    grille_call *call = user;
    (void)callback;
    if (reply->code != GRILLE_OK) (void)grille_fail(call, reply->code, "%s", reply->message);
    (void)grille_call_answer(call, reply->code, reply->response);
}

/* On the loop thread, without waiting; a blocking call there would wait for itself. */
static grille_code ask_later(grille_call *call, const void *request, void *response, const void *handlers, void *user) {
    grille_channel *peer = grille_call_peer_channel(call);
    grille_reply reply;
    (void)response;
    (void)handlers;
    (void)user;
    if (grille_call_unary(peer, &inputs[0], request, NULL, &reply) != GRILLE_WOULD_DEADLOCK) abort();
    grille_reply_free(&reply);
    grille_call_defer(call);
    if (grille_call_unary_async(peer, &inputs[0], request, &GRILLE_CALL_OPTIONS(.parent = call), asked, NULL, call,
                                NULL) != GRILLE_OK) {
        (void)grille_call_answer(call, GRILLE_INTERNAL, NULL);
    }
    return GRILLE_OK;
}

static grille_code echo(grille_call *call, const void *request, void *response, const void *handlers, void *user) {
    (void)call;
    (void)handlers;
    (void)user;
    *(fake_message *)response = *(const fake_message *)request;
    return GRILLE_OK;
}

static const grille_method_handler handlers_of_hands[METHODS] = {
    {.open = open_stream, .message = take_message, .half_close = half_closed, .end = end_stream},
    {.open = open_stream, .message = take_message, .half_close = half_closed, .end = end_stream},
    {.open = open_stream, .end = end_stream},
    {.invoke = work_chat},
    {.invoke = later},
    {.invoke = ask},
    {.invoke = ask_later},
    {.invoke = echo},
};

/* ---- the parent's ---- */

static grille_code read_input(grille_call *call, const void *request, void *response, const void *handlers,
                              void *user) {
    char text[256];
    (void)handlers;
    (void)user;
    if (strcmp(grille_peer(call)->name, WORLD_GATEWAY) != 0) abort();
    if (strcmp(((const fake_message *)request)->text, "hold") == 0) {
        enclave.remaining_ms = grille_call_remaining_ms(call);
        note(&enclave.held);
        while (!grille_call_cancelled(call))
            (void)sched_yield();
        note(&enclave.let_go);
    }
    (void)snprintf(text, sizeof text, "input of %.200s", ((const fake_message *)request)->text);
    return copy_out(call, text, response);
}

static const grille_method_handler handlers_of_input[] = {{.invoke = read_input}, {.invoke = read_input}};

/* ---- the world ---- */

static grille_policy *policy(const char *name, const char *rest) {
    char text[512];
    grille_policy *made = NULL;
    grille_error error;
    const int len =
        snprintf(text, sizeof text,
                 "peers:\n  - name: them\n    kind: x509\n    ca: ca/ca.pem\n    names: [\"%s\"]\n%s", name, rest);
    if (grille_policy_parse((grille_bytes){(const uint8_t *)text, (size_t)len}, "test.yaml", w.folder, &made, &error) !=
        GRILLE_OK) {
        fail_msg("%s", error.text);
    }
    return made;
}

typedef struct stage {
    grille_server *server;
    grille_channel *channel;
    grille_services *inputs;
    grille_policy *of_server, *of_channel;
    pthread_t answering;
} stage;

#define MAY_CALL_HANDS "    may_call: [\"/test.Hands/*\"]\n"
#define SERVES_INPUT   "    serves: [\"/test.Input/*\"]\n"
#define MAY_CALL_INPUT "    may_call: [\"/test.Input/*\"]\n"

static void keep_peer(grille_channel *peer, void *user) {
    (void)user;
    pthread_mutex_lock(&enclave.lock);
    if (enclave.peer == NULL) enclave.peer = grille_channel_ref(peer);
    pthread_cond_broadcast(&enclave.changed);
    pthread_mutex_unlock(&enclave.lock);
}

static void open_channel(stage *own, const char *rest, bool serves) {
    grille_channel_options options = grille_channel_options_default();
    grille_error error;
    own->of_channel = policy(WORLD_GATEWAY, rest);
    assert_int_equal(grille_services_new(&own->inputs, NULL), GRILLE_OK);
    assert_int_equal(grille_services_register(own->inputs, &input_service, handlers_of_input, NULL, NULL, NULL),
                     GRILLE_OK);
    options.policy = own->of_channel;
    options.identity = w.parent;
    options.services = serves ? own->inputs : NULL;
    options.spin_us = 0;
    if (grille_channel_open(grille_server_address(own->server, 0), &options, &own->channel, &error) != GRILLE_OK) {
        fail_msg("%s", error.text);
    }
    if (grille_channel_wait_ready(own->channel, 60000, &error) != GRILLE_OK) fail_msg("%s", error.text);
}

static void start_server(stage *own, const grille_server_options *base, const char *rest) {
    grille_server_options options = base != NULL ? *base : grille_server_options_default();
    grille_error error;
    memset(own, 0, sizeof *own);
    memset(&enclave, 0, sizeof enclave);
    pthread_mutex_init(&enclave.lock, NULL);
    pthread_cond_init(&enclave.changed, NULL);
    own->of_server = policy(WORLD_PARENT, rest);
    options.policy = own->of_server;
    options.identity = w.gateway;
    options.spin_us = 0;
    if (grille_server_new(&options, &own->server, &error) != GRILLE_OK) fail_msg("%s", error.text);
    assert_int_equal(grille_server_register(own->server, &service, handlers_of_hands, NULL, NULL, &error), GRILLE_OK);
    if (grille_server_listen(own->server, world_unix(&w, "hands"), &error) != GRILLE_OK) fail_msg("%s", error.text);
    if (grille_server_start(own->server, &error) != GRILLE_OK) fail_msg("%s", error.text);
    assert_int_equal(pthread_create(&own->answering, NULL, answer_deferred, NULL), 0);
}

static void open_stage(stage *own, const grille_server_options *base) {
    start_server(own, base, MAY_CALL_HANDS SERVES_INPUT);
    open_channel(own, MAY_CALL_INPUT, true);
}

static void stop_answering(stage *own) {
    pthread_mutex_lock(&enclave.lock);
    enclave.keeps = false;
    while (enclave.deferrals > 0)
        answer_one();
    enclave.quits = true;
    pthread_cond_broadcast(&enclave.changed);
    pthread_mutex_unlock(&enclave.lock);
    assert_int_equal(pthread_join(own->answering, NULL), 0);
}

static void close_stage(stage *own) {
    grille_channel_close(own->channel);
    if (enclave.peer != NULL) grille_channel_close(enclave.peer);
    if (!enclave.quits) stop_answering(own);
    grille_server_free(own->server);
    grille_services_free(own->inputs);
    grille_policy_free(own->of_server);
    grille_policy_free(own->of_channel);
    pthread_cond_destroy(&enclave.changed);
    pthread_mutex_destroy(&enclave.lock);
}

static int set_up_all(void **state) {
    (void)state;
    world_init(&w, grille_program, server_program);
    return 0;
}

static int tear_down_all(void **state) {
    (void)state;
    world_deinit(&w);
    return 0;
}

static void expect_call(grille_channel *channel, const grille_method *method, const char *text, grille_code code,
                        const char *answer) {
    const fake_message request = {text};
    grille_reply reply;
    grille_code came = grille_call_unary(channel, method, &request, &GRILLE_CALL_OPTIONS(.no_retry = true), &reply);
    const char *got = came == GRILLE_OK ? ((const fake_message *)reply.response)->text : reply.message;
    if (came != code || strstr(got, answer) == NULL) {
        fail_msg("%s: %s \"%s\", expected %s \"%s\"", method->path, grille_code_name(came), got, grille_code_name(code),
                 answer);
    }
    grille_reply_free(&reply);
}

static grille_call *begin(grille_channel *channel, int method, const char *request) {
    const fake_message message = {request};
    grille_call *call = NULL;
    grille_error error;
    if (grille_call_begin_stream(channel, &methods[method], request != NULL ? &message : NULL, NULL, &call, &error) !=
        GRILLE_OK) {
        fail_msg("%s", error.text);
    }
    return call;
}

static void finish(grille_call *call, grille_code code, const char *answer) {
    grille_reply reply;
    grille_code came = grille_call_finish(call, &reply);
    if (came != code) fail_msg("%s: %s", grille_code_name(came), reply.message);
    if (answer != NULL) assert_string_equal(((const fake_message *)reply.response)->text, answer);
    grille_reply_free(&reply);
}

/* ---- tests ---- */

static void streams_of_every_form(void **state) {
    stage own;
    const void *came = NULL;
    (void)state;
    open_stage(&own, NULL);
    for (int round = 0; round < 20; round++) {
        const int chats[] = {CHAT, WORK_CHAT};
        grille_call *call = NULL;
        for (int form = 0; form < 2; form++) {
            call = begin(own.channel, chats[form], NULL);
            for (int i = 0; i < 5; i++) {
                char text[32];
                const fake_message message = {text};
                (void)snprintf(text, sizeof text, "%d of %d", i, round);
                assert_int_equal(grille_call_write(call, &message), GRILLE_OK);
                assert_int_equal(grille_call_read(call, &came), GRILLE_OK);
                assert_string_equal(((const fake_message *)came)->text, text);
            }
            assert_int_equal(grille_call_half_close(call), GRILLE_OK);
            assert_int_equal(grille_call_read(call, &came), GRILLE_END_OF_STREAM);
            finish(call, GRILLE_OK, NULL);
        }
        call = begin(own.channel, COLLECT, NULL);
        for (int i = 0; i < 100; i++)
            assert_int_equal(grille_call_write(call, &(fake_message){"x"}), GRILLE_OK);
        finish(call, GRILLE_OK, "100");
        /* Fed by another thread. */
        enclave.messages = 500;
        call = begin(own.channel, FEED, "go");
        for (int i = 0; i < 500; i++) {
            assert_int_equal(grille_call_read(call, &came), GRILLE_OK);
            assert_int_equal(atoi(((const fake_message *)came)->text), i);
        }
        assert_int_equal(grille_call_read(call, &came), GRILLE_END_OF_STREAM);
        finish(call, GRILLE_OK, NULL);
    }
    wait_for(&enclave.ends, 60);
    assert_int_equal(enclave.why[GRILLE_CALL_END_ANSWERED], 60);
    close_stage(&own);
}

typedef struct party {
    grille_channel *channel;
    pthread_t thread;
    int ok;
} party;

static void *call_often(void *argument) {
    party *own = argument;
    for (int i = 0; i < 100; i++) {
        char text[32];
        const fake_message request = {text};
        grille_reply reply;
        (void)snprintf(text, sizeof text, "number %d", i);
        if (grille_call_unary(own->channel, &methods[LATER], &request, NULL, &reply) == GRILLE_OK &&
            strcmp(((const fake_message *)reply.response)->text, text) == 0) {
            own->ok++;
        }
        grille_reply_free(&reply);
    }
    return NULL;
}

static void deferred_calls_are_answered_by_another_thread(void **state) {
    enum { PARTIES = 4 };
    party parties[PARTIES];
    stage own;
    (void)state;
    open_stage(&own, NULL);
    for (int i = 0; i < PARTIES; i++) {
        parties[i] = (party){.channel = own.channel};
        assert_int_equal(pthread_create(&parties[i].thread, NULL, call_often, &parties[i]), 0);
    }
    for (int i = 0; i < PARTIES; i++) {
        assert_int_equal(pthread_join(parties[i].thread, NULL), 0);
        assert_int_equal(parties[i].ok, 100);
    }
    assert_int_equal(enclave.told, 0);
    close_stage(&own);
}

static void a_handler_reads_its_input_through_the_parent(void **state) {
    stage own;
    (void)state;
    open_stage(&own, NULL);
    for (int i = 0; i < 20; i++) {
        expect_call(own.channel, &methods[ASK], "the worker", GRILLE_OK, "input of the worker");
        expect_call(own.channel, &methods[ASK], "work", GRILLE_OK, "input of work");
        expect_call(own.channel, &methods[ASK_LATER], "the loop", GRILLE_OK, "input of the loop");
    }
    close_stage(&own);
}

static void keep_code(const grille_reply *reply, void (*callback)(void), void *user) {
    (void)callback;
    pthread_mutex_lock(&enclave.lock);
    *(int *)user = (int)reply->code;
    pthread_cond_broadcast(&enclave.changed);
    pthread_mutex_unlock(&enclave.lock);
}

/* The caller gives up, or its time ends: the handler's own call ends with it, at the parent too. */
static void a_handlers_own_calls_end_with_it(void **state) {
    const fake_message request = {"hold"};
    grille_call *call = NULL;
    grille_reply reply;
    int code = 0;
    stage own;
    (void)state;
    open_stage(&own, NULL);
    assert_int_equal(grille_call_unary_async(own.channel, &methods[ASK], &request, NULL, keep_code, NULL, &code, &call),
                     GRILLE_OK);
    wait_for(&enclave.held, 1);
    assert_int_equal(enclave.remaining_ms, UINT64_MAX);
    grille_call_cancel(call);
    wait_for(&enclave.let_go, 1);
    wait_for(&code, GRILLE_CANCELLED);
    assert_int_equal(code, GRILLE_CANCELLED);
    /* The deadline is the caller's all the way. */
    assert_int_equal(
        grille_call_unary(own.channel, &methods[ASK], &request, &GRILLE_CALL_OPTIONS(.timeout_ms = 1000), &reply),
        GRILLE_DEADLINE_EXCEEDED);
    grille_reply_free(&reply);
    close_stage(&own);
    /* On a slow machine the time may be over before the parent hears of the call. */
    assert_int_equal(enclave.held, enclave.let_go);
    if (enclave.held == 2) assert_true(enclave.remaining_ms <= 1000);
}

/* Both policies have their say, and only what is registered is served. */
static void the_way_back_is_closed_by_default(void **state) {
    stage own;
    (void)state;
    start_server(&own, NULL, MAY_CALL_HANDS);
    open_channel(&own, MAY_CALL_INPUT, true);
    expect_call(own.channel, &methods[ASK], "x", GRILLE_PERMISSION_DENIED,
                "does not list /test.Input/Read under `serves`");
    close_stage(&own);
    start_server(&own, NULL, MAY_CALL_HANDS "    serves: [\"/test.Input/Work\"]\n");
    open_channel(&own, MAY_CALL_INPUT, true);
    expect_call(own.channel, &methods[ASK], "x", GRILLE_PERMISSION_DENIED, "under `serves`");
    expect_call(own.channel, &methods[ASK], "work", GRILLE_OK, "input of work");
    close_stage(&own);
    start_server(&own, NULL, MAY_CALL_HANDS SERVES_INPUT);
    open_channel(&own, "", true);
    expect_call(own.channel, &methods[ASK], "x", GRILLE_PERMISSION_DENIED, "this peer may not call /test.Input/Read");
    close_stage(&own);
    start_server(&own, NULL, MAY_CALL_HANDS SERVES_INPUT);
    open_channel(&own, MAY_CALL_INPUT, false);
    expect_call(own.channel, &methods[ASK], "x", GRILLE_UNIMPLEMENTED, "not served here");
    close_stage(&own);
}

/* While nobody is in a blocking call of the channel, its keeper serves. */
static void a_server_calls_its_peer_by_itself(void **state) {
    grille_server_options options = grille_server_options_default();
    stage own;
    grille_channel *peer = NULL;
    (void)state;
    options.on_peer = keep_peer;
    open_stage(&own, &options);
    pthread_mutex_lock(&enclave.lock);
    while ((peer = enclave.peer) == NULL)
        pthread_cond_wait(&enclave.changed, &enclave.lock);
    pthread_mutex_unlock(&enclave.lock);
    for (int i = 0; i < 50; i++) {
        expect_call(peer, &inputs[i % 2], "alone", GRILLE_OK, "input of alone");
    }
    grille_channel_close(own.channel);
    own.channel = NULL;
    /* The connection is gone, the handle is not. */
    expect_call(peer, &inputs[0], "late", GRILLE_UNAVAILABLE, "");
    close_stage(&own);
}

static void blocked_workers_hold_up_nobody_else(void **state) {
    grille_server_options options = grille_server_options_default();
    grille_call *chats[2], *queued = NULL;
    stage own;
    (void)state;
    options.workers = 2;
    open_stage(&own, &options);
    for (int i = 0; i < 2; i++)
        chats[i] = begin(own.channel, WORK_CHAT, NULL);
    wait_for(&enclave.inside, 2);
    queued = begin(own.channel, WORK_CHAT, NULL);
    for (int i = 0; i < 100; i++)
        expect_call(own.channel, &methods[ECHO], "hello", GRILLE_OK, "hello");
    assert_int_equal(enclave.inside, 2);
    finish(chats[0], GRILLE_OK, NULL);
    wait_for(&enclave.inside, 3);
    finish(queued, GRILLE_OK, NULL);
    /* A caller that gives up frees its worker. */
    grille_call_cancel(chats[1]);
    wait_for(&enclave.outside, 3);
    finish(chats[1], GRILLE_CANCELLED, NULL);
    close_stage(&own);
}

/* ---- the end, in every order ---- */

typedef enum act { CLOSE_CHANNEL, STOP_SERVER, ANSWER, CANCEL_ALL, ACTS } act;

typedef struct held {
    stage stage;
    grille_call *calls[3];
    grille_call *later;
    e2e_async async;
    pthread_t stopping;
    bool stops, finished;
} held;

static void later_done(const grille_reply *reply, void (*callback)(void), void *user) {
    (void)reply;
    (void)callback;
    note(user);
}

static void *stop_server(void *argument) {
    grille_server_stop(argument);
    return NULL;
}

static void finish_calls(held *own) {
    for (int i = 0; !own->finished && i < 3; i++) {
        grille_reply reply;
        (void)grille_call_finish(own->calls[i], &reply);
        assert_int_not_equal(reply.code, GRILLE_OK);
        grille_reply_free(&reply);
    }
    own->finished = true;
}

static void do_act(held *own, act what) {
    switch (what) {
    case CLOSE_CHANNEL:
        for (int i = 0; !own->finished && i < 3; i++)
            grille_call_cancel(own->calls[i]);
        finish_calls(own);
        grille_channel_close(own->stage.channel);
        own->stage.channel = NULL;
        break;
    case STOP_SERVER:
        assert_int_equal(pthread_create(&own->stopping, NULL, stop_server, own->stage.server), 0);
        own->stops = true;
        break;
    case ANSWER:
        stop_answering(&own->stage);
        break;
    case CANCEL_ALL:
        for (int i = 0; !own->finished && i < 3; i++)
            grille_call_cancel(own->calls[i]);
        finish_calls(own);
        break;
    case ACTS:
        break;
    }
}

/* A stream in callbacks, one on a worker, one that is fed, a deferred call: all run when the end begins. */
static void end_in_order(const act order[ACTS]) {
    grille_server_options options = grille_server_options_default();
    const fake_message request = {"kept"};
    int done = 0;
    held own = {0};
    options.drain_timeout_ms = 1;
    open_stage(&own.stage, &options);
    enclave.keeps = true;
    enclave.messages = 1000000000;
    own.calls[0] = begin(own.stage.channel, CHAT, NULL);
    own.calls[1] = begin(own.stage.channel, WORK_CHAT, NULL);
    own.calls[2] = begin(own.stage.channel, FEED, "go");
    assert_int_equal(
        grille_call_unary_async(own.stage.channel, &methods[LATER], &request, NULL, later_done, NULL, &done, NULL),
        GRILLE_OK);
    wait_for(&enclave.opens, 2);
    wait_for(&enclave.inside, 1);
    wait_for(&enclave.deferrals, 1);
    for (int i = 0; i < ACTS; i++)
        do_act(&own, order[i]);
    finish_calls(&own);
    if (own.stops) assert_int_equal(pthread_join(own.stopping, NULL), 0);
    wait_for(&done, 1);
    wait_for(&enclave.ends, 2);
    wait_for(&enclave.outside, 1);
    close_stage(&own.stage);
    assert_int_equal(enclave.ends, enclave.opens);
    assert_int_equal(enclave.inside, enclave.outside);
    assert_int_equal(done, 1);
    assert_int_equal(enclave.why[GRILLE_CALL_END_ANSWERED], 0);
}

static void ends_in_every_order(void **state) {
    (void)state;
    for (int first = 0; first < ACTS; first++) {
        for (int second = 0; second < ACTS; second++) {
            for (int third = 0; third < ACTS; third++) {
                const int fourth = 0 + 1 + 2 + 3 - first - second - third;
                if (first == second || first == third || second == third) continue;
                end_in_order((const act[ACTS]){(act)first, (act)second, (act)third, (act)fourth});
            }
        }
    }
}

/* ---- age ---- */

static void an_old_connection_is_left_to_its_calls(void **state) {
    grille_server_options options = grille_server_options_default();
    const void *came = NULL;
    grille_call *chat = NULL;
    stage own;
    (void)state;
    options.max_age_ms = 20;
    open_stage(&own, &options);
    chat = begin(own.channel, CHAT, NULL);
    /* Five connections and more live and go meanwhile; no call notices. */
    for (int round = 0; round < 400; round++) {
        expect_call(own.channel, &methods[ECHO], "young", GRILLE_OK, "young");
        if (round % 20 == 0) {
            assert_int_equal(grille_call_write(chat, &(fake_message){"old"}), GRILLE_OK);
            assert_int_equal(grille_call_read(chat, &came), GRILLE_OK);
        }
    }
    finish(chat, GRILLE_OK, NULL);
    close_stage(&own);
}

/* With a grace its calls get that long, and are told. */
static void the_grace_of_an_old_connection_ends(void **state) {
    grille_server_options options = grille_server_options_default();
    const void *came = NULL;
    grille_call *chat = NULL;
    stage own;
    (void)state;
    options.max_age_ms = 20;
    options.max_age_grace_ms = 20;
    open_stage(&own, &options);
    chat = begin(own.channel, WORK_CHAT, NULL);
    assert_int_equal(grille_call_read(chat, &came), GRILLE_UNAVAILABLE);
    finish(chat, GRILLE_UNAVAILABLE, NULL);
    wait_for(&enclave.outside, 1);
    close_stage(&own);
}

/* An idle connection goes; the next call dials again. */
static void an_idle_connection_is_drained(void **state) {
    grille_server_options options = grille_server_options_default();
    stage own;
    (void)state;
    options.idle_timeout_ms = 20;
    options.on_peer = keep_peer;
    open_stage(&own, &options);
    pthread_mutex_lock(&enclave.lock);
    while (enclave.peer == NULL)
        pthread_cond_wait(&enclave.changed, &enclave.lock);
    pthread_mutex_unlock(&enclave.lock);
    while (grille_channel_get_state(enclave.peer) == GRILLE_CHANNEL_READY)
        (void)sched_yield();
    expect_call(own.channel, &methods[ECHO], "again", GRILLE_OK, "again");
    close_stage(&own);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_of_every_form),
        cmocka_unit_test(deferred_calls_are_answered_by_another_thread),
        cmocka_unit_test(a_handler_reads_its_input_through_the_parent),
        cmocka_unit_test(a_handlers_own_calls_end_with_it),
        cmocka_unit_test(the_way_back_is_closed_by_default),
        cmocka_unit_test(a_server_calls_its_peer_by_itself),
        cmocka_unit_test(blocked_workers_hold_up_nobody_else),
        cmocka_unit_test(ends_in_every_order),
        cmocka_unit_test(an_old_connection_is_left_to_its_calls),
        cmocka_unit_test(the_grace_of_an_old_connection_ends),
        cmocka_unit_test(an_idle_connection_is_drained),
    };
    if (argc < 3) return 2;
    grille_program = argv[1];
    server_program = argv[2];
    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
