/* SPDX-License-Identifier: Apache-2.0
 * Goal: the rows of calls do each pattern exactly so often as they were told, between two processes and in one, without
 * errors, and in steady state without a heap call of their own; they take whom they trust from a folder and say what is
 * wrong with it. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmocka_all.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HEAP_IS_COUNTED 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HEAP_IS_COUNTED 0
#endif
#endif
#ifndef HEAP_IS_COUNTED
#define HEAP_IS_COUNTED 1
#endif

#define CALLS "    may_call: [\"/grille.bench.v1.Echo/*\"]\n"

enum { MOST_WORDS = 48 };

static const char *attested, *insecure, *grille, *measure;
static char folder[64];

/* ---- Programs ---- */

typedef struct process {
    pid_t pid;
    int input;
    int output;
    int errors;
} process;

static process start(const char *const *words) {
    int pipes[3][2];
    process made;
    for (int i = 0; i < 3; i++)
        assert_int_equal(pipe2(pipes[i], O_CLOEXEC), 0);
    made = (process){fork(), pipes[0][1], pipes[1][0], pipes[2][0]};
    assert_true(made.pid >= 0);
    if (made.pid == 0) {
        (void)dup2(pipes[0][0], STDIN_FILENO);
        (void)dup2(pipes[1][1], STDOUT_FILENO);
        (void)dup2(pipes[2][1], STDERR_FILENO);
        (void)execv(words[0], (char *const *)(uintptr_t)words);
        _exit(127);
    }
    (void)close(pipes[0][0]);
    (void)close(pipes[1][1]);
    (void)close(pipes[2][1]);
    return made;
}

static void read_all(int fd, char *text, size_t size) {
    size_t at = 0;
    ssize_t got = 0;
    while (at + 1 < size && (got = read(fd, text + at, size - 1 - at)) > 0)
        at += (size_t)got;
    text[at] = 0;
    (void)close(fd);
}

