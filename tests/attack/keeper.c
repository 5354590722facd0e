/* SPDX-License-Identifier: Apache-2.0 */
#include "keeper.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/budget.h"
#include "base/bytes.h"
#include "cmocka_all.h"
#include "fake_codec.h"
#include "grille/grille.h"

static bool wipes_memory = true;

/* Where nothing is wiped: what was said, what has the size of a key, and what is given back. Some of the rest is set to
 * zero because it is used again. */
static bool is_secret(const void *memory, size_t len) {
    enum { key_bytes = 32, mac_bytes = 48, hex_bytes = 64 };
    return len == key_bytes || len == mac_bytes || len == hex_bytes ||
           memmem(memory, len, KEEPER_MARK, sizeof KEEPER_MARK - 1) != NULL;
}

/* What lies on a stack, a key and its file, would be there until the stack is used again: for good, so that it does not
 * matter when that is. */
static void keep_key(const void *memory, size_t len) {
    static uint8_t kept[1 << 16];
    static size_t used;
    const bool is_file = memmem(memory, len, "grille-psk", 10) != NULL;
    if ((len != 32 && !is_file) || len > sizeof kept - used) return;
    memcpy(kept + used, memory, len);
    used += len;
}

__typeof__(grille_wipe) __real_grille_wipe, __wrap_grille_wipe;
void __wrap_grille_wipe(void *memory, size_t len) {
    if (!wipes_memory) keep_key(memory, len);
    if (wipes_memory || !is_secret(memory, len)) __real_grille_wipe(memory, len);
}

__typeof__(grille_budget_free_wiped) __real_grille_budget_free_wiped, __wrap_grille_budget_free_wiped;
void __wrap_grille_budget_free_wiped(grille_budget *budget, void *memory, size_t bytes) {
    if (wipes_memory)
        __real_grille_budget_free_wiped(budget, memory, bytes);
    else
        grille_budget_free(budget, memory, bytes);
}

#define METHOD(name, number, of_kind, of_flags)                                                                        \
    {                                                                                                                  \
        .path = "/test.Keeper/" name, .id = number, .kind = of_kind, .flags = of_flags, .request = &fake_type,         \
        .response = &fake_type                                                                                         \
    }

const grille_method keeper_methods[KEEPER_METHODS] = {
    [KEEPER_DO] = METHOD("Do", 7, GRILLE_METHOD_UNARY, 0),
    [KEEPER_WORK] = METHOD("Work", 8, GRILLE_METHOD_UNARY, GRILLE_METHOD_OFFLOAD),
    [KEEPER_LATER] = METHOD("Later", 9, GRILLE_METHOD_UNARY, 0),
    [KEEPER_CHAT] = METHOD("Chat", 10, GRILLE_METHOD_BIDIRECTIONAL, 0),
    [KEEPER_CHORE] = METHOD("Chore", 11, GRILLE_METHOD_BIDIRECTIONAL, GRILLE_METHOD_OFFLOAD),
    [KEEPER_FEED] = METHOD("Feed", 12, GRILLE_METHOD_SERVER_STREAMING, 0),
    [KEEPER_COLLECT] = METHOD("Collect", 13, GRILLE_METHOD_CLIENT_STREAMING, 0),
};

/* ---- Handlers: nothing is copied ---- */

static grille_code echo(grille_call *call, const void *request, void *response, const void *handlers, void *user) {
    const char *text = ((const fake_message *)request)->text;
    char released[128];
    (void)handlers;
    (void)snprintf(released, sizeof released, "%s/released", (const char *)user);
    while (strncmp(text, "hold", 4) == 0 && access(released, F_OK) != 0 && !grille_call_cancelled(call))
        (void)usleep(1000);
    ((fake_message *)response)->text = text;
    return GRILLE_OK;
}

typedef struct deferred {
    grille_call *call;
    const fake_message *request;
} deferred;

static void *answer_later(void *argument) {
    const deferred *own = argument;
    const fake_message response = {own->request->text};
    (void)grille_call_answer(own->call, GRILLE_OK, &response);
    return NULL;
}

static grille_code defer(grille_call *call, const void *request, void *response, const void *handlers, void *user) {
    deferred *own = grille_call_alloc(call, sizeof *own);
    pthread_t thread;
    (void)response;
    (void)handlers;
    (void)user;
    *own = (deferred){call, request};
    grille_call_defer(call);
    if (pthread_create(&thread, NULL, answer_later, own) != 0) _exit(3);
    (void)pthread_detach(thread);
    return GRILLE_OK;
}

static grille_code open_stream(grille_call *call, const void *request, const void *handlers, void *user) {
    (void)handlers;
    (void)user;
    for (unsigned i = 0; request != NULL && i < 3; i++)
        if (grille_call_send(call, request) != GRILLE_OK) return GRILLE_INTERNAL;
    return request != NULL ? grille_call_answer(call, GRILLE_OK, NULL) : GRILLE_OK;
}

