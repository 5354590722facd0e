/* SPDX-License-Identifier: Apache-2.0
 * Goal: every kind of caller meets every kind of server under policies that accept it and policies that do not, from
 * one process to another: who is accepted calls what its set names, and who is not learns nothing, while the side that
 * refused says why. This program is both sides: an enclave that trusts its own image meets it here. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attest/evidence.h"
#include "base/bytes.h"
#include "cmocka_all.h"
#include "nsm/measure.h"
#include "world.h"

#define CALLS "    may_call: [\"/test.E2e/Echo\", \"/test.E2e/Work\"]\n"

/* ---- What both processes know ---- */

typedef enum kind { NITRO, X509, PSK, ANONYMOUS, KINDS } kind;
static const char *const kind_names[KINDS] = {"nitro", "x509", "psk", "anonymous"};

/* The servers: an address, an identity, a policy file; all in one process. */
typedef struct server_row {
    const char *name;
    kind identity;
    const char *policy;
} server_row;

static const server_row servers[] = {
    {"nitro-nitro", NITRO, "self"},
    {"nitro-x509", NITRO, "x509"},
    {"nitro-psk", NITRO, "psk"},
    {"nitro-anonymous", NITRO, "anonymous"},
    {"nitro-all", NITRO, "all"},
    {"x509-nitro", X509, "nitro"},
    {"x509-x509", X509, "x509"},
    {"x509-psk", X509, "psk"},
    {"x509-anonymous", X509, "anonymous"},
    {"x509-all", X509, "all"},
    {"psk-nitro", PSK, "nitro"},
    {"psk-x509", PSK, "x509"},
    {"psk-psk", PSK, "psk"},
    {"psk-anonymous", PSK, "anonymous"},
    {"psk-all", PSK, "all"},
    /* where the kind fits and something else does not */
    {"x509-self", X509, "self"},
    {"x509-other-image", X509, "other-image"},
    {"x509-other-name", X509, "other-name"},
    {"x509-psk-other-id", X509, "psk-other-id"},
    {"x509-psk-other-key", X509, "psk-other-key"},
    {"x509-psk-other-role", X509, "psk-other-role"},
    {"x509-psk-over", X509, "psk-over"},
    {"x509-psk-build", X509, "psk-build"},
    {"x509-anonymous-over", X509, "anonymous-over"},
};

enum { SERVERS = sizeof servers / sizeof servers[0] };

/* ---- The process of the servers ---- */

static int complain(const grille_error *error) {
    (void)printf("%s: %s\n", error->name, error->text);
    (void)fflush(stdout);
    return 1;
}

/* One line for each peer that a server refused. */
static void tell(grille_log_level level, const char *module, const char *line, void *user) {
    const char *name = strstr(line, "ATTEST-");
    (void)level;
    (void)module;
    (void)user;
    if (name == NULL) return;
    (void)printf("%.*s\n", (int)strcspn(name, ": "), name);
    (void)fflush(stdout);
}

static bool load_identities(const char *folder, grille_identity *identities[KINDS], grille_error *error) {
    char first[256], second[256];
    (void)snprintf(first, sizeof first, "%s/sim", folder);
    if (grille_identity_open_nsm(first, &identities[NITRO], error) != GRILLE_OK) return false;
    (void)snprintf(first, sizeof first, "%s/gateway/identity.pem", folder);
    (void)snprintf(second, sizeof second, "%s/gateway/identity.key", folder);
    if (grille_identity_load_x509(first, second, &identities[X509], error) != GRILLE_OK) return false;
    (void)snprintf(first, sizeof first, "%s/gateway.psk", folder);
    return grille_identity_load_psk(first, &identities[PSK], error) == GRILLE_OK;
}

