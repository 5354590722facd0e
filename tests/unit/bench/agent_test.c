/* SPDX-License-Identifier: Apache-2.0
 * Goal: a server and a load in two processes do every pattern of the plain rows over every transport, count exactly,
 * say what is wrong, and leave nothing behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { WORDS = 40, TEXT = 65536 };

static const char *program;
static char folder[] = "/tmp/bench-agent-XXXXXX";

typedef struct process {
    pid_t pid;
    int input; /* its end is a server's end */
    int output;
    int errors;
} process;

/* `words` are separated by spaces. */
static process start(const char *words) {
    char text[1024];
    char *argv[WORDS] = {(char *)(uintptr_t)program};
    char *rest = NULL;
    int pipes[3][2];
    process made = {.pid = -1};
    size_t count = 1;
    (void)snprintf(text, sizeof text, "%s", words);
    for (char *word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        assert_true(count + 1 < WORDS);
        argv[count++] = word;
    }
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pipe2(pipes[i], O_CLOEXEC), 0);
    made.pid = fork();
    assert_true(made.pid >= 0);
    if (made.pid == 0) {
        (void)dup2(pipes[0][0], STDIN_FILENO);
        (void)dup2(pipes[1][1], STDOUT_FILENO);
        (void)dup2(pipes[2][1], STDERR_FILENO);
        (void)execv(program, argv);
        _exit(127);
    }
    (void)close(pipes[0][0]);
    (void)close(pipes[1][1]);
    (void)close(pipes[2][1]);
    made.input = pipes[0][1];
    made.output = pipes[1][0];
    made.errors = pipes[2][0];
    return made;
}

static void read_all(int fd, char *text, size_t size) {
    size_t len = 0;
    ssize_t got = 0;
    while (len + 1 < size && (got = read(fd, text + len, size - 1 - len)) > 0)
        len += (size_t)got;
    text[len] = 0;
}

