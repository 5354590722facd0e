/* SPDX-License-Identifier: Apache-2.0
 * Ends towards services and ends of channels in one process: each as if the other were not there. What kms/exchange.h
 * makes of the former is tested there. */
#include "secure/tls_service.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "crypto/crypto.h"
#include "https_server.h"
#include "secure/tls.h"
#include "wire/limits.h"

static const grille_tls_functions channel_functions = {
    .new = grille_tls_new,
    .free = grille_tls_free,
    .feed = grille_tls_feed,
    .retain = grille_tls_retain,
    .unread = grille_tls_unread,
    .handshake = grille_tls_handshake,
    .read = grille_tls_read,
    .is_closed = grille_tls_is_closed,
    .peer_alert = grille_tls_peer_alert,
    .write = grille_tls_write,
    .outgoing = grille_tls_outgoing,
    .sent = grille_tls_sent,
    .shutdown = grille_tls_shutdown,
};

/* One end and the service by another library. */
typedef struct meeting {
    const grille_tls_functions *tls;
    grille_budget budget;
    grille_tls_options options;
    https_options service;
    grille_tls *end;
    https_server *server;
    size_t judged;
    grille_reason reason;
    grille_error error;
    uint8_t plain[16384];
    size_t plain_len;
} meeting;

static grille_reason accept_all(void *user, const grille_bytes *chain, size_t count, grille_error *error) {
    meeting *m = user;
    (void)error;
    assert_true(count > 0 && chain[0].len > 100);
    m->judged++;
    return GRILLE_REASON_OK;
}

static void init(meeting *m, const grille_tls_functions *tls) {
    memset(m, 0, sizeof *m);
    m->tls = tls;
    grille_budget_init(&m->budget, GRILLE_LIMIT_KMS_EXCHANGE_BYTES);
    m->options = (grille_tls_options){.role = GRILLE_TLS_CLIENT,
                                      .max_chain = GRILLE_TLS_CHAIN_MAX,
                                      .verify = accept_all,
                                      .verify_user = m,
                                      .budget = &m->budget};
}

static void begin(meeting *m) {
    if (m->server == NULL) m->server = https_server_new(&m->service);
    assert_int_equal(m->tls->new (&m->options, &m->end, &m->error), GRILLE_REASON_OK);
    m->reason = m->tls->handshake(m->end, &m->error);
    assert_int_equal(m->reason, GRILLE_REASON_MORE);
}

static void take(meeting *m, grille_bytes bytes) {
    size_t len = 0;
    assert_int_equal(m->tls->feed(m->end, bytes), GRILLE_REASON_OK);
    do
        m->reason = m->tls->handshake(m->end, &m->error);
    while (m->reason == GRILLE_REASON_MORE && m->tls->unread(m->end) > 0);
    while (m->reason == GRILLE_REASON_OK) {
        m->reason = m->tls->read(m->end, m->plain + m->plain_len, sizeof m->plain - m->plain_len, &len, 0, &m->error);
        m->plain_len += len;
    }
    if (m->reason == GRILLE_REASON_MORE) assert_int_equal(m->tls->retain(m->end), GRILLE_REASON_OK);
}

/* Carries bytes until there are none. */
static void play(meeting *m) {
    uint8_t *bytes = malloc(65536);
    size_t len = 1;
    assert_non_null(bytes);
    while (len > 0) {
        const grille_bytes outgoing = m->tls->outgoing(m->end);
        https_server_feed(m->server, outgoing);
        m->tls->sent(m->end, outgoing.len);
        len = https_server_take(m->server, bytes, 65536);
        if (len > 0 && m->reason == GRILLE_REASON_MORE) take(m, grille_bytes_of(bytes, len));
    }
    free(bytes);
}

static void end(meeting *m) {
    m->tls->free(m->end);
    https_server_free(m->server);
    assert_int_equal(m->budget.used_bytes, 0);
}

/* The handshake is finished on both sides, and a word goes each way. */
static void talk(meeting *m) {
    static const char word[] = "a word of ours";
    begin(m);
    play(m);
    assert_string_equal(m->error.text, "");
    assert_true(https_server_shook_hands(m->server) && m->judged == 1);
    assert_int_equal(m->tls->write(m->end, grille_bytes_of(word, sizeof word), &m->error), GRILLE_REASON_OK);
    play(m);
    assert_true(grille_bytes_equal(https_server_request(m->server), grille_bytes_of(word, sizeof word)));
    https_server_say(m->server, "theirs", 6);
    play(m);
    assert_memory_equal(m->plain, "theirs", 6);
    m->tls->shutdown(m->end);
    https_server_close(m->server);
    play(m);
    assert_true(m->tls->is_closed(m->end) && https_server_was_closed(m->server));
    assert_int_equal(m->tls->peer_alert(m->end), -1);
}