static bool start(const char *folder, const server_row *row, const grille_identity *identity, grille_server **server,
                  grille_error *error) {
    static e2e_counts counts;
    grille_server_options options = grille_server_options_default();
    grille_policy *policy = NULL;
    char text[256];
    (void)snprintf(text, sizeof text, "%s/accepts-%s.yaml", folder, row->policy);
    if (grille_policy_load(text, &policy, error) != GRILLE_OK) return false;
    options.policy = policy;
    options.identity = identity;
    options.loops = 1;
    options.workers = 1;
    options.spin_us = 0;
    (void)snprintf(text, sizeof text, "unix:%s/%s", folder, row->name);
    bool started =
        grille_server_new(&options, server, error) == GRILLE_OK && e2e_register(*server, &counts, error) == GRILLE_OK &&
        grille_server_listen(*server, text, error) == GRILLE_OK && grille_server_start(*server, error) == GRILLE_OK;
    grille_policy_free(policy);
    return started;
}

/* Until its input ends. */
static int serve(const char *folder) {
    grille_identity *identities[KINDS] = {NULL};
    grille_server *running[SERVERS] = {NULL};
    grille_error error;
    char byte;
    grille_log_set(tell, NULL, GRILLE_LOG_WARNING);
    if (!load_identities(folder, identities, &error)) return complain(&error);
    for (size_t i = 0; i < SERVERS; i++)
        if (!start(folder, &servers[i], identities[servers[i].identity], &running[i], &error)) return complain(&error);
    for (size_t i = 0; i < KINDS; i++)
        grille_identity_free(identities[i]); /* the servers have their own references */
    (void)printf("ready\n");
    (void)fflush(stdout);
    (void)!read(STDIN_FILENO, &byte, 1);
    for (size_t i = 0; i < SERVERS; i++)
        grille_server_free(running[i]);
    return 0;
}

/* ---- The process of the callers ---- */

static e2e_world w;
static FILE *to_servers, *from_servers;
static pid_t servers_pid;
static grille_identity *callers[KINDS];
static char program[512];
static const char *grille_program;