/* The exit code, and what is left of both outputs. */
static int finish(process *one, char *output, char *errors) {
    int status = 0;
    read_all(one->output, output, TEXT);
    read_all(one->errors, errors, TEXT);
    assert_int_equal(waitpid(one->pid, &status, 0), one->pid);
    if (one->input >= 0) (void)close(one->input);
    (void)close(one->output);
    (void)close(one->errors);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run(const char *words, char *output, char *errors) {
    process one = start(words);
    return finish(&one, output, errors);
}

/* The address that it is ready at. */
static process serve(const char *words, char address[256]) {
    process server = start(words);
    char line[256];
    size_t len = 0;
    while (len + 1 < sizeof line && read(server.output, line + len, 1) == 1 && line[len] != '\n')
        len++;
    line[len] = 0;
    if (strncmp(line, "ready ", 6) != 0) {
        static char errors[TEXT];
        static char output[TEXT];
        const int code = finish(&server, output, errors);
        fail_msg("%s: said \"%s\", exit %d: %s", words, line, code, errors);
    }
    (void)snprintf(address, 256, "%s", line + 6);
    return server;
}

static void stop_by_input(process *server) {
    static char output[TEXT];
    static char errors[TEXT];
    int code = 0;
    assert_int_equal(close(server->input), 0);
    server->input = -1;
    code = finish(server, output, errors);
    if (code != 0 || errors[0] != 0) fail_msg("the server's exit code is %d: %s", code, errors);
    assert_string_equal(output, "");
}

static uint64_t number(const char *line, const char *name) {
    char key[64];
    const char *found = NULL;
    (void)snprintf(key, sizeof key, "\"%s\":", name);
    found = strstr(line, key);
    assert_non_null(found);
    return strtoull(found + strlen(key), NULL, 10);
}

/* Adds up the histogram's counts. */
static uint64_t latencies(const char *line) {
    const char *at = strstr(line, "\"latency_ns\":[");
    uint64_t sum = 0;
    assert_non_null(at);
    while ((at = strchr(at, ',')) != NULL) {
        if (at[1] != '[') sum += strtoull(at + 1, NULL, 10);
        at++;
    }
    return sum;
}

typedef struct pattern {
    const char *words;
    uint64_t calls;
    uint64_t message_bytes; /* of one call */
} pattern;

static const pattern patterns[] = {
    {"--pattern ping-pong --bytes 64 --count 50", 50, 128},
    {"--pattern ping-pong --bytes 64 --count 50 --connections 3", 50, 128},
    {"--pattern ping-pong --bytes 64 --count 50 --connections 2 --idle-connections 4", 50, 128},
    {"--pattern in-flight --bytes 100 --in-flight 10 --count 205", 205, 200},
    {"--pattern in-flight --bytes 100000 --in-flight 20 --connections 3 --count 101", 101, 200000},
    {"--pattern open-loop --bytes 64 --rate 20000 --count 100", 100, 128},
    {"--pattern bulk --bytes 1Mi --count 4 --in-flight 2 --warm-up-ms 0", 4, 1048576},
    {"--pattern stream-up --bytes 1000 --count 1000 --connections 2", 1000, 1000},
    {"--pattern stream-up --bytes 300000 --count 5", 5, 300000},
    {"--pattern stream-down --bytes 1000 --count 1000", 1000, 1000},
    {"--pattern stream-both --bytes 1000 --count 1000", 1000, 2000},
    {"--pattern connect --bytes 64 --count 5 --in-flight 2 --warm-up-ms 0", 5, 128},
    {"--pattern idle --bytes 64 --connections 3 --seconds 0.001", 3, 128},
};
enum { PATTERNS = sizeof patterns / sizeof *patterns };

static void check(const char *what, const pattern *expected, const char *cipher, int code, const char *line,
                  const char *errors) {
    char named[64];
    if (code != 0 || errors[0] != 0) fail_msg("%s: exit %d: %s", what, code, errors);
    assert_int_equal(line[strlen(line) - 1], '\n');
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    if (number(line, "calls") != expected->calls) fail_msg("%s: %.200s", what, line);
    assert_int_equal(number(line, "errors"), 0);
    assert_int_equal(number(line, "message_bytes"), expected->calls * expected->message_bytes);
    assert_int_equal(latencies(line), expected->calls);
    assert_true(number(line, "wall_ns") > 0);
    (void)snprintf(named, sizeof named, "\"cipher\":\"%s\"", cipher);
    assert_non_null(strstr(line, named));
}

static void do_pattern(const char *row, const char *cipher, const char *address, const pattern *one) {
    static char output[TEXT];
    static char errors[TEXT];
    char words[1024];
    char bound[256];
    int code = 0;
    if (strncmp(address, "inproc:", 7) == 0) {
        (void)snprintf(words, sizeof words, "load %s --to %s %s", row, address, one->words);
        code = run(words, output, errors);
        check(words, one, cipher, code, output, errors);
        /* Both threads' CPU is known; nobody else's memory. */
        assert_null(strstr(output, "cpu_ns\":null"));
        assert_non_null(strstr(output, "\"server_rss_kib\":null"));
        return;
    }
    (void)snprintf(words, sizeof words, "serve %s --to %s %s --counters %s/counters", row, address, one->words, folder);
    process server = serve(words, bound);
    (void)snprintf(words, sizeof words, "load %s --to %s %s --counters %s/counters --server-pid %d", row, bound,
                   one->words, folder, (int)server.pid);
    code = run(words, output, errors);
    check(words, one, cipher, code, output, errors);
    assert_true(number(output, "server_rss_kib") > 0 && number(output, "client_rss_kib") > 0);
    assert_null(strstr(output, "cpu_ns\":null"));
    assert_true((strstr(output, "\"server_first_rss_kib\":null") == NULL) == (strstr(words, " idle ") != NULL));
    stop_by_input(&server);
}

/* Records don't know what carries them: TLS does all over one transport, and over the others what differs most. */
static bool is_for(const char *row, size_t transport, const pattern *one) {
    if (strcmp(row, "raw") == 0 || transport == 0) return true;
    return strstr(one->words, "--bytes 100000") != NULL || strstr(one->words, "connect ") != NULL ||
           strstr(one->words, "stream-up --bytes 1000") != NULL;
}

static void do_all(const char *row, const char *cipher) {
    static const char *const transports[] = {"unix:%s/socket", "tcp:127.0.0.1:0", "hybrid:%s/vm:5000", "inproc:bench"};
    for (size_t t = 0; t < sizeof transports / sizeof *transports; t++) {
        for (size_t p = 0; p < PATTERNS; p++) {
            char address[256];
            if (!is_for(row, t, &patterns[p])) continue;
            (void)snprintf(address, sizeof address, "%s", transports[t]);
            if (strstr(address, "%s") != NULL) {
                (void)snprintf(address, sizeof address, "%.*s%s%s", (int)(strstr(transports[t], "%s") - transports[t]),
                               transports[t], folder, strstr(transports[t], "%s") + 2);
            }
            do_pattern(row, cipher, address, &patterns[p]);
        }
    }
}

static void test_raw(void **unused) {
    (void)unused;
    do_all("raw", "none");
}

static void test_tls(void **unused) {
    (void)unused;
    do_all("tls", "TLS13-AES128-GCM-SHA256");
}

static void test_abstract_names_and_several_loops(void **unused) {
    char address[256];
    (void)unused;
    (void)snprintf(address, sizeof address, "unix-abstract:%s", folder);
    const pattern several = {"--pattern in-flight --in-flight 30 --connections 10 --count 300 --loops 3", 300, 128};
    do_pattern("raw", "none", address, &several);
}

/* In the steady state neither end asks the heap for anything. */
static void test_heap_calls_are_counted(void **unused) {
    static const char *const rows[] = {"raw", "tls"};
    static char output[TEXT];
    static char errors[TEXT];
    char words[1024];
    char bound[256];
    (void)unused;
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(words, sizeof words, "serve %s --to unix:%s/heap --counters %s/counters", rows[i], folder,
                       folder);
        process server = serve(words, bound);
        (void)snprintf(words, sizeof words, "load %s --to %s --count 1000 --counters %s/counters", rows[i], bound,
                       folder);
        assert_int_equal(run(words, output, errors), 0);
        stop_by_input(&server);
        /* A sanitizer's heap is not counted. */
        if (strstr(output, "heap_calls\":null") != NULL) continue;
        assert_int_equal(number(output, "client_heap_calls"), 0);
        assert_int_equal(number(output, "server_heap_calls"), 0);
        (void)snprintf(words, sizeof words, "serve %s --to unix:%s/heap --counters %s/counters --pattern connect",
                       rows[i], folder, folder);
        server = serve(words, bound);
        (void)snprintf(words, sizeof words, "load %s --to %s --count 10 --counters %s/counters --pattern connect",
                       rows[i], bound, folder);
        assert_int_equal(run(words, output, errors), 0);
        assert_true(number(output, "client_heap_calls") >= 10);
        assert_true(number(output, "server_heap_calls") >= 10);
        stop_by_input(&server);
    }
}

