/* SPDX-License-Identifier: Apache-2.0
 * Goal: what callers said is in no byte of an enclave's memory once their calls have ended and their connection idles,
 * whatever form the calls had; nor what a connection was bound to once it has gone, nor keys once their owner has. The
 * same search finds them in a process that wipes nothing. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <wolfssl/wolfcrypt/settings.h>

#include <wolfssl/ssl.h>

#include "attest/identity_state.h"
#include "base/bytes.h"
#include "child_memory.h"
#include "cmocka_all.h"
#include "crypto/crypto.h"
#include "fake_codec.h"
#include "grille/grille.h"
#include "keeper.h"

enum {
    CANARY_BYTES = sizeof KEEPER_MARK - 1 + 32,
    LARGE_BYTES = 300000,
    KEY_BYTES = 32,
    PATIENCE = 400,
    WAIT_US = 10000
};

enum { LARGE = KEEPER_METHODS, AROUND_AN_EPOCH, FORMS };
static const char *const form_names[FORMS] = {
    [KEEPER_DO] = "unary",
    [KEEPER_WORK] = "unary on a worker",
    [KEEPER_LATER] = "deferred",
    [KEEPER_CHAT] = "both stream",
    [KEEPER_CHORE] = "on a worker",
    [KEEPER_FEED] = "the server streams",
    [KEEPER_COLLECT] = "the caller streams",
    [LARGE] = "large",
    [AROUND_AN_EPOCH] = "around an epoch",
};

typedef struct scene {
    char folder[64];
    keeper enclave;
    grille_identity *identity;
    grille_policy *policy;
    grille_channel *channel;
    char canaries[FORMS][CANARY_BYTES + 1];
    uint8_t keys[2][KEY_BYTES];
    char hex_keys[2][2 * KEY_BYTES + 1];
    memory_pattern said[FORMS];
} scene;

/* What both ends of the newest connection have exported; kept by this process alone. */
static uint8_t exporter[48];
static pid_t searcher;

__typeof__(wolfSSL_export_keying_material) __real_wolfSSL_export_keying_material, __wrap_wolfSSL_export_keying_material;
int __wrap_wolfSSL_export_keying_material(WOLFSSL *ssl, unsigned char *out, size_t out_len, const char *label,
                                          size_t label_len, const unsigned char *context, size_t context_len,
                                          int use_context) {
    const int result =
        __real_wolfSSL_export_keying_material(ssl, out, out_len, label, label_len, context, context_len, use_context);
    assert_int_equal(out_len, sizeof exporter);
    if (getpid() == searcher) memcpy(exporter, out, sizeof exporter);
    return result;
}

/* ---- The scene ---- */

