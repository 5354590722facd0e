/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/console.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "machine/runs.h"

static int open_new(int folder) {
    return openat(folder, MACHINE_CONSOLE_FILE, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

bool machine_console_open(machine_console *console, int folder, grille_error *error) {
    *console = (machine_console){.folder = folder, .file = open_new(folder)};
    if (console->file >= 0) return true;
    (void)grille_error_set(error, GRILLE_REASON_SYSTEM, "can't make the file of the console: %s", strerror(errno));
    return false;
}

/* The full file takes the place of the one before. */
static void turn_over(machine_console *console) {
    (void)renameat(console->folder, MACHINE_CONSOLE_FILE, console->folder, MACHINE_CONSOLE_OLD_FILE);
    (void)close(console->file);
    console->file = open_new(console->folder);
    console->bytes = 0;
}

void machine_console_put(machine_console *console, grille_bytes text) {
    while (console->file >= 0 && text.len > 0) {
        const size_t room = MACHINE_CONSOLE_BYTES - console->bytes;
        const ssize_t wrote = write(console->file, text.data, text.len < room ? text.len : room);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return;
        text = grille_bytes_of(&text.data[wrote], text.len - (size_t)wrote);
        console->bytes += (size_t)wrote;
        if (console->bytes == MACHINE_CONSOLE_BYTES) turn_over(console);
    }
}

void machine_console_close(machine_console *console) {
    if (console->file >= 0) (void)close(console->file);
    console->file = -1;
}

/* ---- Reading ---- */

static void make_printable(char *text) {
    for (; *text != '\0'; text++)
        if (((unsigned char)*text < 0x20 && *text != '\n' && *text != '\t') || *text == 0x7f) *text = '.';
}

/* Without the carriage returns of a terminal's line ends. */
static size_t without_returns(char *text, size_t len) {
    size_t kept = 0;
    for (size_t i = 0; i < len; i++)
        if (text[i] != '\r' && text[i] != '\0') text[kept++] = text[i];
    return kept;
}

void machine_console_last_lines(int folder, char *text, size_t capacity) {
    const int file = openat(folder, MACHINE_CONSOLE_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct stat status = {.st_size = 0};
    const off_t most = (off_t)capacity - 1;
    ssize_t got = 0;
    text[0] = '\0';
    if (file < 0) return;
    if (fstat(file, &status) == 0)
        got = pread(file, text, capacity - 1, status.st_size > most ? status.st_size - most : 0);
    (void)close(file);
    if (got <= 0) return;
    text[without_returns(text, (size_t)got)] = '\0';
    /* The first line was cut. */
    if (status.st_size > most && strchr(text, '\n') != NULL)
        memmove(text, strchr(text, '\n') + 1, strlen(strchr(text, '\n') + 1) + 1);
    make_printable(text);
}
