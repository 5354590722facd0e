/* SPDX-License-Identifier: Apache-2.0
 * Goal: names are looked up side by side, and one that nobody answers holds up nobody; each address that a name gives
 * is tried in turn, none that leads to inside unless it is listed. */
#include "egress/reach.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/socket.h>

#include "base/bytes.h"
#include "failing_malloc.h"
#include "tests/unit/loop/support.h"

/* ---- A name service of our own ---- */

/* Names that begin with "stuck" get no answer before `release` says so, once for each. */
typedef struct name_service {
    pthread_mutex_t lock;
    unsigned asked;
    unsigned answered;
    sem_t release;
    sem_t left; /* a stuck one was answered */
    const char *addresses[GRILLE_LIMIT_HOST_ADDRESSES];
} name_service;

static void service_init(name_service *service) {
    *service = (name_service){.asked = 0};
    assert_int_equal(pthread_mutex_init(&service->lock, NULL), 0);
    assert_int_equal(sem_init(&service->release, 0, 0), 0);
    assert_int_equal(sem_init(&service->left, 0, 0), 0);
}

static void service_deinit(name_service *service) {
    (void)pthread_mutex_destroy(&service->lock);
    (void)sem_destroy(&service->release);
    (void)sem_destroy(&service->left);
}

static unsigned count(name_service *service, const unsigned *counter) {
    pthread_mutex_lock(&service->lock);
    const unsigned value = *counter;
    pthread_mutex_unlock(&service->lock);
    return value;
}

static grille_address address_of(const char *ip, uint32_t port) {
    grille_egress_target target;
    assert_int_equal(grille_egress_target_of(grille_bytes_of_text(ip), port, &target, NULL), GRILLE_REASON_OK);
    return target.address;
}

static void look(void *user, const char *name, grille_resolved *resolved) {
    name_service *service = user;
    const bool stuck = strncmp(name, "stuck", 5) == 0;
    pthread_mutex_lock(&service->lock);
    service->asked++;
    pthread_mutex_unlock(&service->lock);
    if (stuck) (void)sem_wait(&service->release);
    for (; resolved->count < GRILLE_LIMIT_HOST_ADDRESSES && service->addresses[resolved->count] != NULL;
         resolved->count++) {
        resolved->addresses[resolved->count] = address_of(service->addresses[resolved->count], 1);
    }
    if (resolved->count == 0) (void)strcpy(resolved->problem, "nobody knows it");
    pthread_mutex_lock(&service->lock);
    service->answered++;
    pthread_mutex_unlock(&service->lock);
    if (stuck) (void)sem_post(&service->left);
}

/* ---- Lookups ---- */

typedef struct answer {
    unsigned times;
    bool done;
    size_t count;
} answer;

static void on_resolved(void *user, const grille_resolved *resolved) {
    answer *result = user;
    result->times++;
    result->done = true;
    result->count = resolved->count;
}

static grille_question *ask(grille_resolver *resolver, const char *name, answer *result) {
    grille_question *question = NULL;
    assert_int_equal(grille_resolver_ask(resolver, name, on_resolved, result, &question), GRILLE_REASON_OK);
    return question;
}

static void turn_until_asked(grille_loop *loop, name_service *service, unsigned asked) {
    for (int i = 0; i < 10000 && count(service, &service->asked) < asked; i++) {
        grille_loop_turn(loop, false);
        usleep(1000);
    }
    assert_int_equal(count(service, &service->asked), asked);
}

/* As many stuck names as there are threads but one: others are answered. One more, and they wait for a thread; each
 * that is answered makes room. Whoever asks for what is looked up already shares its answer. */
