/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/driver/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/agent/recorder.h"

enum { TICK_MS = 20, READ_BYTES = 65536 };

volatile int bench_interrupted = 0;

/* ---- Start ---- */

typedef struct ends {
    int in[2], out[2], err[2];
    int failure[2]; /* carries errno of what did not work in the child */
} ends;

static void close_pair(int pair[2]) {
    for (int i = 0; i < 2; i++) {
        if (pair[i] >= 0) (void)close(pair[i]);
        pair[i] = -1;
    }
}

static void close_all(ends *pipes) {
    close_pair(pipes->in);
    close_pair(pipes->out);
    close_pair(pipes->err);
    close_pair(pipes->failure);
}

/* In the child: never returns. */
static void become(const ends *pipes, char *const *argv, int cpu, bool traced, pid_t parent) {
    cpu_set_t cpus;
    sigset_t none;
    int error;
    (void)setpgid(0, 0); /* Ctrl-C is for the parent, who then ends us */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGPIPE, SIG_DFL);
    CPU_ZERO(&cpus);
    if (cpu >= 0) CPU_SET((unsigned)cpu, &cpus);
    if ((cpu < 0 || sched_setaffinity(0, sizeof cpus, &cpus) == 0) && dup2(pipes->in[0], STDIN_FILENO) >= 0 &&
        dup2(pipes->out[1], STDOUT_FILENO) >= 0 && dup2(pipes->err[1], STDERR_FILENO) >= 0 &&
        (!traced || ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0)) {
        (void)execvp(argv[0], argv);
    }
    error = errno;
    (void)!write(pipes->failure[1], &error, sizeof error);
    _exit(127);
}

static bool open_pipes(ends *pipes) {
    *pipes = (ends){{-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}};
    return pipe2(pipes->in, O_CLOEXEC) == 0 && pipe2(pipes->out, O_CLOEXEC) == 0 && pipe2(pipes->err, O_CLOEXEC) == 0 &&
           pipe2(pipes->failure, O_CLOEXEC) == 0 && fcntl(pipes->out[0], F_SETFL, O_NONBLOCK) == 0 &&
           fcntl(pipes->err[0], F_SETFL, O_NONBLOCK) == 0;
}

static int keep(int *fd) {
    const int kept = *fd;
    *fd = -1;
    return kept;
}

bool bench_process_start(bench_process *process, char *const *argv, int cpu, bool traced, char why[256]) {
    const pid_t self = getpid();
    ends pipes;
    int error = 0;
    memset(process, 0, sizeof *process);
    process->in = process->out = process->err = -1;
    process->answer = calloc(1, BENCH_ANSWER_MAX + 1);
    if (process->answer == NULL || !open_pipes(&pipes)) {
        (void)snprintf(why, 256, "can't start %.100s: %s", argv[0], strerror(errno));
        if (process->answer != NULL) close_all(&pipes);
        return false;
    }
    process->pid = fork();
    if (process->pid == 0) become(&pipes, argv, cpu, traced, self);
    if (process->pid < 0) {
        process->pid = 0;
        error = errno;
    } else {
        (void)close(keep(&pipes.failure[1]));
        /* The end of the pipe is exec's. */
        if (read(pipes.failure[0], &error, sizeof error) != (ssize_t)sizeof error) error = 0;
    }
    if (error == 0) {
        process->in = keep(&pipes.in[1]);
        process->out = keep(&pipes.out[0]);
        process->err = keep(&pipes.err[0]);
    } else {
        (void)snprintf(why, 256, "can't start %.100s: %s", argv[0], strerror(error));
    }
    close_all(&pipes);
    return error == 0;
}

/* ---- What it says ---- */

static void take_error_byte(bench_process *process, char byte) {
    if (byte == '\n' || byte == '\r') {
        process->line[process->line_len] = '\0';
        if (process->line_len > 0) memcpy(process->last_line, process->line, sizeof process->last_line);
        process->line_len = 0;
    } else if (process->line_len < BENCH_LAST_LINE_MAX) {
        /* It goes to a terminal. */
        process->line[process->line_len++] = (unsigned char)byte < ' ' || byte == 0x7f ? ' ' : byte;
    }
}

/* False: the end of the pipe. */
static bool pump_errors(bench_process *process) {
    char bytes[1024];
    ssize_t got;
    while ((got = read(process->err, bytes, sizeof bytes)) > 0) {
        for (ssize_t i = 0; i < got; i++)
            take_error_byte(process, bytes[i]);
    }
    return got < 0 && (errno == EAGAIN || errno == EINTR);
}

