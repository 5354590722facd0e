/* SPDX-License-Identifier: Apache-2.0
 * The TLS end by itself, with another protocol and other rules than the channel's. */
#include "secure/tls.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/reader.h"
#include "cmocka_all.h"
#include "raw_tls.h"
#include "secure/leaf.h"
#include "secure_pair.h"
#include "wire/limits.h"

typedef struct tls_side {
    grille_budget budget;
    grille_leaf leaf;
    grille_tls *tls;
    grille_reason last;
    grille_error error;
    int asked; /* how often the verify hook ran */
    grille_reason answer;
    size_t chain_count;
    uint8_t chain_first_byte;
} tls_side;

typedef struct tls_pair {
    tls_side client;
    tls_side server;
} tls_pair;

static grille_reason hook(void *user, const grille_bytes *chain, size_t count, grille_error *error) {
    tls_side *side = user;
    side->asked++;
    side->chain_count = count;
    side->chain_first_byte = chain[0].data[0];
    if (side->answer == GRILLE_REASON_OK) return side->answer;
    return grille_error_default(error, side->answer);
}

static grille_tls_options options_of(tls_side *side, grille_tls_role role) {
    grille_budget_init(&side->budget, 1 << 20);
    assert_int_equal(grille_leaf_make(grille_crypto_wolf(), SECURE_PAIR_WALL_MS, &side->leaf), GRILLE_REASON_OK);
    return (grille_tls_options){.role = role,
                                .alpn = "other/7",
                                .max_chain = 3,
                                .ask_certificate = true,
                                .certificate = grille_bytes_of(side->leaf.certificate, side->leaf.certificate_len),
                                .key = grille_bytes_of(side->leaf.key, side->leaf.key_len),
                                .verify = hook,
                                .verify_user = side,
                                .budget = &side->budget};
}

static void drive(tls_side *side) {
    grille_reason reason = grille_tls_handshake(side->tls, &side->error);
    while (reason == GRILLE_REASON_MORE && grille_tls_unread(side->tls) > 0)
        reason = grille_tls_handshake(side->tls, &side->error);
    side->last = reason;
}

static void carry(tls_side *from, tls_side *to) {
    const grille_bytes outgoing = grille_tls_outgoing(from->tls);
    assert_int_equal(grille_tls_feed(to->tls, outgoing), GRILLE_REASON_OK);
    assert_int_equal(grille_tls_retain(to->tls), GRILLE_REASON_OK);
    grille_tls_sent(from->tls, outgoing.len);
}

static void shake_hands(tls_pair *pair) {
    drive(&pair->client);
    for (int i = 0; i < 4; i++) {
        carry(&pair->client, &pair->server);
        drive(&pair->server);
        carry(&pair->server, &pair->client);
        drive(&pair->client);
    }
}

static tls_pair *pair_of(grille_tls_options *client, grille_tls_options *server, tls_pair *pair) {
    assert_int_equal(grille_tls_new(client, &pair->client.tls, NULL), GRILLE_REASON_OK);
    assert_int_equal(grille_tls_new(server, &pair->server.tls, NULL), GRILLE_REASON_OK);
    return pair;
}

static tls_pair *plain_pair(void) {
    tls_pair *pair = calloc(1, sizeof *pair);
    grille_tls_options client;
    grille_tls_options server;
    assert_non_null(pair);
    client = options_of(&pair->client, GRILLE_TLS_CLIENT);
    server = options_of(&pair->server, GRILLE_TLS_SERVER);
    return pair_of(&client, &server, pair);
}

static void pair_end(tls_pair *pair) {
    grille_tls_free(pair->client.tls);
    grille_tls_free(pair->server.tls);
    assert_int_equal(pair->client.budget.used_bytes, 0);
    assert_int_equal(pair->server.budget.used_bytes, 0);
    free(pair);
}