static void write_file(const scene *s, const char *name, const char *text) {
    char path[128];
    FILE *file = NULL;
    (void)snprintf(path, sizeof path, "%s/%s", s->folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fchmod(fileno(file), 0600), 0);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void make_key(scene *s, unsigned number, const char *id, const char *role) {
    char text[256], name[32];
    assert_int_equal(grille_crypto_wolf()->random(s->keys[number], KEY_BYTES), GRILLE_REASON_OK);
    grille_hex_encode(grille_bytes_of(s->keys[number], KEY_BYTES), s->hex_keys[number]);
    (void)snprintf(text, sizeof text, "grille-psk 1\nid: %s\nrole: %s\nkey: %s\n", id, role, s->hex_keys[number]);
    (void)snprintf(name, sizeof name, "%s.psk", id);
    write_file(s, name, text);
}

static void load(scene *s) {
    char path[128];
    grille_error error;
    (void)snprintf(path, sizeof path, "%s/caller.psk", s->folder);
    if (grille_identity_load_psk(path, &s->identity, &error) != GRILLE_OK) fail_msg("%s", error.text);
    (void)snprintf(path, sizeof path, "%s/callers.yaml", s->folder);
    if (grille_policy_load(path, &s->policy, &error) != GRILLE_OK) fail_msg("%s", error.text);
}

/* The enclave is forked first: what is made afterwards it can only be told. */
static void begin(scene *s, bool wipes) {
    memset(s, 0, sizeof *s);
    (void)strcpy(s->folder, "/tmp/memory-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    keeper_fork(&s->enclave, s->folder, wipes);
    make_key(s, 0, "caller", "initiator");
    make_key(s, 1, "vault", "responder");
    write_file(s, "policy.yaml",
               "peers:\n  - name: caller\n    kind: psk\n    psk: caller.psk\n    may_call: [\"/test.Keeper/*\"]\n");
    write_file(s, "callers.yaml", "peers:\n  - name: vault\n    kind: psk\n    psk: vault.psk\n");
    load(s);
    keeper_start(&s->enclave);
    for (unsigned i = 0; i < FORMS; i++) {
        uint8_t random[16];
        assert_int_equal(grille_crypto_wolf()->random(random, sizeof random), GRILLE_REASON_OK);
        (void)strcpy(s->canaries[i], KEEPER_MARK);
        grille_hex_encode(grille_bytes_of(random, sizeof random), s->canaries[i] + sizeof KEEPER_MARK - 1);
        s->said[i] = (memory_pattern){.name = form_names[i], .data = s->canaries[i], .len = CANARY_BYTES};
    }
}

static void connect_channel(scene *s) {
    grille_channel_options options = grille_channel_options_default();
    char address[128];
    grille_error error;
    (void)snprintf(address, sizeof address, "unix:%s/socket", s->folder);
    options.identity = s->identity;
    options.policy = s->policy;
    options.spin_us = 0;
    if (grille_channel_open(address, &options, &s->channel, &error) != GRILLE_OK ||
        grille_channel_wait_ready(s->channel, 10000, &error) != GRILLE_OK)
        fail_msg("%s: %s", error.name, error.text);
}

static void end(scene *s) {
    static const char *const files[] = {"caller.psk", "vault.psk", "policy.yaml", "callers.yaml", "released", "socket"};
    keeper_end(&s->enclave);
    grille_identity_free(s->identity);
    grille_policy_free(s->policy);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s/%s", s->folder, files[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(s->folder), 0);
}

/* ---- Calls ---- */

static void call_unary(scene *s, unsigned method, const char *text) {
    const fake_message request = {text};
    grille_reply reply;
    const grille_code code = grille_call_unary(s->channel, &keeper_methods[method], &request, NULL, &reply);
    if (code != GRILLE_OK) fail_msg("%s: %s", keeper_methods[method].path, reply.message);
    grille_reply_free(&reply);
}

static void call_stream(scene *s, unsigned method, const char *text) {
    const fake_message message = {text};
    const bool asks_once = method == KEEPER_FEED;
    const void *answer = NULL;
    grille_call *call = NULL;
    grille_error error;
    grille_reply reply;
    if (grille_call_begin_stream(s->channel, &keeper_methods[method], asks_once ? &message : NULL, NULL, &call,
                                 &error) != GRILLE_OK)
        fail_msg("%s", error.text);
    for (unsigned i = 0; i < 3; i++) {
        if (!asks_once) assert_int_equal(grille_call_write(call, &message), GRILLE_OK);
        if (method != KEEPER_COLLECT) assert_int_equal(grille_call_read(call, &answer), GRILLE_OK);
    }
    if (grille_call_finish(call, &reply) != GRILLE_OK) fail_msg("%s", reply.message);
    grille_reply_free(&reply);
}

static void call_large(scene *s) {
    char *text = malloc(LARGE_BYTES + 1);
    assert_non_null(text);
    for (size_t i = 0; i < LARGE_BYTES; i++)
        text[i] = s->canaries[LARGE][i % CANARY_BYTES];
    text[LARGE_BYTES] = '\0';
    call_unary(s, KEEPER_DO, text);
    call_stream(s, KEEPER_CHAT, text);
    free(text);
}

/* One call before, and one behind each end's evidence. */
static void attest_again(scene *s) {
    grille_peer_identity peer = {.epoch = 0};
    grille_error error;
    call_unary(s, KEEPER_DO, s->canaries[AROUND_AN_EPOCH]);
    if (grille_channel_reattest(s->channel, &error) != GRILLE_OK) fail_msg("%s: %s", error.name, error.text);
    for (unsigned i = 0; peer.epoch == 0; i++) {
        assert_true(i < 100000);
        call_unary(s, KEEPER_DO, s->canaries[AROUND_AN_EPOCH]);
        assert_int_equal(grille_channel_get_peer(s->channel, &peer), GRILLE_OK);
    }
}

static void call_in_form(scene *s, unsigned form) {
    if (form == LARGE)
        call_large(s);
    else if (form == AROUND_AN_EPOCH)
        attest_again(s);
    else if (keeper_methods[form].kind == GRILLE_METHOD_UNARY)
        call_unary(s, form, s->canaries[form]);
    else
        call_stream(s, form, s->canaries[form]);
}

/* ---- What is found ---- */

static unsigned found_now(const scene *s, memory_pattern *patterns, size_t count) {
    unsigned found = 0;
    assert_true(child_memory_search(s->enclave.pid, patterns, count) > 1000000);
    for (size_t i = 0; i < count; i++)
        found += patterns[i].found;
    return found;
}

/* What a call or a connection leaves is gone soon after it. */
static void expect_nothing(const scene *s, memory_pattern *patterns, size_t count) {
    for (unsigned i = 0; i < PATIENCE && found_now(s, patterns, count) > 0; i++)
        (void)usleep(WAIT_US);
    for (size_t i = 0; i < count; i++)
        if (patterns[i].found > 0) print_message("%s: %u times\n", patterns[i].name, patterns[i].found);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(patterns[i].found, 0);
}

static void expect_each(const scene *s, memory_pattern *patterns, size_t count) {
    (void)found_now(s, patterns, count);
    for (size_t i = 0; i < count; i++)
        if (patterns[i].found == 0) print_message("%s: not found\n", patterns[i].name);
    for (size_t i = 0; i < count; i++)
        assert_true(patterns[i].found > 0);
}

static size_t key_patterns(const scene *s, const grille_identity *vault, memory_pattern *patterns) {
    size_t count = 0;
    for (unsigned i = 0; i < 2; i++) {
        patterns[count++] = (memory_pattern){"a pre-shared key", s->keys[i], KEY_BYTES, 0};
        patterns[count++] = (memory_pattern){"a pre-shared key in hex", s->hex_keys[i], 2 * KEY_BYTES, 0};
    }
    patterns[count++] = (memory_pattern){"a caller's MAC key", s->identity->psk.mac_key, GRILLE_PSK_MAC_BYTES, 0};
    patterns[count++] = (memory_pattern){"the enclave's MAC key", vault->psk.mac_key, GRILLE_PSK_MAC_BYTES, 0};
    return count;
}

static grille_identity *load_vault(const scene *s) {
    grille_identity *vault = NULL;
    char path[128];
    (void)snprintf(path, sizeof path, "%s/vault.psk", s->folder);
    assert_int_equal(grille_identity_load_psk(path, &vault, NULL), GRILLE_OK);
    return vault;
}

static void drop_reply(const grille_reply *reply, void (*callback)(void), void *user) {
    (void)reply;
    (void)callback;
    (void)user;
}

/* While a handler holds it, it is there. */
static void the_search_finds_what_a_call_holds(void **state) {
    char text[CANARY_BYTES + 8];
    fake_message request = {text};
    grille_call *call = NULL;
    scene s;
    memory_pattern held;
    (void)state;
    begin(&s, true);
    connect_channel(&s);
    held = s.said[KEEPER_WORK];
    (void)snprintf(text, sizeof text, "hold %s", s.canaries[KEEPER_WORK]);
    assert_int_equal(
        grille_call_unary_async(s.channel, &keeper_methods[KEEPER_WORK], &request, NULL, drop_reply, NULL, NULL, &call),
        GRILLE_OK);
    for (unsigned i = 0; found_now(&s, &held, 1) == 0; i++) {
        assert_true(i < PATIENCE);
        (void)usleep(WAIT_US);
    }
    grille_call_cancel(call);
    expect_nothing(&s, &held, 1);
    grille_channel_close(s.channel);
    end(&s);
}

static void calls_leave_nothing(void **state) {
    memory_pattern exported = {"the exporter", exporter, sizeof exporter, 0};
    memory_pattern keys[6];
    grille_identity *vault = NULL;
    size_t key_count = 0;
    scene s;
    (void)state;
    begin(&s, true);
    vault = load_vault(&s);
    key_count = key_patterns(&s, vault, keys);
    /* The keys themselves are gone as soon as what is made of them is there. */
    expect_nothing(&s, keys, 4);
    expect_each(&s, keys + 4, key_count - 4);
    connect_channel(&s);
    for (unsigned i = 0; i < FORMS; i++)
        call_in_form(&s, i);
    expect_nothing(&s, s.said, FORMS);
    expect_each(&s, &exported, 1);
    grille_channel_close(s.channel);
    expect_nothing(&s, &exported, 1);
    expect_nothing(&s, s.said, FORMS);
    keeper_stop(&s.enclave);
    expect_nothing(&s, keys, key_count);
    grille_identity_free(vault);
    end(&s);
}

static void without_wiping_they_stay(void **state) {
    memory_pattern exported = {"the exporter", exporter, sizeof exporter, 0};
    memory_pattern keys[6];
    grille_identity *vault = NULL;
    size_t key_count = 0;
    scene s;
    (void)state;
    begin(&s, false);
    vault = load_vault(&s);
    key_count = key_patterns(&s, vault, keys);
    expect_each(&s, keys, key_count);
    connect_channel(&s);
    for (unsigned i = 0; i < FORMS; i++) {
        call_in_form(&s, i);
        if (found_now(&s, &s.said[i], 1) == 0) fail_msg("%s: not found", s.said[i].name);
    }
    grille_channel_close(s.channel);
    keeper_stop(&s.enclave);
    assert_true(found_now(&s, s.said, FORMS) > 0);
    assert_true(found_now(&s, &exported, 1) > 0);
    assert_true(found_now(&s, keys, key_count) > 0);
    grille_identity_free(vault);
    end(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_search_finds_what_a_call_holds),
        cmocka_unit_test(calls_leave_nothing),
        cmocka_unit_test(without_wiping_they_stay),
    };
    /* Memory that was freed keeps what the library left in it. */
    (void)mallopt(M_PERTURB, 0);
    searcher = getpid();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