static void the_channel_takes_no_rsa(void **state) {
    static meeting m;
    (void)state;
    init(&m, &channel_functions);
    m.options.alpn = "grille/1";
    m.service.alpn = "grille/1";
    talk(&m);
    end(&m);
    init(&m, &channel_functions);
    m.options.alpn = "grille/1";
    m.service = (https_options){.leaf = HTTPS_RSA_2048, .alpn = "grille/1"};
    begin(&m);
    play(&m);
    assert_int_equal(m.reason, GRILLE_REASON_TLS_PEER_ALERT); /* it offers no RSA: handshake_failure */
    assert_int_equal(m.tls->peer_alert(m.end), 40);
    assert_non_null(strstr(m.error.text, "alert 40 (RFC 8446 6.2); its log says why"));
    assert_int_equal(m.judged, 0);
    end(&m);
}

static void names_and_protocols(void **state) {
    static meeting m;
    (void)state;
    init(&m, grille_tls_of_services());
    talk(&m);
    assert_string_equal(https_server_name(m.server), "");
    end(&m);
    init(&m, grille_tls_of_services());
    m.options.server_name = HTTPS_NAME;
    m.options.alpn = m.service.alpn = "http/1.1";
    m.service.leaf = HTTPS_RSA_2048;
    talk(&m);
    assert_string_equal(https_server_name(m.server), HTTPS_NAME);
    end(&m);
    init(&m, grille_tls_of_services());
    m.options.alpn = "http/1.1"; /* and it takes none */
    begin(&m);
    play(&m);
    assert_int_equal(m.reason, GRILLE_REASON_TLS_ALPN);
    assert_int_equal(m.judged, 0);
    end(&m);
    init(&m, grille_tls_of_services());
    m.options.alpn = "http/1.1";
    m.service.alpn = "h2";
    begin(&m);
    play(&m);
    assert_int_equal(m.reason, GRILLE_REASON_TLS_ALPN);
    end(&m);
}

static void only_clients_without_certificates(void **state) {
    static meeting m;
    grille_tls_options options[4];
    (void)state;
    init(&m, grille_tls_of_services());
    for (size_t i = 0; i < 4; i++)
        options[i] = m.options;
    options[0].role = GRILLE_TLS_SERVER;
    options[1].certificate = options[1].key = grille_bytes_of("0", 1);
    options[2].verify = NULL;
    options[3].max_chain = GRILLE_TLS_CHAIN_MAX + 1;
    for (size_t i = 0; i < 4; i++) {
        m.end = (grille_tls *)&m;
        assert_int_equal(m.tls->new (&options[i], &m.end, &m.error), GRILLE_REASON_BAD_ARGUMENT);
        assert_null(m.end);
    }
    m.tls->free(NULL);
    assert_int_equal(m.budget.used_bytes, 0);
}

/* Each costs work and an answer. */
static void new_keys_without_end(void **state) {
    static meeting m;
    (void)state;
    init(&m, grille_tls_of_services());
    begin(&m);
    play(&m);
    for (size_t i = 0; i <= 3 * GRILLE_LIMIT_KEY_UPDATE_BURST && m.reason == GRILLE_REASON_MORE; i++) {
        https_server_update_keys(m.server);
        play(&m);
    }
    assert_int_equal(m.reason, GRILLE_REASON_TLS_CONTROL_FLOOD);
    end(&m);
}

/* The first ends of a process, made at once. */
static void *talk_in_a_thread(void *user) {
    meeting *m = user;
    m->tls = m->options.alpn != NULL ? &channel_functions : grille_tls_of_services();
    talk(m);
    return NULL;
}

static void both_kinds_at_once(void **state) {
    enum { count = 4 };
    meeting *meetings = calloc(count, sizeof *meetings);
    pthread_t threads[count];
    (void)state;
    assert_non_null(meetings);
    (void)grille_crypto_wolf();
    for (size_t i = 0; i < count; i++) {
        init(&meetings[i], NULL);
        if (i % 2 == 0) meetings[i].options.alpn = meetings[i].service.alpn = "grille/1";
        meetings[i].server = https_server_new(&meetings[i].service);
        assert_int_equal(pthread_create(&threads[i], NULL, talk_in_a_thread, &meetings[i]), 0);
    }
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        end(&meetings[i]);
    }
    free(meetings);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_kinds_at_once),   cmocka_unit_test(the_channel_takes_no_rsa),
        cmocka_unit_test(names_and_protocols),  cmocka_unit_test(only_clients_without_certificates),
        cmocka_unit_test(new_keys_without_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