static int end_of(process *one) {
    int status = 0;
    if (one->input >= 0) (void)close(one->input);
    assert_int_equal(waitpid(one->pid, &status, 0), one->pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void run_quietly(const char *const *words, const char *output) {
    process one = start(words);
    static char text[8192], errors[2048];
    read_all(one.output, text, sizeof text);
    read_all(one.errors, errors, sizeof errors);
    if (end_of(&one) != 0) fail_msg("%s: %s", words[0], errors);
    if (output == NULL) return;
    FILE *file = fopen(output, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* ---- The folder ---- */

static const char *in_folder(const char *name) {
    static char paths[8][128];
    static unsigned next;
    char *path = paths[next++ % 8];
    (void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *text) {
    FILE *file = fopen(in_folder(name), "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void trust(const char *side, const char *kind, const char *peer, const char *may_call) {
    char name[64], text[512];
    const char *rule = strcmp(kind, "nitro") == 0 ? "    measurements: measurements.json\n"
                       : strcmp(kind, "psk") == 0 ? "    psk: %s.psk\n"
                                                  : "    ca: ca/ca.pem\n    names: [\"spiffe://bench/%s\"]\n";
    char rules[128];
    (void)snprintf(rules, sizeof rules, rule, peer);
    (void)snprintf(text, sizeof text, "%speers:\n  - name: %s\n    kind: %s\n%s%s",
                   strcmp(kind, "nitro") == 0 ? "insecure_development_root: sim/insecure-root.pem\n" : "", peer, kind,
                   rules, may_call);
    (void)snprintf(name, sizeof name, "%s.policy.yaml", side);
    write_file(name, text);
}

static void use_kinds(const char *server, const char *client) {
    write_file("server.kind", server);
    write_file("client.kind", client);
    trust("server", client, "client", CALLS);
    trust("client", server, "server", "");
}

/* Rests for two seconds while the other tests run. */
static void start_idle(void);

static int set_up(void **state) {
    static const char *const sides[] = {"client", "server"};
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/bench-rpc.XXXXXX");
    assert_non_null(mkdtemp(folder));
    run_quietly((const char *const[]){grille, "identity", "new", "ca", in_folder("ca"), NULL}, NULL);
    run_quietly((const char *const[]){grille, "sim", "init", in_folder("sim"), NULL}, NULL);
    run_quietly((const char *const[]){measure, attested, NULL}, in_folder("measurements.json"));
    for (int i = 0; i < 2; i++) {
        char name[64], psk[64];
        (void)snprintf(name, sizeof name, "spiffe://bench/%s", sides[i]);
        (void)snprintf(psk, sizeof psk, "%s.psk", sides[i]);
        run_quietly((const char *const[]){grille, "identity", "new", "x509", in_folder(sides[i]), "--ca",
                                          in_folder("ca"), "--name", name, NULL},
                    NULL);
        run_quietly((const char *const[]){grille, "identity", "new", "psk", "--id", sides[i], "--role",
                                          i == 0 ? "initiator" : "responder", "-o", in_folder(psk), NULL},
                    NULL);
    }
    use_kinds("x509", "x509");
    start_idle();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    run_quietly((const char *const[]){"/bin/rm", "-rf", folder, NULL}, NULL);
    return 0;
}

/* ---- A server and a load ---- */

typedef struct run {
    process server; /* pid 0: none */
    process load;
    char address[256];
    char counters[128]; /* empty: nothing is counted */
    int code;
    char answer[65536]; /* what the load printed */
    char errors[4096];
} run;

static process start_agent(const char *program, const char *verb, const char *const *options, const run *one) {
    const char *words[MOST_WORDS] = {program, verb, strcmp(program, insecure) == 0 ? "rpc-insecure" : "rpc-attested"};
    char pid[24];
    size_t count = 3;
    (void)snprintf(pid, sizeof pid, "%d", (int)one->server.pid);
    const char *const fixed[][2] = {{"--to", one->address},
                                    {"--folder", folder},
                                    {"--counters", one->counters},
                                    {"--server-pid", one->server.pid > 0 ? pid : ""},
                                    {"--spin-us", "0"}};
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
        if (fixed[i][1][0] == 0) continue;
        words[count++] = fixed[i][0];
        words[count++] = fixed[i][1];
    }
    for (; *options != NULL && count + 1 < MOST_WORDS; options++)
        words[count++] = *options;
    return start(words);
}

static void start_server(run *one, const char *program, const char *const *options) {
    static unsigned number;
    const char zeros[4096] = {0};
    char line[256];
    size_t at = 0;
    FILE *counters = NULL;
    (void)snprintf(one->address, sizeof one->address, "unix:%s/s%u", folder, ++number);
    (void)snprintf(one->counters, sizeof one->counters, "%s/c%u", folder, number);
    counters = fopen(one->counters, "we");
    assert_non_null(counters);
    assert_int_equal(fwrite(zeros, 1, sizeof zeros, counters), sizeof zeros);
    assert_int_equal(fclose(counters), 0);
    one->server = start_agent(program, "serve", options, one);
    while (at + 1 < sizeof line && read(one->server.output, line + at, 1) == 1 && line[at] != '\n')
        at++;
    line[at] = 0;
    if (strncmp(line, "ready ", 6) != 0) {
        read_all(one->server.errors, one->errors, sizeof one->errors);
        fail_msg("the server: %s", one->errors);
    }
    (void)snprintf(one->address, sizeof one->address, "%s", line + 6);
}

static void end_server(run *one) {
    if (one->server.pid == 0) return;
    assert_int_equal(end_of(&one->server), 0); /* its standard input ended */
    (void)close(one->server.output);
    (void)close(one->server.errors);
    one->server.pid = 0;
}

static void start_load(run *one, const char *program, const char *const *options) {
    one->load = start_agent(program, "load", options, one);
}

static void end_load(run *one) {
    read_all(one->load.output, one->answer, sizeof one->answer);
    read_all(one->load.errors, one->errors, sizeof one->errors);
    one->code = end_of(&one->load);
}

static void run_both(run *one, const char *program, const char *const *options) {
    start_server(one, program, options);
    start_load(one, program, options);
    end_load(one);
    end_server(one);
}

/* A number of the answer; -1: null. */
static long long field(const run *one, const char *name) {
    char key[64];
    const char *at = NULL;
    (void)snprintf(key, sizeof key, "\"%s\":", name);
    at = strstr(one->answer, key);
    if (at == NULL) fail_msg("no %s in: %s%s", name, one->answer, one->errors);
    at += strlen(key);
    return strncmp(at, "null", 4) == 0 ? -1 : strtoll(at, NULL, 10);
}

static long long latencies(const run *one) {
    const char *at = strstr(one->answer, "\"latency_ns\":[");
    long long sum = 0;
    assert_non_null(at);
    for (at = strchr(at + 14, ','); at != NULL; at = strchr(at + 1, '[') ? strchr(strchr(at + 1, '['), ',') : NULL)
        sum += strtoll(at + 1, NULL, 10);
    return sum;
}

/* ---- Each pattern ---- */

typedef struct pattern_row {
    const char *options[MOST_WORDS - 16];
    long long calls;
    long long bytes; /* of one call, both directions */
    const char *name;
} pattern_row;

#define ROW(calls, bytes, ...)                                                                                         \
    { {__VA_ARGS__, NULL}, calls, bytes, #__VA_ARGS__ }

static const pattern_row patterns[] = {
    /* Each once … */
    ROW(200, 128, "--pattern", "ping-pong", "--count", "200", "--connections", "3"),
    ROW(2000, 200, "--pattern", "in-flight", "--in-flight", "100", "--bytes", "100", "--count", "2000"),
    ROW(100, 128, "--pattern", "open-loop", "--rate", "2000", "--count", "100", "--connections", "2"),
    ROW(10, 1 << 20, "--pattern", "bulk", "--bytes", "1Mi", "--count", "10"),
    ROW(5000, 300, "--pattern", "stream-up", "--bytes", "300", "--count", "5000", "--in-flight", "3"),
    ROW(5000, 300, "--pattern", "stream-down", "--bytes", "300", "--count", "5000", "--in-flight", "3"),
    /* More than the windows hold: the server has to keep one and pause. */
    ROW(40, 1 << 19, "--pattern", "stream-both", "--bytes", "256Ki", "--count", "40", "--connections", "2"),
    ROW(12, 128, "--pattern", "connect", "--in-flight", "3", "--count", "12"),
    /* … and in other ways. */
    ROW(100, 128, "--pattern", "ping-pong", "--count", "100", "--idle-streams", "700", "--connections", "2"),
    ROW(100, 128, "--pattern", "ping-pong", "--count", "100", "--idle-connections", "40", "--idle-streams", "10"),
    ROW(300, 128, "--pattern", "in-flight", "--in-flight", "2", "--connections", "5", "--count", "300"),
    ROW(20, 1 << 18, "--pattern", "bulk", "--bytes", "256Ki", "--in-flight", "4", "--count", "20"),
    ROW(40, 1 << 18, "--pattern", "stream-up", "--bytes", "256Ki", "--count", "40", "--connections", "2"),
    ROW(40, 1 << 18, "--pattern", "stream-down", "--bytes", "256Ki", "--count", "40", "--connections", "2"),
    ROW(5000, 600, "--pattern", "stream-both", "--bytes", "300", "--count", "5000", "--in-flight", "3"),
};

enum { PATTERNS = sizeof patterns / sizeof patterns[0], EACH_ONCE = 8 };

static void check_answer(const run *one, const pattern_row *row, const char *cipher) {
    if (one->code != 0) fail_msg("%s: exit code %d: %s", row->name, one->code, one->errors);
    if (field(one, "calls") != row->calls || field(one, "errors") != 0 || latencies(one) != row->calls ||
        field(one, "message_bytes") != row->calls * row->bytes || field(one, "wall_ns") <= 0 ||
        strstr(one->answer, cipher) == NULL) {
        fail_msg("%s: %s %s", row->name, one->answer, one->errors);
    }
}

static void test_each_pattern_between_two_processes(void **state) {
    static run one;
    (void)state;
    for (int i = 0; i < PATTERNS; i++) {
        run_both(&one, attested, patterns[i].options);
        check_answer(&one, &patterns[i], "\"cipher\":\"TLS13-");
        assert_true(field(&one, "client_cpu_ns") > 0 && field(&one, "server_cpu_ns") > 0);
    }
}

static void test_each_pattern_without_a_channel(void **state) {
    static run one;
    (void)state;
    for (int i = 0; i < EACH_ONCE; i++) {
        run_both(&one, insecure, patterns[i].options);
        check_answer(&one, &patterns[i], "\"cipher\":\"none\"");
    }
}

static void test_each_pattern_in_one_process(void **state) {
    static run one;
    (void)state;
    for (int i = 0; i < PATTERNS; i++) {
        (void)snprintf(one.address, sizeof one.address, "inproc:bench");
        start_load(&one, attested, patterns[i].options);
        end_load(&one);
        check_answer(&one, &patterns[i], "\"cipher\":\"TLS13-");
    }
}

static run idle;

static void start_idle(void) {
    static const char *const options[] = {"--pattern", "idle", "--connections", "30", NULL};
    start_server(&idle, attested, options);
    start_load(&idle, attested, options);
}

static void test_idle_connections(void **state) {
    (void)state;
    end_load(&idle);
    end_server(&idle);
    if (idle.code != 0) fail_msg("%s", idle.errors);
    assert_int_equal(field(&idle, "calls"), 30);
    assert_int_equal(field(&idle, "errors"), 0);
    assert_true(field(&idle, "server_first_rss_kib") > 0);
    assert_true(field(&idle, "server_rss_kib") > field(&idle, "server_first_rss_kib"));
}

/* More than a server takes as a rule: its limits follow. */
static void test_many_idle_connections_beside_calls(void **state) {
    static const pattern_row row =
        ROW(100, 128, "--pattern", "ping-pong", "--count", "100", "--idle-connections", "1100");
    static run one;
    (void)state;
    run_both(&one, insecure, row.options);
    check_answer(&one, &row, "\"cipher\":\"none\"");
}

/* ---- An idle connection that falls ---- */

enum { MOST_LEGS = 8, FALLS_AFTER = 100 };

typedef struct leg {
    int ends[2]; /* of the load, of the server; -1: over */
} leg;

static struct sockaddr_un name_of(const char *path) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    (void)snprintf(name.sun_path, sizeof name.sun_path, "%s", path);
    return name;
}

static int listen_at(const char *path) {
    const struct sockaddr_un name = name_of(path);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(listen(fd, 8), 0);
    return fd;
}

static leg take_leg(int listener, const char *server) {
    const struct sockaddr_un name = name_of(server);
    const leg made = {{accept4(listener, NULL, NULL, SOCK_CLOEXEC), socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)}};
    assert_true(made.ends[0] >= 0);
    assert_int_equal(connect(made.ends[1], (const struct sockaddr *)&name, sizeof name), 0);
    return made;
}

static void end_leg(leg *one) {
    for (int i = 0; i < 2; i++) {
        if (one->ends[i] >= 0) (void)close(one->ends[i]);
        one->ends[i] = -1;
    }
}

/* One read's worth from one end to the other; an end of the stream ends the leg. */
static void carry(leg *one, int from) {
    static char bytes[65536];
    const ssize_t got = read(one->ends[from], bytes, sizeof bytes);
    if (got <= 0 || send(one->ends[1 - from], bytes, (size_t)got, MSG_NOSIGNAL) != got) end_leg(one);
}

/* Stands between a load and its server until the first connection ends, which is that of the calls. The second falls in
 * their midst, and they wait until the load has dialled again. */
static void relay(int listener, const char *server) {
    leg legs[MOST_LEGS];
    unsigned count = 1, carried = 0, count_when_fallen = 0;
    for (legs[0] = take_leg(listener, server); legs[0].ends[0] >= 0;) {
        struct pollfd fds[1 + 2 * MOST_LEGS] = {{.fd = listener, .events = POLLIN}};
        const bool waits = count_when_fallen > 0 && count == count_when_fallen;
        for (unsigned i = 0; i < 2 * count; i++)
            fds[1 + i] = (struct pollfd){.fd = i < 2 && waits ? -1 : legs[i / 2].ends[i % 2], .events = POLLIN};
        assert_true(poll(fds, 1 + 2 * count, -1) > 0);
        for (unsigned i = 0; i < 2 * count; i++) {
            if (fds[1 + i].revents == 0 || legs[i / 2].ends[0] < 0) continue;
            carry(&legs[i / 2], (int)(i % 2));
            if (i < 2) carried++;
        }
        if (fds[0].revents != 0) {
            assert_true(count < MOST_LEGS);
            legs[count++] = take_leg(listener, server);
        }
        if (count_when_fallen > 0 || carried < FALLS_AFTER) continue;
        assert_int_equal(count, 3);
        end_leg(&legs[1]);
        count_when_fallen = count;
    }
    while (count > 0)
        end_leg(&legs[--count]);
}

static void test_an_idle_connection_that_falls_is_an_error(void **state) {
    static const char *const options[] = {"--pattern", "ping-pong", "--count", "400", "--idle-connections", "2", NULL};
    static run one;
    char server[sizeof one.address];
    (void)state;
    start_server(&one, attested, options);
    memcpy(server, one.address, sizeof server);
    (void)snprintf(one.address, sizeof one.address, "unix:%s", in_folder("relay"));
    const int listener = listen_at(in_folder("relay"));
    start_load(&one, attested, options);
    relay(listener, server + strlen("unix:"));
    end_load(&one);
    (void)close(listener);
    end_server(&one);
    assert_int_equal(one.code, 1);
    assert_string_equal(one.answer, "");
    if (strncmp(one.errors, "bench: of 2 idle connections ", 29) != 0) fail_msg("%s", one.errors);
}

/* ---- Heap calls ---- */

/* What a connection gives back while a busy machine lets it rest is taken anew: such a run says nothing. */
static void expect_no_heap_calls(const char *program, const char *const *options) {
    static run one;
    long long client = -1, server = -1;
    for (int i = 0; i < 20 && (client != 0 || server != 0); i++) {
        run_both(&one, program, options);
        if (one.code != 0) fail_msg("%s", one.errors);
        client = field(&one, "client_heap_calls");
        server = field(&one, "server_heap_calls");
    }
    if (client != 0 || server != 0)
        fail_msg("%s: %lld heap calls of the client, %lld of the server", options[1], client, server);
}

/* A sanitizer's heap is not counted, and that is said. */
static void expect_unknown_heap_calls(const char *program, const char *const *options) {
    static run one;
    run_both(&one, program, options);
    if (one.code != 0) fail_msg("%s", one.errors);
    assert_non_null(strstr(one.answer, "\"client_heap_calls\":null"));
    assert_non_null(strstr(one.answer, "\"server_heap_calls\":null"));
}

static void test_calls_take_no_heap(void **state) {
    static const char *const ping_pong[] = {"--pattern", "ping-pong", "--count", "1000", NULL};
    static const char *const in_flight[] = {"--pattern", "in-flight", "--in-flight", "100", "--count", "5000", NULL};
    (void)state;
    if (!HEAP_IS_COUNTED) {
        expect_unknown_heap_calls(attested, ping_pong);
        return;
    }
    expect_no_heap_calls(attested, ping_pong);
    expect_no_heap_calls(attested, in_flight);
    expect_no_heap_calls(insecure, ping_pong);
    expect_no_heap_calls(insecure, in_flight);
}

/* ---- Whom it trusts ---- */

static void test_kinds(void **state) {
    static const char *const kinds[][2] = {{"nitro", "x509"}, {"x509", "nitro"}, {"nitro", "nitro"}, {"psk", "psk"}};
    static const pattern_row row = ROW(4, 128, "--pattern", "connect", "--count", "4");
    static run one;
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        use_kinds(kinds[i][0], kinds[i][1]);
        run_both(&one, attested, row.options);
        check_answer(&one, &row, "\"cipher\":\"TLS13-");
    }
    use_kinds("x509", "x509");
}

/* Identity and policy of a server elsewhere are where two more lines say. */
static void test_paths_instead_of_the_folder(void **state) {
    static const pattern_row row = ROW(4, 128, "--pattern", "ping-pong", "--count", "4");
    static run one;
    char lines[256];
    (void)state;
    (void)snprintf(lines, sizeof lines, "x509\n%s\n%s\n", in_folder("moved"), in_folder("elsewhere.yaml"));
    assert_int_equal(rename(in_folder("client"), in_folder("moved")), 0);
    assert_int_equal(rename(in_folder("client.policy.yaml"), in_folder("elsewhere.yaml")), 0);
    write_file("client.kind", lines);
    run_both(&one, attested, row.options);
    check_answer(&one, &row, "\"cipher\":\"TLS13-");
    assert_int_equal(rename(in_folder("moved"), in_folder("client")), 0);
    use_kinds("x509", "x509");
}

static void expect_failure(const char *program, const char *verb, const char *in_error) {
    static const char *const none[] = {NULL};
    static run one;
    (void)snprintf(one.address, sizeof one.address, "unix-abstract:grille-bench-nobody-%d", (int)getpid());
    one.load = start_agent(program, verb, none, &one);
    end_load(&one);
    assert_int_equal(one.code, 1);
    if (strstr(one.errors, in_error) == NULL) fail_msg("no \"%s\" in: %s", in_error, one.errors);
    assert_string_equal(one.answer, "");
}

static void test_a_wrong_folder(void **state) {
    char kept[sizeof folder];
    (void)state;
    write_file("server.kind", "x510\n");
    expect_failure(attested, "serve", "server.kind: observed \"x510\", expected x509, nitro or psk");
    write_file("server.kind", "psk\n/nowhere/at.all\n");
    expect_failure(attested, "serve", "/nowhere/at.all");
    use_kinds("x509", "x509");
    write_file("client.policy.yaml", "peers: []\n");
    expect_failure(attested, "load", "client.policy.yaml:1");
    use_kinds("x509", "x509");
    memcpy(kept, folder, sizeof kept);
    (void)snprintf(folder, sizeof folder, "/nowhere");
    expect_failure(attested, "load", "/nowhere/client/identity.pem");
    expect_failure(attested, "serve", "/nowhere/server/identity.pem");
    folder[0] = 0;
    expect_failure(attested, "load", "needs --folder");
    memcpy(folder, kept, sizeof folder);
}

static void test_a_server_that_refuses(void **state) {
    static const char *const options[] = {"--pattern", "in-flight", "--count", "10", NULL};
    static run one;
    (void)state;
    trust("server", "x509", "client", "    may_call: [\"/grille.bench.v1.Other/*\"]\n");
    run_both(&one, attested, options);
    assert_int_equal(one.code, 1);
    assert_non_null(strstr(one.errors, "PERMISSION_DENIED"));
    use_kinds("x509", "x509");
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_pattern_between_two_processes),
        cmocka_unit_test(test_each_pattern_without_a_channel),
        cmocka_unit_test(test_each_pattern_in_one_process),
        cmocka_unit_test(test_many_idle_connections_beside_calls),
        cmocka_unit_test(test_an_idle_connection_that_falls_is_an_error),
        cmocka_unit_test(test_calls_take_no_heap),
        cmocka_unit_test(test_idle_connections),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_paths_instead_of_the_folder),
        cmocka_unit_test(test_a_wrong_folder),
        cmocka_unit_test(test_a_server_that_refuses),
    };
    if (argc != 5) return 2;
    attested = argv[1];
    insecure = argv[2];
    grille = argv[3];
    measure = argv[4];
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
