/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/driver/tracer.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ptrace.h>

#include "bench/agent/recorder.h"

/* However busy they are, the deadline is looked at. */
enum { EVENTS_AT_ONCE = 256 };

enum { TICK_US = 20000, SYSCALL_STOP = SIGTRAP | 0x80 };

static bench_traced_thread *thread_of(bench_tracer *tracer, pid_t tid) {
    bench_traced_thread *unused = NULL;
    for (size_t i = 0; i < BENCH_THREADS_MAX; i++) {
        if (tracer->threads[i].tid == tid) return &tracer->threads[i];
        if (unused == NULL && tracer->threads[i].tid == 0) unused = &tracer->threads[i];
    }
    if (unused != NULL) *unused = (bench_traced_thread){.tid = tid};
    return unused;
}

/* ---- One call ---- */

static bool writes(uint64_t number) {
    return number == SYS_write || number == SYS_writev || number == SYS_sendto || number == SYS_sendmsg;
}

static bool is_socket(pid_t tid, uint64_t fd) {
    static const char socket_link[] = "socket:";
    char path[64], target[64];
    ssize_t len;
    (void)snprintf(path, sizeof path, "/proc/%d/fd/%llu", tid, (unsigned long long)fd);
    len = readlink(path, target, sizeof target);
    return len >= (ssize_t)sizeof socket_link - 1 && memcmp(target, socket_link, sizeof socket_link - 1) == 0;
}

static void enter(bench_tracer *tracer, bench_traced_thread *thread, uint64_t number, uint64_t fd) {
    thread->in_call = true;
    thread->number = number;
    thread->fd = fd;
    if (number == SYS_sched_yield) {
        tracer->counts.yields++;
    } else {
        tracer->counts.calls++;
    }
}

static void leave(bench_tracer *tracer, bench_traced_thread *thread, int64_t result) {
    if (thread->in_call && writes(thread->number) && result > 0 && is_socket(thread->tid, thread->fd)) {
        tracer->counts.wire_bytes += (uint64_t)result;
    }
    thread->in_call = false;
}

static void note_call(bench_tracer *tracer, bench_traced_thread *thread) {
    struct ptrace_syscall_info info;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, thread->tid, sizeof info, &info) <= 0) {
        if (errno != ESRCH) tracer->lost = true; /* else it was killed meanwhile */
    } else if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
        enter(tracer, thread, info.entry.nr, info.entry.args[0]);
    } else if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
        leave(tracer, thread, info.exit.rval);
    }
}

/* ---- Stops ---- */

static bench_process *process_of(const bench_tracer *tracer, pid_t pid) {
    for (size_t i = 0; i < 2; i++) {
        if (tracer->processes[i] != NULL && tracer->processes[i]->pid == pid) return tracer->processes[i];
    }
    return NULL;
}

/* The first stop: SIGTRAP of exec for a process, SIGSTOP for a thread. */
static void begin(bench_tracer *tracer, bench_traced_thread *thread) {
    const long options =
        PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_EXITKILL;
    thread->has_options = true;
    if (process_of(tracer, thread->tid) != NULL && ptrace(PTRACE_SETOPTIONS, thread->tid, NULL, options) != 0 &&
        errno != ESRCH) {
        tracer->lost = true;
    }
}

static void stopped(bench_tracer *tracer, pid_t tid, int status) {
    bench_traced_thread *thread = thread_of(tracer, tid);
    int signal_no = WSTOPSIG(status);
    if (thread == NULL) {
        tracer->lost = true;
    } else if (!thread->has_options && (signal_no == SIGTRAP || signal_no == SIGSTOP)) {
        begin(tracer, thread);
        signal_no = 0;
    } else if (signal_no == SYSCALL_STOP) {
        note_call(tracer, thread);
        signal_no = 0;
    } else if (signal_no == SIGTRAP) {
        signal_no = 0; /* an event: a thread was made */
    }
    (void)ptrace(PTRACE_SYSCALL, tid, NULL, (long)signal_no);
}

/* Something has changed. */
static void take(bench_tracer *tracer, pid_t tid, int status) {
    bench_process *process;
    bench_traced_thread *thread;
    if (WIFSTOPPED(status)) {
        stopped(tracer, tid, status);
        return;
    }
    thread = thread_of(tracer, tid);
    if (thread != NULL) thread->tid = 0;
    process = process_of(tracer, tid);
    if (process != NULL) bench_process_reaped(process, status);
}

/* ---- Waiting ---- */

static void tick(int signal_no) {
    (void)signal_no;
}

/* waitpid comes back now and then. */
static void set_ticks(bool on) {
    struct sigaction action = {.sa_handler = on ? tick : SIG_DFL};
    const struct itimerval every = {.it_interval = {.tv_usec = on ? TICK_US : 0},
                                    .it_value = {.tv_usec = on ? TICK_US : 0}};
    if (on) (void)sigaction(SIGALRM, &action, NULL);
    (void)setitimer(ITIMER_REAL, &every, NULL);
    if (!on) (void)sigaction(SIGALRM, &action, NULL);
}

static void pump(const bench_tracer *tracer) {
    for (size_t i = 0; i < 2; i++) {
        if (tracer->processes[i] != NULL) bench_process_pump(tracer->processes[i]);
    }
}

static bench_wait run(bench_tracer *tracer, bench_process *process, bool line, uint64_t deadline_ns) {
    for (unsigned events = 0; process->pid != 0;) {
        int status = 0;
        const pid_t tid = waitpid(-1, &status, __WALL);
        if (tid > 0) {
            take(tracer, tid, status);
            if (++events % EVENTS_AT_ONCE != 0) continue;
        } else if (errno == ECHILD) {
            return BENCH_WAIT_ENDED;
        }
        pump(tracer);
        if (line && memchr(process->answer, '\n', process->answer_len) != NULL) return BENCH_WAIT_DONE;
        if (process->too_much) return BENCH_WAIT_TOO_MUCH;
        if (bench_interrupted) return BENCH_WAIT_INTERRUPTED;
        if (bench_now_ns() >= deadline_ns) return BENCH_WAIT_LATE;
    }
    pump(tracer);
    return line ? BENCH_WAIT_ENDED : BENCH_WAIT_DONE;
}

bench_wait bench_tracer_run(bench_tracer *tracer, bench_process *process, bool line, uint64_t deadline_ns) {
    bench_wait wait;
    set_ticks(true);
    wait = run(tracer, process, line, deadline_ns);
    set_ticks(false);
    return wait;
}