static const char *last_line(char *text) {
    size_t len = strlen(text);
    const char *begin = NULL;
    if (len > 0 && text[len - 1] == '\n') text[--len] = 0;
    begin = strrchr(text, '\n');
    return begin != NULL ? begin + 1 : text;
}

static void test_what_is_wrong_is_said(void **unused) {
    static const struct {
        const char *words;
        int code;
        const char *line;
    } wrong[] = {
        {"", 2, "agent: serve or load, and a row, are missing"},
        {"serve", 2, "agent: serve or load, and a row, are missing"},
        {"listen raw", 2, "agent: the first word is neither serve nor load"},
        {"load rpc", 2, "agent: no row is called \"rpc\""},
        {"load raw", 2, "agent: --to is missing: the server's address"},
        {"load raw --to", 2, "agent: \"--to\": expected --option and its value"},
        {"load raw to unix:x", 2, "agent: \"to\": expected --option and its value"},
        {"load raw --to unix:x --size 1", 2, "agent: --size: there is no such option"},
        {"load raw --to unix:x --bytes 1K", 2,
         "agent: --bytes: \"1K\": expected a whole number from 1 to 67108864, Ki or Mi may follow"},
        {"serve tls --to unix:x --pattern pong", 2,
         "agent: --pattern: \"pong\" is none of ping-pong in-flight open-loop bulk stream-up stream-down stream-both "
         "connect idle"},
        {"load raw --to unix:x --idle-streams 1", 3, "agent: a plain connection has no streams to stand idle"},
        {"load tls --to unix:x --idle-streams 1", 3, "agent: a plain connection has no streams to stand idle"},
        {"load raw --to unix:x --pattern connect --idle-connections 1", 2,
         "agent: --idle-connections: connect and idle open their own"},
        {"load tls --to unix:x --idle-connections 0.5", 2,
         "agent: --idle-connections: \"0.5\": expected a whole number from 0 to 100000"},
        {"load raw --to unix:/nonexistent/socket", 1,
         "agent: connect to unix:/nonexistent/socket: No such file or directory"},
        {"serve raw --to unix:/nonexistent/socket", 1,
         "agent: listen on unix:/nonexistent/socket: No such file or directory"},
        {"serve raw --to hybrid:/nonexistent/socket:5", 1,
         "agent: listen on unix:/nonexistent/socket: No such file or directory"},
        {"load raw --to fd:77", 1, "agent: connect to fd:77: Address family not supported by protocol"},
        {"load raw --to vsock:any:5", 1, "agent: connect to vsock:any:5: Address family not supported by protocol"},
        {"serve raw --to vsock:parent:5", 1,
         "agent: listen on vsock:parent:5: Address family not supported by protocol"},
        {"load raw --to unix:x --counters /nonexistent", 1,
         "agent: --counters /nonexistent: No such file or directory"},
    };
    static char output[TEXT];
    static char errors[TEXT];
    (void)unused;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const int code = run(wrong[i].words, output, errors);
        if (code != wrong[i].code) fail_msg("%s: exit %d: %s", wrong[i].words, code, errors);
        assert_string_equal(last_line(errors), wrong[i].line);
        assert_string_equal(output, "");
    }
    assert_int_equal(run("load raw --to socket", output, errors), 1);
    assert_non_null(strstr(errors, "agent: socket: "));
}