static void assert_up(const tls_pair *pair) {
    assert_int_equal(pair->client.last, GRILLE_REASON_OK);
    assert_int_equal(pair->server.last, GRILLE_REASON_OK);
}

static void assert_carries(tls_side *from, tls_side *to, const char *text) {
    uint8_t plain[64];
    size_t len = 0;
    assert_int_equal(grille_tls_write(from->tls, grille_bytes_of_text(text), NULL), GRILLE_REASON_OK);
    carry(from, to);
    assert_int_equal(grille_tls_read(to->tls, plain, sizeof plain, &len, 0, NULL), GRILLE_REASON_OK);
    assert_true(grille_bytes_equal(grille_bytes_of(plain, len), grille_bytes_of_text(text)));
}

static void the_hook_sees_the_chain_once(void **state) {
    tls_pair *pair = plain_pair();
    (void)state;
    shake_hands(pair);
    assert_up(pair);
    assert_int_equal(pair->client.asked, 1);
    assert_int_equal(pair->server.asked, 1);
    assert_int_equal(pair->server.chain_count, 1);
    assert_int_equal(pair->server.chain_first_byte, 0x30);
    assert_carries(&pair->client, &pair->server, "request");
    assert_carries(&pair->server, &pair->client, "answer");
    pair_end(pair);
}

/* The content of an extension of a ClientHello in its first record (RFC 8446 4.1.2). */
static grille_bytes extension_of(grille_bytes flight, uint16_t wanted) {
    grille_reader reader = grille_reader_of(flight), extensions;
    (void)grille_read_bytes(&reader, 5 + 4 + 2 + 32); /* record, handshake, version, random */
    (void)grille_read_bytes(&reader, grille_read_u8(&reader));
    (void)grille_read_block_u16(&reader);
    (void)grille_read_bytes(&reader, grille_read_u8(&reader));
    extensions = grille_reader_of(grille_read_block_u16(&reader));
    assert_int_equal(grille_reader_end(&reader), GRILLE_REASON_OK);
    while (extensions.left > 0) {
        const uint16_t type = grille_read_u16(&extensions);
        const grille_bytes content = grille_read_block_u16(&extensions);
        if (type == wanted) return content;
    }
    return grille_bytes_of(NULL, 0);
}

/* ECDSA alone: nobody is asked to sign with RSA, in a handshake or in a certificate. */
static void no_rsa_is_offered(void **state) {
    enum { signature_algorithms = 13, signature_algorithms_cert = 50 };
    static const uint16_t allowed[] = {0x0403, 0x0503, 0x0603}; /* ecdsa_secp256r1_sha256, 384, 521 */
    (void)state;
    for (int cipher = GRILLE_CIPHER_AUTO; cipher <= GRILLE_CIPHER_CHACHA20; cipher++) {
        tls_side client = {.last = GRILLE_REASON_OK};
        grille_tls_options options = options_of(&client, GRILLE_TLS_CLIENT);
        grille_reader list, offered;
        size_t count = 0;
        options.cipher = (grille_cipher)cipher;
        assert_int_equal(grille_tls_new(&options, &client.tls, NULL), GRILLE_REASON_OK);
        drive(&client);
        list = grille_reader_of(extension_of(grille_tls_outgoing(client.tls), signature_algorithms));
        offered = grille_reader_of(grille_read_block_u16(&list));
        assert_int_equal(grille_reader_end(&list), GRILLE_REASON_OK);
        for (; offered.left > 0; count++) {
            const uint16_t scheme = grille_read_u16(&offered);
            assert_true(scheme == allowed[0] || scheme == allowed[1] || scheme == allowed[2]);
        }
        assert_true(count >= 1 && !offered.failed);
        assert_int_equal(0, extension_of(grille_tls_outgoing(client.tls), signature_algorithms_cert).len);
        grille_tls_free(client.tls);
    }
}