static void lookups_are_side_by_side(void **state) {
    enum { STUCK = GRILLE_LIMIT_LOOKUPS, SAME = 100 };
    name_service service;
    grille_loop loop;
    grille_resolver *resolver = NULL;
    grille_question *stuck[STUCK];
    answer answers[STUCK] = {{0}}, same[SAME] = {{0}}, quick = {0}, late = {0};
    char name[16];
    (void)state;
    service_init(&service);
    service.addresses[0] = "203.0.113.7";
    open_loop(&loop, 0);
    assert_int_equal(grille_resolver_new(&loop, look, &service, &resolver), GRILLE_REASON_OK);
    for (int i = 0; i < STUCK - 1; i++) {
        (void)snprintf(name, sizeof name, "stuck%d", i);
        stuck[i] = ask(resolver, name, &answers[i]);
    }
    (void)ask(resolver, "quick", &quick);
    turn_until(&loop, &quick.done);
    assert_int_equal(quick.count, 1);
    for (int i = 0; i < SAME; i++)
        (void)ask(resolver, "stuck0", &same[i]);
    stuck[STUCK - 1] = ask(resolver, "stuck-last", &answers[STUCK - 1]);
    (void)ask(resolver, "late", &late);
    grille_resolver_cancel(ask(resolver, "never", &quick));
    turn_until_asked(&loop, &service, STUCK + 1); /* the quick one too, and each of the stuck ones once */
    assert_false(late.done);
    /* Whoever gave up is not told, but its lookup keeps its thread until it has ended. */
    for (int i = 1; i < STUCK; i++)
        grille_resolver_cancel(stuck[i]);
    grille_loop_turn(&loop, false);
    assert_int_equal(count(&service, &service.asked), STUCK + 1);
    for (int i = 0; i < STUCK; i++)
        assert_int_equal(sem_post(&service.release), 0);
    turn_until(&loop, &late.done);
    turn_until(&loop, &answers[0].done);
    turn_until(&loop, &same[SAME - 1].done);
    for (int i = 0; i < SAME; i++)
        assert_int_equal(same[i].times, 1);
    for (int i = 1; i < STUCK; i++)
        assert_int_equal(answers[i].times, 0);
    assert_int_equal(quick.times, 1);
    assert_int_equal(count(&service, &service.asked), STUCK + 2);
    for (int i = 0; i < STUCK; i++)
        assert_int_equal(sem_wait(&service.left), 0);
    grille_resolver_free(resolver);
    grille_loop_deinit(&loop);
    service_deinit(&service);
}

/* A resolver goes without waiting for what nobody answers. */
static void who_goes_waits_for_nobody(void **state) {
    name_service service;
    grille_loop loop;
    grille_resolver *resolver = NULL;
    answer result = {0}, other = {0};
    (void)state;
    service_init(&service);
    open_loop(&loop, 0);
    assert_int_equal(grille_resolver_new(&loop, look, &service, &resolver), GRILLE_REASON_OK);
    grille_question *question = ask(resolver, "stuck", &result);
    grille_question *second = ask(resolver, "other", &other);
    turn_until_asked(&loop, &service, 2);
    grille_resolver_cancel(question);
    if (!other.done) grille_resolver_cancel(second);
    grille_resolver_free(resolver);
    grille_resolver_free(NULL);
    grille_loop_deinit(&loop);
    assert_int_equal(sem_post(&service.release), 0);
    assert_int_equal(sem_wait(&service.left), 0);
    assert_int_equal(result.times, 0);
    service_deinit(&service);
}

static void the_machines_own_names(void **state) {
    grille_resolved resolved = {.count = 0};
    (void)state;
    grille_lookup_host(NULL, "localhost", &resolved);
    assert_true(resolved.count > 0);
    for (size_t i = 0; i < resolved.count; i++) {
        assert_int_equal(resolved.addresses[i].kind, GRILLE_ADDRESS_TCP);
        assert_true(grille_address_is_inside(&resolved.addresses[i]));
    }
    resolved = (grille_resolved){.count = 0};
    grille_lookup_host(NULL, "", &resolved);
    assert_int_equal(resolved.count, 0);
    assert_true(resolved.problem[0] != '\0');
}

/* ---- Reaching ---- */

typedef struct reached {
    bool done;
    unsigned times;
    bool open;
    char address[GRILLE_ADDRESS_TEXT_BYTES];
    grille_error error;
} reached;

static void on_reached(void *user, grille_conduit conduit, const grille_address *address, const grille_error *error) {
    reached *result = user;
    result->done = true;
    result->times++;
    result->open = grille_conduit_is_open(conduit);
    if (address != NULL) grille_address_format(address, result->address);
    result->error = *error;
    grille_conduit_close(conduit);
}

typedef struct ground {
    name_service service;
    grille_loop loop;
    grille_resolver *resolver;
    grille_allow *allow;
} ground;

static void ground_init(ground *g) {
    service_init(&g->service);
    open_loop(&g->loop, 0);
    assert_int_equal(grille_resolver_new(&g->loop, look, &g->service, &g->resolver), GRILLE_REASON_OK);
    assert_int_equal(grille_allow_new(&g->allow), GRILLE_REASON_OK);
}

static void ground_deinit(ground *g) {
    grille_resolver_free(g->resolver);
    grille_loop_deinit(&g->loop);
    grille_allow_free(g->allow);
    service_deinit(&g->service);
}