/* SIGTERM is as good as the end of input; a socket whose server has died is taken over, one that is served is not. */
static void test_a_server_ends_and_leaves_nothing(void **unused) {
    static char output[TEXT];
    static char errors[TEXT];
    struct stat about;
    char words[512];
    char path[100];
    char bound[256];
    (void)unused;
    (void)snprintf(path, sizeof path, "%s/ends", folder);
    (void)snprintf(words, sizeof words, "serve tls --to unix:%s", path);
    process server = serve(words, bound);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(run(words, output, errors), 1);
    assert_non_null(strstr(errors, "Address already in use"));
    assert_int_equal(kill(server.pid, SIGTERM), 0);
    assert_int_equal(finish(&server, output, errors), 0);
    assert_int_equal(stat(path, &about), -1);
    server = serve(words, bound);
    assert_int_equal(kill(server.pid, SIGKILL), 0);
    assert_int_equal(finish(&server, output, errors), 128 + SIGKILL);
    assert_int_equal(stat(path, &about), 0);
    server = serve(words, bound);
    stop_by_input(&server);
    assert_int_equal(stat(path, &about), -1);
    (void)snprintf(words, sizeof words, "serve raw --to hybrid:%s:9", path);
    server = serve(words, bound);
    assert_int_equal(stat(path, &about), 0);
    stop_by_input(&server);
    assert_int_equal(stat(path, &about), -1);
}

static struct sockaddr_un name_of(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    return address;
}

/* The stand-in for a VMM knows one request, with a port that somebody listens on. */
static void test_the_multiplexer_refuses_what_it_does_not_know(void **unused) {
    static const char *const lines[] = {"HELLO\n", "CONNECT\n", "CONNECT \n", "CONNECT 5x\n", "CONNECT 4294967296\n",
                                        "connect 5\n",
                                        /* Nobody is there. */
                                        "CONNECT 6\n",
                                        /* No end. */
                                        "CONNECT 0000000000000000000000000005"};
    char path[100];
    char words[256];
    char bound[256];
    char byte = 0;
    (void)unused;
    (void)snprintf(path, sizeof path, "%s/vm", folder);
    (void)snprintf(words, sizeof words, "serve raw --to hybrid:%s:5", path);
    process server = serve(words, bound);
    const struct sockaddr_un address = name_of(path);
    for (size_t i = 0; i <= sizeof lines / sizeof *lines; i++) {
        const char *line = i < sizeof lines / sizeof *lines ? lines[i] : "CONNECT 5\nx";
        const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        char answer[8] = "";
        assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
        assert_int_equal(send(fd, line, strlen(line), MSG_NOSIGNAL), (ssize_t)strlen(line));
        if (i < sizeof lines / sizeof *lines) {
            if (read(fd, &byte, 1) > 0) fail_msg("%s was answered", line);
        } else {
            /* The first byte behind the line is the server's, and comes back. */
            assert_int_equal(recv(fd, answer, 6, MSG_WAITALL), 6);
            assert_string_equal(answer, "OK 5\nx");
        }
        (void)close(fd);
    }
    stop_by_input(&server);
}