static void a_hook_that_refuses_ends_it(void **state) {
    tls_pair *pair = plain_pair();
    (void)state;
    pair->client.answer = GRILLE_REASON_TLS_CERTIFICATE_TIME;
    shake_hands(pair);
    assert_int_equal(pair->client.last, GRILLE_REASON_TLS_FAILED); /* dead: the first answer was the hook's */
    assert_string_equal(pair->client.error.name, "TLS-CERTIFICATE-TIME");
    assert_int_equal(pair->server.last, GRILLE_REASON_TLS_FAILED);
    assert_string_equal(pair->server.error.name, "TLS-PEER-ALERT");
    pair_end(pair);
}

static void a_server_need_not_ask_for_a_certificate(void **state) {
    tls_pair *pair = calloc(1, sizeof *pair);
    grille_tls_options client = options_of(&pair->client, GRILLE_TLS_CLIENT);
    grille_tls_options server = options_of(&pair->server, GRILLE_TLS_SERVER);
    (void)state;
    client.certificate.len = 0;
    client.key.len = 0;
    server.ask_certificate = false;
    pair_of(&client, &server, pair);
    shake_hands(pair);
    assert_up(pair);
    assert_int_equal(pair->server.asked, 0);
    assert_int_equal(pair->client.asked, 1);
    pair_end(pair);
}

/* Where no certificate is asked for, the missing protocol name shows only at the end. */
static void a_client_without_protocol_name(void **state) {
    tls_side server = {.asked = 0};
    grille_tls_options options = options_of(&server, GRILLE_TLS_SERVER);
    raw_tls *raw = malloc(sizeof *raw);
    (void)state;
    assert_non_null(raw);
    options.ask_certificate = false;
    assert_int_equal(grille_tls_new(&options, &server.tls, NULL), GRILLE_REASON_OK);
    raw_tls_init(raw, &(raw_tls_options){.client = true});
    for (int i = 0; i < 3; i++) {
        (void)raw_tls_handshake(raw);
        assert_int_equal(grille_tls_feed(server.tls, grille_bytes_of(raw->out, raw->out_len)), GRILLE_REASON_OK);
        assert_int_equal(grille_tls_retain(server.tls), GRILLE_REASON_OK);
        raw->out_len = 0;
        if (server.last == GRILLE_REASON_OK || server.last == GRILLE_REASON_MORE) drive(&server);
        raw_tls_feed(raw, grille_tls_outgoing(server.tls));
        grille_tls_sent(server.tls, grille_tls_outgoing(server.tls).len);
    }
    assert_int_equal(server.last, GRILLE_REASON_TLS_ALPN);
    raw_tls_deinit(raw);
    free(raw);
    grille_tls_free(server.tls);
}

static void the_exporter_is_equal_and_works_once(void **state) {
    tls_pair *pair = plain_pair();
    uint8_t a[48];
    uint8_t b[48];
    static const uint8_t zeros[48];
    (void)state;
    assert_int_equal(grille_tls_export(pair->client.tls, "EXPERIMENTAL test", a, sizeof a), GRILLE_REASON_TLS_FAILED);
    shake_hands(pair);
    assert_int_equal(grille_tls_export(pair->client.tls, "EXPERIMENTAL test", a, sizeof a), GRILLE_REASON_OK);
    assert_int_equal(grille_tls_export(pair->server.tls, "EXPERIMENTAL test", b, sizeof b), GRILLE_REASON_OK);
    assert_memory_equal(a, b, sizeof a);
    assert_memory_not_equal(a, zeros, sizeof a);
    assert_int_equal(grille_tls_export(pair->client.tls, "EXPERIMENTAL test", a, sizeof a), GRILLE_REASON_TLS_FAILED);
    assert_carries(&pair->client, &pair->server, "still there");
    assert_int_equal(grille_tls_suite(pair->client.tls), grille_tls_suite(pair->server.tls));
    assert_int_not_equal(grille_tls_suite(pair->client.tls), 0);
    pair_end(pair);
}