static void list(ground *g, const char *ip, uint32_t port) {
    const grille_egress_target target = {.address = address_of(ip, port)};
    grille_error error;
    assert_int_equal(grille_allow_add(g->allow, &target, &error), GRILLE_REASON_OK);
}

static grille_reach *begin(ground *g, const char *host, uint32_t port, uint32_t timeout_ms, reached *result) {
    grille_egress_target target;
    grille_reach *reach = NULL;
    assert_int_equal(grille_egress_target_of(grille_bytes_of_text(host), port, &target, NULL), GRILLE_REASON_OK);
    const grille_reach_start start = {&g->loop, g->resolver, g->allow, &target, timeout_ms, on_reached, result};
    *result = (reached){.done = false};
    assert_int_equal(grille_reach_begin(&start, &reach), GRILLE_REASON_OK);
    assert_false(result->done);
    return reach;
}

static reached reach(ground *g, const char *host, uint32_t port, uint32_t timeout_ms) {
    reached result;
    (void)begin(g, host, port, timeout_ms, &result);
    turn_until(&g->loop, &result.done);
    grille_loop_turn(&g->loop, false);
    assert_int_equal(result.times, 1);
    return result;
}

/* A socket that listens on this address of loopback, at `*port` or any. */
static int listen_at(const char *ip, uint32_t *port, int backlog) {
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons((uint16_t)*port)};
    socklen_t len = sizeof name;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(inet_pton(AF_INET, ip, &name.sin_addr), 1);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, len), 0);
    assert_int_equal(listen(fd, backlog), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &len), 0);
    *port = ntohs(name.sin_port);
    return fd;
}

static void assert_fails(const reached *result, grille_reason reason, const char *text) {
    if (result->open || strcmp(result->error.name, grille_reason_name(reason)) != 0 ||
        strstr(result->error.text, text) == NULL) {
        fail_msg("%d %s: %s", result->open, result->error.name, result->error.text);
    }
}

static void each_address_is_tried_in_turn(void **state) {
    ground g;
    uint32_t port = 0;
    char expected[64];
    (void)state;
    ground_init(&g);
    const int listener = listen_at("127.0.0.3", &port, 8);
    list(&g, "127.0.0.1", port);
    list(&g, "127.0.0.2", port);
    list(&g, "127.0.0.3", port);
    memcpy(g.service.addresses, (const char *[]){"127.0.0.1", "127.0.0.2", "127.0.0.3"}, 3 * sizeof(char *));
    reached result = reach(&g, "kms.example", port, 10000);
    if (!result.open) fail_msg("%s", result.error.text);
    (void)snprintf(expected, sizeof expected, "tcp:127.0.0.3:%u", port);
    assert_string_equal(result.address, expected);
    /* An address by itself is no name: it needs no list. */
    result = reach(&g, "127.0.0.3", port, 10000);
    assert_true(result.open);
    assert_string_equal(result.address, expected);
    assert_int_equal(count(&g.service, &g.service.asked), 1);
    (void)close(listener);
    result = reach(&g, "kms.example", port, 10000);
    assert_fails(&result, GRILLE_REASON_LOOP_DIAL,
                 "3 of 3 addresses tried; the last one: connecting to tcp:127.0.0.3:");
    result = reach(&g, "127.0.0.3", port, 10000);
    assert_fails(&result, GRILLE_REASON_LOOP_DIAL, "connecting to tcp:127.0.0.3:");
    assert_int_equal(count(&g.service, &g.service.asked), 2);
    ground_deinit(&g);
}

/* One that does not answer has its share of the time, and the next one is reached. */
static void a_silent_address_has_its_share(void **state) {
    ground g;
    uint32_t port = 0;
    int fillers[2];
    struct sockaddr_in name = {.sin_family = AF_INET};
    (void)state;
    ground_init(&g);
    const int full = listen_at("127.0.0.1", &port, 0), listener = listen_at("127.0.0.2", &port, 8);
    name.sin_port = htons((uint16_t)port);
    assert_int_equal(inet_pton(AF_INET, "127.0.0.1", &name.sin_addr), 1);
    for (size_t i = 0; i < 2; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)!connect(fillers[i], (struct sockaddr *)&name, sizeof name);
    }
    list(&g, "127.0.0.1", port);
    list(&g, "127.0.0.2", port);
    memcpy(g.service.addresses, (const char *[]){"127.0.0.1", "127.0.0.2"}, 2 * sizeof(char *));
    reached result = reach(&g, "kms.example", port, 2000);
    if (!result.open) fail_msg("%s", result.error.text);
    (void)close(listener);
    g.service.addresses[1] = NULL;
    result = reach(&g, "kms.example", port, 50);
    assert_fails(&result, GRILLE_REASON_LOOP_DIAL_TIMEOUT, "1 of 1 addresses tried");
    for (size_t i = 0; i < 2; i++)
        (void)close(fillers[i]);
    (void)close(full);
    ground_deinit(&g);
}