static void echo_message(grille_call *call, const void *message, const void *handlers, void *user) {
    (void)handlers;
    (void)user;
    if (grille_call_method(call)->kind != GRILLE_METHOD_BIDIRECTIONAL) return;
    if (grille_call_send(call, message) != GRILLE_OK) grille_call_cancel(call);
}

static void answer_stream(grille_call *call, const void *handlers, void *user) {
    const fake_message all = {"all"};
    const bool collects = grille_call_method(call)->kind == GRILLE_METHOD_CLIENT_STREAMING;
    (void)handlers;
    (void)user;
    (void)grille_call_answer(call, GRILLE_OK, collects ? &all : NULL);
}

static void end_stream(grille_call *call, grille_call_end why, const void *handlers, void *user) {
    (void)call;
    (void)why;
    (void)handlers;
    (void)user;
}

static grille_code chore(grille_call *call, const void *request, void *response, const void *handlers, void *user) {
    const void *message = NULL;
    grille_code code = GRILLE_OK;
    (void)request;
    (void)response;
    (void)handlers;
    (void)user;
    while ((code = grille_call_read(call, &message)) == GRILLE_OK)
        if ((code = grille_call_write(call, message)) != GRILLE_OK) break;
    return code == GRILLE_END_OF_STREAM ? GRILLE_OK : code;
}

#define STREAM                                                                                                         \
    { .open = open_stream, .message = echo_message, .half_close = answer_stream, .end = end_stream }

static const grille_method_handler handlers_of[KEEPER_METHODS] = {
    [KEEPER_DO] = {.invoke = echo},     [KEEPER_WORK] = {.invoke = echo},
    [KEEPER_LATER] = {.invoke = defer}, [KEEPER_CHAT] = STREAM,
    [KEEPER_CHORE] = {.invoke = chore}, [KEEPER_FEED] = {.open = open_stream, .end = end_stream},
    [KEEPER_COLLECT] = STREAM,
};

/* ---- The process ---- */

typedef struct kept {
    grille_identity *identity;
    grille_policy *policy;
    grille_server *server;
} kept;

static grille_code serve(const char *folder, kept *own, grille_error *error) {
    static const grille_service service = {
        .name = "test.Keeper", .id = 71, .methods = keeper_methods, .method_count = KEEPER_METHODS};
    grille_server_options options = grille_server_options_default();
    char path[128];
    grille_code code = GRILLE_OK;
    (void)snprintf(path, sizeof path, "%s/vault.psk", folder);
    code = grille_identity_load_psk(path, &own->identity, error);
    if (code != GRILLE_OK) return code;
    (void)snprintf(path, sizeof path, "%s/policy.yaml", folder);
    code = grille_policy_load(path, &own->policy, error);
    if (code != GRILLE_OK) return code;
    options.identity = own->identity;
    options.policy = own->policy;
    options.loops = 1;
    options.spin_us = 0;
    code = grille_server_new(&options, &own->server, error);
    if (code != GRILLE_OK) return code;
    code = grille_server_register(own->server, &service, handlers_of, NULL, (void *)(uintptr_t)folder, error);
    if (code != GRILLE_OK) return code;
    (void)snprintf(path, sizeof path, "unix:%s/socket", folder);
    code = grille_server_listen(own->server, path, error);
    return code == GRILLE_OK ? grille_server_start(own->server, error) : code;
}

static _Noreturn void keep(const char *folder, int orders, int reports) {
    kept own = {NULL};
    grille_error error;
    char order = 0;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (read(orders, &order, 1) == 1) {
        if (order == 'g' && serve(folder, &own, &error) != GRILLE_OK) {
            (void)fprintf(stderr, "%s: %s\n", error.name, error.text);
            _exit(2);
        }
        if (order == 's') {
            grille_server_free(own.server);
            grille_policy_free(own.policy);
            grille_identity_free(own.identity);
        }
        if (write(reports, &order, 1) != 1) break;
    }
    _exit(0);
}

void keeper_fork(keeper *k, const char *folder, bool wipes) {
    int orders[2], reports[2];
    assert_int_equal(pipe2(orders, O_CLOEXEC), 0);
    assert_int_equal(pipe2(reports, O_CLOEXEC), 0);
    k->pid = fork();
    assert_true(k->pid >= 0);
    if (k->pid == 0) {
        wipes_memory = wipes;
        (void)close(orders[1]);
        (void)close(reports[0]);
        keep(folder, orders[0], reports[1]);
    }
    (void)close(orders[0]);
    (void)close(reports[1]);
    k->orders = orders[1];
    k->reports = reports[0];
}

static void order(const keeper *k, char what) {
    char report = 0;
    assert_int_equal(write(k->orders, &what, 1), 1);
    assert_int_equal(read(k->reports, &report, 1), 1);
    assert_int_equal(report, what);
}

void keeper_start(keeper *k) {
    order(k, 'g');
}

void keeper_stop(keeper *k) {
    order(k, 's');
}

void keeper_end(keeper *k) {
    int status = 0;
    (void)close(k->orders);
    (void)close(k->reports);
    assert_int_equal(waitpid(k->pid, &status, 0), k->pid);
    assert_int_equal(status, 0);
}