static void exporters_differ_by_connection_and_label(void **state) {
    uint8_t out[3][48];
    (void)state;
    for (int i = 0; i < 3; i++) {
        tls_pair *pair = plain_pair();
        shake_hands(pair);
        assert_int_equal(grille_tls_export(pair->client.tls, i == 2 ? "EXPERIMENTAL b" : "EXPERIMENTAL a", out[i], 48),
                         GRILLE_REASON_OK);
        pair_end(pair);
    }
    assert_memory_not_equal(out[0], out[1], 48);
    assert_memory_not_equal(out[0], out[2], 48);
}

/* 1,000 records each way with a new key every third: nothing is lost, each side updates, and the peer's answers to it
 * are no flood at the pace of a second per round. */
static void keys_are_updated(void **state) {
    tls_pair *pair = calloc(1, sizeof *pair);
    grille_tls_options client = options_of(&pair->client, GRILLE_TLS_CLIENT);
    grille_tls_options server = options_of(&pair->server, GRILLE_TLS_SERVER);
    (void)state;
    client.records_per_key = 3;
    server.records_per_key = 5;
    pair_of(&client, &server, pair);
    shake_hands(pair);
    assert_up(pair);
    for (int i = 0; i < 1000; i++) {
        tls_side *const sides[] = {&pair->client, &pair->server};
        for (int from = 0; from < 2; from++) {
            uint8_t plain[64];
            size_t len = 0;
            grille_error error;
            assert_int_equal(grille_tls_write(sides[from]->tls, grille_bytes_of(&i, sizeof i), NULL), GRILLE_REASON_OK);
            carry(sides[from], sides[1 - from]);
            assert_int_equal(
                grille_tls_read(sides[1 - from]->tls, plain, sizeof plain, &len, (grille_time_us)i * 1000000, &error),
                GRILLE_REASON_OK);
            assert_memory_equal(plain, &i, sizeof i);
        }
    }
    assert_int_equal(grille_tls_key_updates(pair->client.tls), 333);
    assert_int_equal(grille_tls_key_updates(pair->server.tls), 199);
    pair_end(pair);
}

/* The record after 2^20 of them is sealed under a new key. */
static void the_default_interval_is_the_limit(void **state) {
    tls_pair *pair = plain_pair();
    grille_tls *tls = pair->client.tls;
    (void)state;
    shake_hands(pair);
    assert_up(pair);
    for (int i = 0; i < GRILLE_LIMIT_RECORDS_PER_KEY; i++) {
        assert_int_equal(grille_tls_write(tls, grille_bytes_of_text("x"), NULL), GRILLE_REASON_OK);
        grille_tls_sent(tls, grille_tls_outgoing(tls).len);
    }
    assert_int_equal(grille_tls_key_updates(tls), 0);
    assert_int_equal(grille_tls_write(tls, grille_bytes_of_text("x"), NULL), GRILLE_REASON_OK);
    assert_int_equal(grille_tls_key_updates(tls), 1);
    pair_end(pair);
}

/* As many KeyUpdates at once as the limit allows; one more ends the connection. */
static void a_flood_of_key_updates(void **state) {
    (void)state;
    for (int over = 0; over < 2; over++) {
        tls_pair *pair = calloc(1, sizeof *pair);
        grille_tls_options client = options_of(&pair->client, GRILLE_TLS_CLIENT);
        grille_tls_options server = options_of(&pair->server, GRILLE_TLS_SERVER);
        uint8_t plain[64];
        size_t len = 0;
        grille_error error;
        client.records_per_key = 1;
        pair_of(&client, &server, pair);
        shake_hands(pair);
        for (int i = 0; i < 1 + GRILLE_LIMIT_KEY_UPDATE_BURST + over; i++)
            assert_int_equal(grille_tls_write(pair->client.tls, grille_bytes_of_text("x"), NULL), GRILLE_REASON_OK);
        assert_int_equal(grille_tls_key_updates(pair->client.tls), GRILLE_LIMIT_KEY_UPDATE_BURST + over);
        carry(&pair->client, &pair->server);
        for (int i = 0; i < 1 + GRILLE_LIMIT_KEY_UPDATE_BURST; i++)
            assert_int_equal(grille_tls_read(pair->server.tls, plain, sizeof plain, &len, 0, &error), GRILLE_REASON_OK);
        assert_int_equal(grille_tls_read(pair->server.tls, plain, sizeof plain, &len, 0, &error),
                         over ? GRILLE_REASON_TLS_CONTROL_FLOOD : GRILLE_REASON_MORE);
        if (over) assert_string_equal(error.name, "TLS-CONTROL-FLOOD");
        pair_end(pair);
    }
}