/* Who answers for names can't lead us to what only we reach. */
static void a_name_does_not_lead_inside(void **state) {
    ground g;
    uint32_t port = 0;
    (void)state;
    ground_init(&g);
    const int listener = listen_at("127.0.0.1", &port, 8);
    memcpy(g.service.addresses, (const char *[]){"127.0.0.1", "169.254.169.254"}, 2 * sizeof(char *));
    list(&g, "127.0.0.1", port + 1);
    reached result = reach(&g, "kms.example", port, 10000);
    assert_fails(&result, GRILLE_REASON_EGRESS_INSIDE, "the name kms.example leads to inside, to tcp:127.0.0.1:");
    /* Listed by its name it is not, by its address it is. */
    grille_egress_target target;
    assert_int_equal(grille_egress_target_of(grille_bytes_of_text("kms.example"), port, &target, NULL),
                     GRILLE_REASON_OK);
    assert_int_equal(grille_allow_add(g.allow, &target, NULL), GRILLE_REASON_OK);
    result = reach(&g, "kms.example", port, 10000);
    assert_fails(&result, GRILLE_REASON_EGRESS_INSIDE, "list this address and port");
    list(&g, "127.0.0.1", port);
    result = reach(&g, "kms.example", port, 10000);
    assert_true(result.open);
    /* Without a list there is nothing that could say so. */
    grille_allow *listed = g.allow;
    g.allow = NULL;
    result = reach(&g, "kms.example", port, 10000);
    assert_fails(&result, GRILLE_REASON_EGRESS_INSIDE, "127.0.0.1");
    g.allow = listed;
    g.service.addresses[0] = NULL;
    result = reach(&g, "kms.example", port, 10000);
    assert_fails(&result, GRILLE_REASON_EGRESS_NAME, "the name kms.example has no address: nobody knows it");
    (void)close(listener);
    ground_deinit(&g);
}

static void giving_up(void **state) {
    ground g;
    uint32_t port = 0;
    reached result;
    (void)state;
    ground_init(&g);
    result = reach(&g, "stuck.example", 443, 20);
    assert_fails(&result, GRILLE_REASON_LOOP_DIAL_TIMEOUT,
                 "stuck.example was not found within the connect timeout of 20");
    grille_reach_cancel(begin(&g, "stuck.example", 443, 10000, &result));
    const int listener = listen_at("127.0.0.1", &port, 8);
    grille_reach_cancel(begin(&g, "127.0.0.1", port, 10000, &result));
    for (int i = 0; i < 3; i++)
        grille_loop_turn(&g.loop, false);
    assert_int_equal(result.times, 0);
    assert_int_equal(sem_post(&g.service.release), 0);
    assert_int_equal(sem_wait(&g.service.left), 0);
    (void)close(listener);
    ground_deinit(&g);
}

static void without_memory(void **state) {
    ground g;
    grille_egress_target target;
    grille_reach *begun = NULL;
    reached result = {.done = false};
    size_t failed = 0;
    (void)state;
    ground_init(&g);
    assert_int_equal(grille_egress_target_of(grille_bytes_of_text("a.example"), 443, &target, NULL), GRILLE_REASON_OK);
    const grille_reach_start start = {&g.loop, g.resolver, g.allow, &target, 10000, on_reached, &result};
    for (;; failed++) {
        failing_malloc_from(failed);
        const grille_reason reason = grille_reach_begin(&start, &begun);
        failing_malloc_never();
        if (reason == GRILLE_REASON_OK) break;
        assert_int_equal(reason, GRILLE_REASON_OUT_OF_MEMORY);
    }
    assert_true(failed >= 3);
    turn_until(&g.loop, &result.done);
    assert_fails(&result, GRILLE_REASON_EGRESS_NAME, "nobody knows it");
    ground_deinit(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lookups_are_side_by_side),
        cmocka_unit_test(who_goes_waits_for_nobody),
        cmocka_unit_test(the_machines_own_names),
        cmocka_unit_test(each_address_is_tried_in_turn),
        cmocka_unit_test(a_silent_address_has_its_share),
        cmocka_unit_test(a_name_does_not_lead_inside),
        cmocka_unit_test(giving_up),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
