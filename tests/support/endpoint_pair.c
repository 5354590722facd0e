/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoint_pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"

bool endpoint_pair_may_call = true, endpoint_pair_serves = true, endpoint_pair_serves_listed = true;
bool endpoint_pair_exact_schema, endpoint_pair_both_serve;
grille_stats_table *endpoint_pair_stats[2];
const grille_interceptor_list *endpoint_pair_interceptors[2];

/* The policy is attest's matter: here it is one switch. */
grille_policy *grille_policy_ref(grille_policy *policy) {
    return policy;
}
void grille_policy_free(grille_policy *policy) {
    (void)policy;
}
bool grille_policy_may_call(const grille_policy *policy, const grille_peer_identity *peer, const char *method) {
    (void)policy;
    (void)peer;
    return endpoint_pair_may_call && strstr(method, "Forbidden") == NULL;
}
bool grille_policy_serves(const grille_policy *policy, const grille_peer_identity *peer, const char *method) {
    (void)policy;
    (void)peer;
    (void)method;
    return endpoint_pair_serves;
}

bool grille_policy_serves_listed(const grille_policy *policy, const grille_peer_identity *peer, const char *method) {
    (void)policy;
    (void)peer;
    (void)method;
    return endpoint_pair_serves_listed;
}

static bool take_task(grille_executor *executor, grille_task *task) {
    endpoint_pair *pair = grille_container(executor, endpoint_pair, executor);
    if (pair->executor_full) return false;
    grille_list_append(&pair->tasks, &task->link);
    return true;
}

static void post_task(grille_executor *executor, grille_task *task) {
    endpoint_pair *pair = grille_container(executor, endpoint_pair, executor);
    pthread_mutex_lock(&pair->mail_lock);
    grille_list_append(&pair->mail, &task->link);
    pthread_mutex_unlock(&pair->mail_lock);
}

static bool is_here(grille_executor *executor) {
    return pthread_equal(grille_container(executor, endpoint_pair, executor)->thread, pthread_self()) != 0;
}

static grille_endpoint *endpoint_of(endpoint_pair *pair, bool initiator, size_t max_message_bytes) {
    static const grille_peer_identity peer = {.kind = GRILLE_IDENTITY_X509, .set = "parent", .subject = "the parent"};
    grille_endpoint_options options = {.initiator = initiator,
                                       .keepalive_interval_ms = GRILLE_KEEPALIVE_INTERVAL_MS,
                                       .keepalive_timeout_ms = GRILLE_KEEPALIVE_TIMEOUT_MS,
                                       .registry = initiator && !endpoint_pair_both_serve ? NULL : pair->registry,
                                       .peer = &peer,
                                       .executor = &pair->executor,
                                       .budget = &pair->budgets[initiator ? 0 : 1],
                                       .stats = endpoint_pair_stats[initiator ? 0 : 1],
                                       .interceptors = endpoint_pair_interceptors[initiator ? 0 : 1],
                                       .max_streams = 16,
                                       .max_message_bytes = max_message_bytes,
                                       .exact_schema = initiator && endpoint_pair_exact_schema,
                                       .now_us = pair->now_us};
    grille_endpoint *endpoint = NULL;
    assert_int_equal(grille_endpoint_new(&options, &endpoint), GRILLE_REASON_OK);
    return endpoint;
}

void endpoint_pair_open_server(endpoint_pair *pair, const grille_service *service, const grille_method_handler *methods,
                               void *user, size_t max_message_bytes) {
    memset(pair, 0, sizeof *pair);
    endpoint_pair_may_call = true;
    endpoint_pair_serves = true;
    endpoint_pair_serves_listed = true;
    pair->now_us = 1000000;
    pair->executor = (grille_executor){take_task, post_task, is_here};
    pair->thread = pthread_self();
    pthread_mutex_init(&pair->mail_lock, NULL);
    grille_list_init(&pair->tasks);
    grille_list_init(&pair->mail);
    grille_budget_init(&pair->budgets[0], 64 << 20);
    grille_budget_init(&pair->budgets[1], 64 << 20);
    assert_int_equal(grille_services_new(&pair->registry, NULL), GRILLE_OK);
    assert_int_equal(grille_services_add(pair->registry, service, methods, NULL, user, NULL), GRILLE_REASON_OK);
    assert_int_equal(grille_call_pool_new(16, &pair->pool), GRILLE_REASON_OK);
    pair->server = endpoint_of(pair, false, max_message_bytes != 0 ? max_message_bytes : 4 << 20);
}