static void tokens_come_back_with_time(void **state) {
    tls_pair *pair = calloc(1, sizeof *pair);
    grille_tls_options client = options_of(&pair->client, GRILLE_TLS_CLIENT);
    grille_tls_options server = options_of(&pair->server, GRILLE_TLS_SERVER);
    (void)state;
    client.records_per_key = 1;
    pair_of(&client, &server, pair);
    shake_hands(pair);
    for (int i = 0; i < 10 * GRILLE_LIMIT_KEY_UPDATE_BURST; i++) {
        uint8_t plain[64];
        size_t len = 0;
        assert_int_equal(grille_tls_write(pair->client.tls, grille_bytes_of_text("x"), NULL), GRILLE_REASON_OK);
        carry(&pair->client, &pair->server);
        assert_int_equal(grille_tls_read(pair->server.tls, plain, sizeof plain, &len,
                                         (grille_time_us)i * 1000000 / GRILLE_LIMIT_KEY_UPDATE_PER_SECOND, NULL),
                         GRILLE_REASON_OK);
    }
    pair_end(pair);
}

/* 40,000 bytes are three records: 16,384 twice and the rest. */
static void as_few_records_as_it_takes(void **state) {
    static const uint8_t big[40000];
    tls_pair *pair = plain_pair();
    grille_bytes outgoing;
    size_t records = 0;
    (void)state;
    shake_hands(pair);
    assert_int_equal(grille_tls_write(pair->client.tls, grille_bytes_of(big, sizeof big), NULL), GRILLE_REASON_OK);
    outgoing = grille_tls_outgoing(pair->client.tls);
    while (outgoing.len >= 5) {
        const size_t record = 5 + ((size_t)outgoing.data[3] << 8 | outgoing.data[4]);
        assert_int_equal(outgoing.data[0], 0x17);
        records++;
        outgoing = grille_bytes_of(outgoing.data + record, outgoing.len - record);
    }
    assert_int_equal(outgoing.len, 0);
    assert_int_equal(records, 3);
    pair_end(pair);
}

static void a_damaged_record_ends_it_with_an_alert(void **state) {
    tls_pair *pair = plain_pair();
    uint8_t record[64];
    uint8_t plain[64];
    size_t len = 0;
    grille_error error;
    (void)state;
    shake_hands(pair);
    assert_int_equal(grille_tls_write(pair->client.tls, grille_bytes_of_text("hello"), NULL), GRILLE_REASON_OK);
    len = grille_tls_outgoing(pair->client.tls).len;
    memcpy(record, grille_tls_outgoing(pair->client.tls).data, len);
    record[len - 1] ^= 1;
    assert_int_equal(grille_tls_feed(pair->server.tls, grille_bytes_of(record, len)), GRILLE_REASON_OK);
    assert_int_equal(grille_tls_read(pair->server.tls, plain, sizeof plain, &len, 0, &error),
                     GRILLE_REASON_TLS_BAD_RECORD);
    assert_true(grille_tls_outgoing(pair->server.tls).len > 0);
    carry(&pair->server, &pair->client);
    assert_int_equal(grille_tls_read(pair->client.tls, plain, sizeof plain, &len, 0, &error),
                     GRILLE_REASON_TLS_PEER_ALERT);
    assert_int_equal(grille_tls_peer_alert(pair->client.tls), 20);
    assert_int_equal(grille_tls_write(pair->server.tls, grille_bytes_of_text("x"), NULL), GRILLE_REASON_TLS_FAILED);
    pair_end(pair);
}