static bool pump_answer(bench_process *process) {
    static char rest[READ_BYTES];
    ssize_t got;
    for (;;) {
        const size_t room = BENCH_ANSWER_MAX - process->answer_len;
        /* What has no room is still taken, so that nobody waits for us. */
        got = room > 0 ? read(process->out, process->answer + process->answer_len, room)
                       : read(process->out, rest, sizeof rest);
        if (got <= 0) break;
        if (room > 0) {
            process->answer_len += (size_t)got;
        } else {
            process->too_much = true;
        }
        if (process->too_much) return true; /* may have no end */
    }
    return got < 0 && (errno == EAGAIN || errno == EINTR);
}

void bench_process_pump(bench_process *process) {
    if (process->out >= 0 && !pump_answer(process)) (void)close(keep(&process->out));
    if (process->err >= 0 && !pump_errors(process)) (void)close(keep(&process->err));
}

/* Until something is to be read, or a moment has passed. */
static void rest(const bench_process *process, int ms) {
    struct pollfd fds[2] = {{.fd = process->out, .events = POLLIN}, {.fd = process->err, .events = POLLIN}};
    (void)poll(fds, 2, ms);
}

void bench_process_reaped(bench_process *process, int status) {
    process->pid = 0;
    process->status = status;
}

static bool has_ended(bench_process *process) {
    int status = 0;
    if (process->pid != 0 && waitpid(process->pid, &status, WNOHANG) == process->pid)
        bench_process_reaped(process, status);
    return process->pid == 0;
}

static bench_wait wait_for(bench_process *process, uint64_t deadline_ns, bool line) {
    for (;;) {
        const bool ended = has_ended(process); /* before reading: then all is there */
        bench_process_pump(process);
        if (line && memchr(process->answer, '\n', process->answer_len) != NULL) return BENCH_WAIT_DONE;
        if (process->too_much) return BENCH_WAIT_TOO_MUCH;
        if (ended) return line ? BENCH_WAIT_ENDED : BENCH_WAIT_DONE;
        if (bench_interrupted) return BENCH_WAIT_INTERRUPTED;
        if (bench_now_ns() >= deadline_ns) return BENCH_WAIT_LATE;
        /* Closed pipes of a process that goes on are no reason to spin. */
        rest(process, process->out < 0 || process->err < 0 ? 1 : TICK_MS);
    }
}

bench_wait bench_process_line(bench_process *process, uint64_t deadline_ns) {
    return wait_for(process, deadline_ns, true);
}

bench_wait bench_process_end(bench_process *process, uint64_t deadline_ns) {
    return wait_for(process, deadline_ns, false);
}

/* ---- End ---- */

void bench_process_stop(bench_process *process, unsigned patience_ms) {
    if (process->in >= 0) (void)close(keep(&process->in));
    if (process->pid != 0) {
        const uint64_t deadline_ns = bench_now_ns() + (uint64_t)patience_ms * 1000000;
        (void)kill(process->pid, SIGTERM);
        while (!has_ended(process) && bench_now_ns() < deadline_ns) {
            bench_process_pump(process);
            rest(process, 1);
        }
        if (process->pid != 0) {
            int status = 0;
            (void)kill(process->pid, SIGKILL);
            while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR)
                continue;
            bench_process_reaped(process, status);
        }
    }
    bench_process_pump(process);
    if (process->out >= 0) (void)close(keep(&process->out));
    if (process->err >= 0) (void)close(keep(&process->err));
    free(process->answer);
    process->answer = NULL;
    process->answer_len = 0;
}

void bench_process_tell(const bench_process *process, char text[256]) {
    if (process->last_line[0] != '\0') {
        (void)snprintf(text, 256, "%s", process->last_line);
    } else if (process->line_len > 0) { /* it had no time for the line's end */
        (void)snprintf(text, 256, "%.*s", (int)process->line_len, process->line);
    } else if (process->pid != 0) {
        (void)snprintf(text, 256, "it said nothing");
    } else if (WIFSIGNALED(process->status)) {
        (void)snprintf(text, 256, "it said nothing and ended by signal %d", WTERMSIG(process->status));
    } else {
        (void)snprintf(text, 256, "it said nothing and ended with status %d", WEXITSTATUS(process->status));
    }
}
