/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/process.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/bytes.h"

enum { STAT_BYTES = 1024, START_FIELD = 22, STATE_FIELD = 3 };

/* "PID (NAME) STATE PPID …": the name may hold anything, so that fields are counted from the last parenthesis. */
bool machine_process_read(grille_bytes stat, machine_process *process) {
    char text[STAT_BYTES];
    const char *at = NULL;
    long pid = 0;
    unsigned long long start = 0;
    if (stat.len >= sizeof text || memchr(stat.data, 0, stat.len) != NULL) return false;
    memcpy(text, stat.data, stat.len);
    text[stat.len] = '\0';
    at = strrchr(text, ')');
    if (at == NULL || sscanf(text, "%ld (", &pid) != 1 || pid <= 0) return false;
    if (at[1] != ' ' || at[2] == 'Z' || at[2] == 'X') return false;
    at += 2;
    for (int field = STATE_FIELD; field < START_FIELD; field++) {
        at = strchr(at, ' ');
        if (at == NULL) return false;
        at++;
    }
    if (sscanf(at, "%llu ", &start) != 1) return false;
    *process = (machine_process){.pid = (pid_t)pid, .start_ticks = start};
    return true;
}

bool machine_process_of(pid_t pid, machine_process *process) {
    char path[32];
    uint8_t stat[STAT_BYTES];
    ssize_t got = -1;
    int file = -1;
    (void)snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    got = read(file, stat, sizeof stat);
    (void)close(file);
    return got > 0 && machine_process_read(grille_bytes_of(stat, (size_t)got), process) && process->pid == pid;
}

int machine_process_open(const machine_process *process) {
    machine_process now;
    const int opened = process->pid > 0 ? pidfd_open(process->pid, 0) : -1;
    if (opened < 0) return -1;
    /* What was opened stays this one, whoever gets its number later: so it is looked at afterwards. */
    if (machine_process_of(process->pid, &now) && now.start_ticks == process->start_ticks) return opened;
    (void)close(opened);
    return -1;
}

bool machine_process_lives(const machine_process *process) {
    const int opened = machine_process_open(process);
    if (opened >= 0) (void)close(opened);
    return opened >= 0;
}