static void a_replayed_record_ends_it(void **state) {
    tls_pair *pair = plain_pair();
    grille_bytes outgoing;
    uint8_t plain[64];
    size_t len = 0;
    (void)state;
    shake_hands(pair);
    assert_int_equal(grille_tls_write(pair->client.tls, grille_bytes_of_text("once"), NULL), GRILLE_REASON_OK);
    outgoing = grille_tls_outgoing(pair->client.tls);
    assert_int_equal(grille_tls_feed(pair->server.tls, outgoing), GRILLE_REASON_OK);
    assert_int_equal(grille_tls_read(pair->server.tls, plain, sizeof plain, &len, 0, NULL), GRILLE_REASON_OK);
    assert_int_equal(grille_tls_feed(pair->server.tls, outgoing), GRILLE_REASON_OK);
    assert_int_equal(grille_tls_read(pair->server.tls, plain, sizeof plain, &len, 0, NULL),
                     GRILLE_REASON_TLS_BAD_RECORD);
    pair_end(pair);
}

static void options_are_checked(void **state) {
    tls_side side = {.asked = 0};
    const grille_tls_options good = options_of(&side, GRILLE_TLS_SERVER);
    grille_tls_options bad = good;
    grille_tls *tls = NULL;
    (void)state;
    bad.alpn = "";
    assert_int_equal(grille_tls_new(&bad, &tls, NULL), GRILLE_REASON_BAD_ARGUMENT);
    bad.alpn = "a name of more than 31 characters";
    assert_int_equal(grille_tls_new(&bad, &tls, NULL), GRILLE_REASON_BAD_ARGUMENT);
    bad = good;
    bad.max_chain = 0;
    assert_int_equal(grille_tls_new(&bad, &tls, NULL), GRILLE_REASON_BAD_ARGUMENT);
    bad.max_chain = GRILLE_TLS_CHAIN_MAX + 1;
    assert_int_equal(grille_tls_new(&bad, &tls, NULL), GRILLE_REASON_BAD_ARGUMENT);
    bad = good;
    bad.verify = NULL;
    assert_int_equal(grille_tls_new(&bad, &tls, NULL), GRILLE_REASON_BAD_ARGUMENT);
    bad = good;
    bad.certificate.len = 0;
    assert_int_equal(grille_tls_new(&bad, &tls, NULL), GRILLE_REASON_BAD_ARGUMENT);
    bad = good;
    bad.key = grille_bytes_of_text("not a key");
    assert_int_equal(grille_tls_new(&bad, &tls, NULL), GRILLE_REASON_TLS_FAILED);
    assert_null(tls);
    assert_int_equal(side.budget.used_bytes, 0);
    grille_tls_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hook_sees_the_chain_once),
        cmocka_unit_test(no_rsa_is_offered),
        cmocka_unit_test(a_hook_that_refuses_ends_it),
        cmocka_unit_test(a_server_need_not_ask_for_a_certificate),
        cmocka_unit_test(a_client_without_protocol_name),
        cmocka_unit_test(the_exporter_is_equal_and_works_once),
        cmocka_unit_test(exporters_differ_by_connection_and_label),
        cmocka_unit_test(keys_are_updated),
        cmocka_unit_test(the_default_interval_is_the_limit),
        cmocka_unit_test(a_flood_of_key_updates),
        cmocka_unit_test(tokens_come_back_with_time),
        cmocka_unit_test(as_few_records_as_it_takes),
        cmocka_unit_test(a_damaged_record_ends_it_with_an_alert),
        cmocka_unit_test(a_replayed_record_ends_it),
        cmocka_unit_test(options_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