static int listen_at(const char *path) {
    const struct sockaddr_un address = name_of(path);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 8), 0);
    return fd;
}

/* A server that closes, or that says more than it was asked for, is no measurement. */
static void test_a_bad_server_is_an_error(void **unused) {
    static const char *const words[] = {"load raw --to unix:%s", "load tls --to unix:%s",
                                        "load raw --pattern stream-up --to unix:%s",
                                        "load raw --pattern connect --to unix:%s"};
    static const char noise[1000];
    static char output[TEXT];
    static char errors[TEXT];
    char path[100];
    (void)unused;
    (void)snprintf(path, sizeof path, "%s/bad", folder);
    const int listener = listen_at(path);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        for (int says = 0; says < 2; says++) {
            char text[256];
            char first = 0;
            (void)snprintf(text, sizeof text, "%.*s%s", (int)(strlen(words[i]) - 2), words[i], path);
            process load = start(text);
            const int fd = accept(listener, NULL, NULL);
            assert_true(fd >= 0);
            assert_int_equal(read(fd, &first, 1), 1);
            if (says) assert_int_equal(send(fd, noise, sizeof noise, MSG_NOSIGNAL), sizeof noise);
            (void)close(fd);
            assert_int_equal(finish(&load, output, errors), 1);
            assert_string_equal(output, "");
            assert_non_null(strstr(errors, "agent: "));
        }
    }
    (void)close(listener);
    (void)unlink(path);
}

/* One that stands idle carries nothing; the run ends when it falls, or when the server says something on it. */
static void test_an_idle_connection_that_falls_ends_the_run(void **unused) {
    static char output[TEXT];
    static char errors[TEXT];
    char bytes[256];
    char path[100];
    char words[256];
    (void)unused;
    (void)snprintf(path, sizeof path, "%s/idle", folder);
    (void)snprintf(words, sizeof words, "load raw --to unix:%s --idle-connections 2 --seconds 60", path);
    const int listener = listen_at(path);
    for (int says = 0; says < 2; says++) {
        process load = start(words);
        int fds[3];
        ssize_t got = 0;
        for (size_t i = 0; i < 3; i++)
            fds[i] = accept(listener, NULL, NULL);
        for (unsigned calls = 0; (got = read(fds[0], bytes, sizeof bytes)) > 0; calls++) {
            if (calls == 100 && says) assert_int_equal(send(fds[2], bytes, 1, MSG_NOSIGNAL), 1);
            if (calls == 100 && !says) assert_int_equal(shutdown(fds[2], SHUT_WR), 0);
            (void)send(fds[0], bytes, (size_t)got, MSG_NOSIGNAL);
        }
        assert_int_equal(finish(&load, output, errors), 1);
        assert_string_equal(output, "");
        assert_string_equal(last_line(errors),
                            "agent: an idle connection has fallen, or the server said something on it");
        for (size_t i = 1; i < 3; i++)
            assert_true(recv(fds[i], bytes, sizeof bytes, 0) <= 0);
        for (size_t i = 0; i < 3; i++)
            (void)close(fds[i]);
    }
    (void)close(listener);
    (void)unlink(path);
}

enum { MESSAGE = 64, PEERS = 3 };

/* Echoes on so many connections until all have ended; what came on each. Nothing is answered before `first` bytes have
 * come in all. */