void endpoint_pair_open(endpoint_pair *pair, const grille_service *service, const grille_method_handler *methods,
                        void *user, size_t max_message_bytes) {
    endpoint_pair_open_server(pair, service, methods, user, max_message_bytes);
    pair->client = endpoint_of(pair, true, max_message_bytes != 0 ? max_message_bytes : 4 << 20);
    endpoint_pair_pump(pair, 0);
}

void endpoint_pair_close(endpoint_pair *pair) {
    if (pair->client != NULL) grille_endpoint_close(pair->client, GRILLE_CANCELLED, "closed");
    grille_endpoint_close(pair->server, GRILLE_CANCELLED, "closed");
    endpoint_pair_run_tasks(pair);
    (void)endpoint_pair_run_mail(pair);
    grille_endpoint_free(pair->client);
    grille_endpoint_free(pair->server);
    grille_services_free(pair->registry);
    grille_call_pool_unref(pair->pool);
    pthread_mutex_destroy(&pair->mail_lock);
    assert_int_equal(pair->budgets[0].used_bytes, 0);
    assert_int_equal(pair->budgets[1].used_bytes, 0);
}

static bool carry(endpoint_pair *pair, bool from_client, size_t piece) {
    static uint8_t buffer[65536];
    grille_endpoint *from = from_client ? pair->client : pair->server;
    grille_endpoint *to = from_client ? pair->server : pair->client;
    size_t len = 0;
    size_t at = 0;
    if (!grille_endpoint_wants_write(from)) return false;
    assert_int_equal(grille_endpoint_send(from, buffer, sizeof buffer, &len, pair->now_us), GRILLE_REASON_OK);
    if (len == 0) return false;
    pair->bytes[from_client ? 0 : 1] += len;
    pair->writes[from_client ? 0 : 1]++;
    while (at < len) {
        size_t part = piece == 0 || piece > len - at ? len - at : piece;
        assert_int_equal(grille_endpoint_recv(to, grille_bytes_of(buffer + at, part), pair->now_us), GRILLE_REASON_OK);
        at += part;
    }
    grille_endpoint_sent(from, pair->now_us);
    return true;
}

bool endpoint_pair_run_mail(endpoint_pair *pair) {
    for (bool any = false;; any = true) {
        grille_link *link = NULL;
        grille_task *task = NULL;
        pthread_mutex_lock(&pair->mail_lock);
        link = grille_list_take_first(&pair->mail);
        pthread_mutex_unlock(&pair->mail_lock);
        if (link == NULL) return any;
        task = grille_container(link, grille_task, link);
        task->done(task);
    }
}

void endpoint_pair_pump(endpoint_pair *pair, size_t piece) {
    bool moved = true;
    while (moved) {
        bool forth = carry(pair, true, piece);
        bool back = carry(pair, false, piece);
        bool mailed = endpoint_pair_run_mail(pair);
        moved = forth || back || mailed;
    }
}

void endpoint_pair_wait(endpoint_pair *pair, uint64_t delay_us) {
    pair->now_us += delay_us;
    assert_int_equal(grille_endpoint_tick(pair->client, pair->now_us), GRILLE_REASON_OK);
    assert_int_equal(grille_endpoint_tick(pair->server, pair->now_us), GRILLE_REASON_OK);
}

void endpoint_pair_run_tasks(endpoint_pair *pair) {
    grille_link *link = NULL;
    while ((link = grille_list_take_first(&pair->tasks)) != NULL) {
        grille_task *task = grille_container(link, grille_task, link);
        task->run(task);
        task->done(task);
    }
}