static void write_file(const char *name, const char *text) {
    FILE *file = fopen(world_path(&w, name), "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* accepts-NAME.yaml, which starts with the development root. */
static void write_policy(const char *name, const char *sets) {
    char file[64], text[4096];
    (void)snprintf(file, sizeof file, "accepts-%s.yaml", name);
    (void)snprintf(text, sizeof text, "insecure_development_root: sim/insecure-root.pem\npeers:\n%s", sets);
    write_file(file, text);
}

static const char *format(char text[2048], const char *how, ...) {
    va_list arguments;
    va_start(arguments, how);
    (void)vsnprintf(text, 2048, how, arguments);
    va_end(arguments);
    return text;
}

static grille_policy *load_policy(const char *name) {
    char file[64];
    grille_policy *policy = NULL;
    grille_error error;
    (void)snprintf(file, sizeof file, "accepts-%s.yaml", name);
    if (grille_policy_load(world_path(&w, file), &policy, &error) != GRILLE_OK) fail_msg("%s", error.text);
    return policy;
}

static void make_psk(const char *file, const char *id, const char *role) {
    char command[1024];
    (void)snprintf(command, sizeof command, "%s identity new psk --id %s --role %s -o %s >&2", grille_program, id, role,
                   world_path(&w, file));
    assert_int_equal(system(command), 0);
}

#define SELF_SET      "  - name: our image\n    kind: nitro\n    peer: self\n" CALLS
#define IMAGE_SET     "  - name: images\n    kind: nitro\n    pcr0: %s\n" CALLS
#define NAMED_SET     "  - name: named\n    kind: x509\n    ca: ca/ca.pem\n    names: [\"%s\"]\n" CALLS
#define KEYED_SET     "  - name: keyed\n    kind: psk\n    psk: %s\n%s" CALLS
#define ANONYMOUS_SET "  - name: anybody\n    kind: anonymous\n%s    may_call: [\"/test.E2e/Echo\"]\n"
#define OVER          "    not_after: 2020-01-01T00:00:00Z\n"

static void write_policies(void) {
    static const char *const keyed[][3] = {
        {"psk", "[parent.psk, friend.psk]", ""}, {"psk-other-id", "friend.psk", ""},
        {"psk-other-key", "impostor.psk", ""},   {"psk-other-role", "parent-answers.psk", ""},
        {"psk-over", "parent.psk", OVER},        {"psk-build", "parent.psk", "    min_build: 7\n"},
        {"gateway-psk", "gateway.psk", ""},      {"gateway-other-key", "impostor-gateway.psk", ""},
        {"gateway-over", "gateway.psk", OVER},
    };
    uint8_t pcr0[GRILLE_NSM_PCR_BYTES], pcr2[GRILLE_NSM_PCR_BYTES];
    char hex[2 * GRILLE_NSM_PCR_BYTES + 1], other[2 * GRILLE_NSM_PCR_BYTES + 1], text[2048];
    assert_int_equal(grille_measure_executable(program, pcr0, pcr2, NULL), GRILLE_REASON_OK);
    grille_hex_encode(grille_bytes_of(pcr0, sizeof pcr0), hex);
    pcr0[0] ^= 1;
    grille_hex_encode(grille_bytes_of(pcr0, sizeof pcr0), other);
    write_policy("self", SELF_SET);
    write_policy("nitro", format(text, IMAGE_SET, hex));
    write_policy("other-image", format(text, IMAGE_SET, other));
    write_policy("x509", format(text, NAMED_SET, WORLD_PARENT));
    write_policy("other-name", format(text, NAMED_SET, "spiffe://test/somebody"));
    write_policy("gateway-x509", format(text, NAMED_SET, WORLD_GATEWAY));
    for (size_t i = 0; i < sizeof keyed / sizeof keyed[0]; i++)
        write_policy(keyed[i][0], format(text, KEYED_SET, keyed[i][1], keyed[i][2]));
    write_policy("anonymous", format(text, ANONYMOUS_SET, ""));
    write_policy("anonymous-over", format(text, ANONYMOUS_SET, OVER));
    write_policy("all", format(text, IMAGE_SET NAMED_SET KEYED_SET ANONYMOUS_SET, hex, WORLD_PARENT,
                               "[parent.psk, friend.psk]", "", ""));
}

static void write_keys(void) {
    make_psk("parent.psk", "parent", "initiator");
    make_psk("friend.psk", "friend", "initiator");
    make_psk("impostor.psk", "parent", "initiator");
    make_psk("parent-answers.psk", "parent", "responder");
    make_psk("gateway.psk", "gateway", "responder");
    make_psk("impostor-gateway.psk", "gateway", "responder");
}

static void start_servers(void) {
    int in[2], out[2];
    char line[600];
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    servers_pid = fork();
    assert_true(servers_pid >= 0);
    if (servers_pid == 0) {
        (void)dup2(in[0], STDIN_FILENO);
        (void)dup2(out[1], STDOUT_FILENO);
        execl(program, program, "serve", w.folder, (char *)NULL);
        _exit(127);
    }
    (void)close(in[0]);
    (void)close(out[1]);
    to_servers = fdopen(in[1], "w");
    from_servers = fdopen(out[0], "r");
    assert_non_null(fgets(line, sizeof line, from_servers));
    if (strcmp(line, "ready\n") != 0) fail_msg("the servers said %s", line);
}

static grille_identity *load_psk(const char *file) {
    grille_identity *identity = NULL;
    grille_error error;
    if (grille_identity_load_psk(world_path(&w, file), &identity, &error) != GRILLE_OK) fail_msg("%s", error.text);
    return identity;
}

static int setup(void **state) {
    (void)state;
    world_init(&w, grille_program, program);
    write_keys();
    write_policies();
    assert_int_equal(grille_identity_open_nsm(world_path(&w, "sim"), &callers[NITRO], NULL), GRILLE_OK);
    callers[X509] = grille_identity_ref(w.parent);
    callers[PSK] = load_psk("parent.psk");
    assert_int_equal(grille_identity_new_anonymous(&callers[ANONYMOUS], NULL), GRILLE_OK);
    start_servers();
    return 0;
}

static int teardown(void **state) {
    int status = 0;
    (void)state;
    (void)fclose(to_servers);
    assert_int_equal(waitpid(servers_pid, &status, 0), servers_pid);
    assert_int_equal(status, 0);
    assert_null(fgets((char[64]){0}, 64, from_servers)); /* nobody was refused that the tests did not ask about */
    (void)fclose(from_servers);
    for (size_t i = 0; i < KINDS; i++)
        grille_identity_free(callers[i]);
    world_deinit(&w);
    return 0;
}

/* One attempt only: what the servers say is one line for each refusal. */
static grille_channel *open_channel(const char *server, const grille_identity *identity, const char *policy_name) {
    grille_channel_options options = grille_channel_options_default();
    grille_policy *policy = load_policy(policy_name);
    grille_channel *channel = NULL;
    grille_error error;
    options.policy = policy;
    options.identity = identity;
    options.first_backoff_ms = options.longest_backoff_ms = 600000;
    if (grille_channel_open(world_unix(&w, server), &options, &channel, &error) != GRILLE_OK) {
        fail_msg("%s: %s", error.name, error.text);
    }
    grille_policy_free(policy);
    return channel;
}

static void is_accepted(const char *server, const grille_identity *identity, const char *policy, kind responder,
                        const char *seen) {
    grille_channel *channel = open_channel(server, identity, policy);
    const bool anonymous = strncmp(seen, "anonymous", 9) == 0;
    grille_peer_identity peer;
    grille_error error;
    char answer[600];
    if (grille_channel_wait_ready(channel, 20000, &error) != GRILLE_OK) fail_msg("%s: %s", error.name, error.text);
    assert_int_equal(grille_channel_get_peer(channel, &peer), GRILLE_OK);
    assert_string_equal(grille_identity_kind_name(peer.kind), kind_names[responder]);
    assert_string_equal(peer.psk_id, responder == PSK ? "gateway" : "");
    assert_int_equal(e2e_call(channel, E2E_ECHO, "peer", NULL, answer, sizeof answer), GRILLE_OK);
    assert_string_equal(answer, seen);
    assert_int_equal(e2e_call(channel, E2E_WORK, "peer", NULL, answer, sizeof answer),
                     anonymous ? GRILLE_PERMISSION_DENIED : GRILLE_OK);
    assert_int_equal(e2e_call(channel, E2E_SECRET, "peer", NULL, answer, sizeof answer), GRILLE_PERMISSION_DENIED);
    grille_channel_close(channel);
}

/* By us when the reason is an ATTEST- one of ours, else by the server, which says `by_server`. */
static void is_refused(const char *server, const grille_identity *identity, const char *policy, const char *by_us,
                       const char *by_server) {
    grille_channel *channel = open_channel(server, identity, policy);
    grille_error error;
    char answer[600], line[600];
    assert_int_equal(
        e2e_call(channel, E2E_ECHO, "peer", &GRILLE_CALL_OPTIONS(.wait_for_ready = true), answer, sizeof answer),
        GRILLE_UNAUTHENTICATED);
    assert_int_equal(grille_channel_wait_ready(channel, 20000, &error), GRILLE_UNAUTHENTICATED);
    grille_channel_close(channel);
    assert_string_equal(error.name, by_us != NULL ? by_us : "GATE-REFUSED-BY-PEER");
    if (by_us != NULL) return;
    assert_non_null(fgets(line, sizeof line, from_servers));
    line[strcspn(line, "\n")] = '\0';
    assert_string_equal(line, by_server);
}

/* ---- Every kind with every kind ---- */

/* What the handler sees of a caller, by the policy that accepted it. */
static const char *seen_as(kind caller, const char *policy) {
    switch (caller) {
    case NITRO:
        return strcmp(policy, "self") == 0 ? "nitro/our image/" : "nitro/images/";
    case X509:
        return "x509/named/";
    case PSK:
        return "psk/keyed/parent";
    default:
        return "anonymous/anybody/";
    }
}

/* Policies of a caller: one that accepts the server's kind, and one that does not. */
static const char *policy_for(kind responder, kind caller, bool fits) {
    static const char *const others[] = {[NITRO] = "gateway-x509", [X509] = "gateway-psk", [PSK] = "nitro"};
    static const char *const fitting[] = {[NITRO] = "nitro", [X509] = "gateway-x509", [PSK] = "gateway-psk"};
    if (fits && responder == NITRO && caller == NITRO) return "self"; /* an enclave knows its own image by itself */
    return fits ? fitting[responder] : others[responder];
}

static bool accepts(const server_row *server, kind caller) {
    const char *accepted = strcmp(server->policy, "self") == 0 ? "nitro" : server->policy;
    return strcmp(accepted, "all") == 0 || strcmp(accepted, kind_names[caller]) == 0;
}

static void test_every_kind_with_every_kind(void **state) {
    enum { EACH = 15 }; /* servers[EACH] and after have rows of their own */
    unsigned accepted = 0, refused_by_server = 0, refused_by_caller = 0;
    (void)state;
    for (size_t i = 0; i < EACH; i++) {
        const server_row *server = &servers[i];
        for (int number = 0; number < 2 * KINDS; number++) {
            const kind caller = (kind)(number / 2);
            const bool fits = number % 2 == 0;
            const char *policy = policy_for(server->identity, caller, fits);
            if (!accepts(server, caller)) {
                is_refused(server->name, callers[caller], policy, NULL, "ATTEST-KIND-REFUSED");
                refused_by_server++;
            } else if (!fits) {
                is_refused(server->name, callers[caller], policy, "ATTEST-KIND-REFUSED", NULL);
                refused_by_caller++;
            } else {
                is_accepted(server->name, callers[caller], policy, server->identity, seen_as(caller, server->policy));
                accepted++;
            }
        }
    }
    print_message("callers by servers and policies: %u accepted, %u refused by the server, %u by the caller\n",
                  accepted, refused_by_server, refused_by_caller);
    assert_int_equal(accepted, 24);
    assert_int_equal(refused_by_caller, 24);
    assert_int_equal(refused_by_server, 72);
}

/* ---- Kinds that fit, and something else that does not ---- */

static void test_what_else_does_not_fit(void **state) {
    static const struct {
        const char *server;
        kind caller;
        const char *policy, *by_us, *by_server;
    } rows[] = {
        /* the server refuses */
        {"x509-self", NITRO, "gateway-x509", NULL, "ATTEST-NO-SELF"},
        {"x509-other-image", NITRO, "gateway-x509", NULL, "ATTEST-PCR-MISMATCH"},
        {"x509-other-name", X509, "gateway-x509", NULL, "ATTEST-CERT-NAME"},
        {"x509-psk-other-id", PSK, "gateway-x509", NULL, "ATTEST-PSK-MISMATCH"},
        {"x509-psk-other-key", PSK, "gateway-x509", NULL, "ATTEST-PSK-MISMATCH"},
        {"x509-psk-other-role", PSK, "gateway-x509", NULL, "ATTEST-PSK-MISMATCH"},
        {"x509-psk-over", PSK, "gateway-x509", NULL, "ATTEST-SET-EXPIRED"},
        {"x509-psk-build", PSK, "gateway-x509", NULL, "ATTEST-BUILD-TOO-OLD"},
        {"x509-anonymous-over", ANONYMOUS, "gateway-x509", NULL, "ATTEST-SET-EXPIRED"},
        /* the caller refuses */
        {"nitro-all", NITRO, "other-image", "ATTEST-PCR-MISMATCH", NULL},
        {"nitro-all", X509, "self", "ATTEST-NO-SELF", NULL},
        {"nitro-all", PSK, "self", "ATTEST-NO-SELF", NULL},
        {"nitro-all", ANONYMOUS, "other-image", "ATTEST-PCR-MISMATCH", NULL},
        {"x509-all", PSK, "other-name", "ATTEST-CERT-NAME", NULL},
        {"psk-all", X509, "gateway-other-key", "ATTEST-PSK-MISMATCH", NULL},
        {"psk-all", NITRO, "psk", "ATTEST-PSK-MISMATCH", NULL}, /* keys of initiators, and no such id */
        {"psk-all", PSK, "gateway-over", "ATTEST-SET-EXPIRED", NULL},
        {"x509-all", X509, "anonymous", "ATTEST-KIND-REFUSED", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        is_refused(rows[i].server, callers[rows[i].caller], rows[i].policy, rows[i].by_us, rows[i].by_server);
}

/* Another id of the same set, and keys that are right for nobody. */
static void test_keys(void **state) {
    grille_identity *friend = load_psk("friend.psk"), *impostor = load_psk("impostor.psk");
    (void)state;
    is_accepted("psk-psk", friend, "gateway-psk", PSK, "psk/keyed/friend");
    is_refused("psk-psk", impostor, "gateway-psk", NULL, "ATTEST-PSK-MISMATCH");
    is_accepted("x509-psk-other-key", impostor, "gateway-x509", X509, "psk/keyed/parent");
    grille_identity_free(friend);
    grille_identity_free(impostor);
}

/* An identity that can prove nothing in its role is refused where it is given. */
static void test_identities_of_the_wrong_role(void **state) {
    grille_policy *policy = load_policy("all");
    grille_identity *answers = load_psk("gateway.psk");
    const grille_identity *const no_servers[] = {callers[PSK], callers[ANONYMOUS]};
    grille_channel_options channel_options = grille_channel_options_default();
    grille_server_options server_options = grille_server_options_default();
    grille_channel *channel = NULL;
    grille_server *server = NULL;
    grille_error error;
    (void)state;
    channel_options.policy = server_options.policy = policy;
    channel_options.identity = answers;
    assert_int_equal(grille_channel_open(world_unix(&w, "nobody"), &channel_options, &channel, &error),
                     GRILLE_FAILED_PRECONDITION);
    assert_string_equal(error.name, "ATTEST-IDENTITY");
    for (size_t i = 0; i < 2; i++) {
        server_options.identity = no_servers[i];
        assert_int_equal(grille_server_new(&server_options, &server, &error), GRILLE_FAILED_PRECONDITION);
        assert_string_equal(error.name, "ATTEST-IDENTITY");
        assert_null(server);
    }
    server_options.identity = answers;
    assert_int_equal(grille_server_new(&server_options, &server, &error), GRILLE_OK);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(grille_server_replace_identity(server, no_servers[i], &error), GRILLE_FAILED_PRECONDITION);
    grille_server_free(server);
    channel_options.identity = callers[PSK];
    assert_int_equal(grille_channel_open(world_unix(&w, "nobody"), &channel_options, &channel, &error), GRILLE_OK);
    assert_int_equal(grille_channel_replace_identity(channel, answers, &error), GRILLE_FAILED_PRECONDITION);
    grille_channel_close(channel);
    grille_identity_free(answers);
    grille_policy_free(policy);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind_with_every_kind),
        cmocka_unit_test(test_what_else_does_not_fit),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_identities_of_the_wrong_role),
    };
    if (argc == 3 && strcmp(argv[1], "serve") == 0) return serve(argv[2]);
    if (argc != 3) return 2;
    grille_program = argv[1];
    if (readlink("/proc/self/exe", program, sizeof program - 1) < 0) return 2;
    return cmocka_run_group_tests(tests, setup, teardown);
}