static void echo(int listener, size_t peers, uint64_t first, uint64_t received[PEERS]) {
    struct pollfd fds[PEERS];
    uint64_t sum = 0;
    uint64_t held = 0;
    for (size_t i = 0; i < peers; i++) {
        fds[i] = (struct pollfd){.fd = accept(listener, NULL, NULL), .events = POLLIN};
        received[i] = 0;
    }
    for (size_t open = peers; open > 0;) {
        assert_true(poll(fds, peers, -1) > 0);
        for (size_t i = 0; i < peers; i++) {
            static char bytes[TEXT];
            ssize_t got = 0;
            if (fds[i].fd < 0 || fds[i].revents == 0) continue;
            got = read(fds[i].fd, bytes, sizeof bytes);
            if (got <= 0) {
                (void)close(fds[i].fd);
                fds[i].fd = -1;
                open--;
                continue;
            }
            received[i] += (uint64_t)got;
            sum += (uint64_t)got;
            held += (uint64_t)got;
            if (sum < first) continue;
            (void)send(fds[i].fd, bytes, (size_t)held, MSG_NOSIGNAL);
            held = 0;
        }
    }
}

/* Calls that are one at a time go over the connections in turn. */
static void test_calls_are_spread_over_the_connections(void **unused) {
    static const char *const patterns_of_calls[] = {"ping-pong", "in-flight --in-flight 6"};
    static char output[TEXT];
    static char errors[TEXT];
    uint64_t received[PEERS];
    char words[256];
    char path[100];
    (void)unused;
    (void)snprintf(path, sizeof path, "%s/spread", folder);
    const int listener = listen_at(path);
    for (size_t p = 0; p < 2; p++) {
        (void)snprintf(words, sizeof words,
                       "load raw --to unix:%s --connections 3 --count 30 --warm-up-ms 0 --pattern %s", path,
                       patterns_of_calls[p]);
        process load = start(words);
        echo(listener, PEERS, 0, received);
        assert_int_equal(finish(&load, output, errors), 0);
        assert_int_equal(number(output, "calls"), 30);
        for (size_t i = 0; i < PEERS; i++)
            assert_in_range(received[i], 10 * MESSAGE, p == 0 ? 10 * MESSAGE : 12 * MESSAGE);
    }
    (void)close(listener);
    (void)unlink(path);
}

/* The server answers nothing before the 20th request: a closed loop would wait for ever. The first call was meant to be
 * sent 19 ms before that at least. */
static void test_an_open_loop_does_not_wait_for_answers(void **unused) {
    static char output[TEXT];
    static char errors[TEXT];
    uint64_t received[PEERS];
    char words[256];
    char path[100];
    const char *most = NULL;
    (void)unused;
    (void)snprintf(path, sizeof path, "%s/open", folder);
    const int listener = listen_at(path);
    (void)snprintf(words, sizeof words,
                   "load raw --to unix:%s --count 20 --warm-up-ms 0 --pattern open-loop --rate 1000", path);
    process load = start(words);
    echo(listener, 1, 20 * MESSAGE, received);
    assert_int_equal(finish(&load, output, errors), 0);
    assert_int_equal(number(output, "calls"), 20);
    most = strrchr(output, '[');
    assert_non_null(most);
    assert_true(strtoull(most + 1, NULL, 10) >= 19000000);
    (void)close(listener);
    (void)unlink(path);
}

static int make_folder(void **unused) {
    char path[100];
    (void)unused;
    if (mkdtemp(folder) == NULL) return -1;
    (void)snprintf(path, sizeof path, "%s/counters", folder);
    const int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, 4096) != 0) return -1;
    return close(fd);
}

static int remove_folder(void **unused) {
    char path[100];
    (void)unused;
    (void)snprintf(path, sizeof path, "%s/counters", folder);
    (void)unlink(path);
    /* Fails when an agent has left something. */
    return rmdir(folder);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_raw),
        cmocka_unit_test(test_tls),
        cmocka_unit_test(test_abstract_names_and_several_loops),
        cmocka_unit_test(test_heap_calls_are_counted),
        cmocka_unit_test(test_what_is_wrong_is_said),
        cmocka_unit_test(test_a_server_ends_and_leaves_nothing),
        cmocka_unit_test(test_a_bad_server_is_an_error),
        cmocka_unit_test(test_an_idle_connection_that_falls_ends_the_run),
        cmocka_unit_test(test_calls_are_spread_over_the_connections),
        cmocka_unit_test(test_an_open_loop_does_not_wait_for_answers),
        cmocka_unit_test(test_the_multiplexer_refuses_what_it_does_not_know),
    };
    if (argc != 2) return 2;
    program = argv[1];
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
