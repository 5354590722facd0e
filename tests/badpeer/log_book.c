/* SPDX-License-Identifier: Apache-2.0 */
#include "log_book.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINES = 2048, LINE_BYTES = 512 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char lines[LINES][LINE_BYTES];
static size_t line_count;

static void keep(grille_log_level level, const char *module, const char *line, void *user) {
    (void)module;
    (void)level;
    (void)user;
    /* Says that this machine is slow, and nothing of a peer. */
    if (strstr(line, "held its loop thread") != NULL) return;
    pthread_mutex_lock(&lock);
    if (line_count < LINES) (void)snprintf(lines[line_count++], LINE_BYTES, "%s", line);
    pthread_mutex_unlock(&lock);
}

void log_book_open(void) {
    log_book_clear();
    grille_log_set(keep, NULL, GRILLE_LOG_INFO);
}

void log_book_clear(void) {
    pthread_mutex_lock(&lock);
    line_count = 0;
    pthread_mutex_unlock(&lock);
}

unsigned log_book_count(const char *text, const char *other) {
    unsigned count = 0;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < line_count; i++) {
        if ((text == NULL || strstr(lines[i], text) != NULL) && (other == NULL || strstr(lines[i], other) != NULL)) {
            count++;
        }
    }
    pthread_mutex_unlock(&lock);
    return count;
}

unsigned long log_book_sum(const char *text) {
    unsigned long sum = 0;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < line_count; i++) {
        const char *found = strstr(lines[i], text);
        if (found != NULL) sum += strtoul(found + strlen(text), NULL, 10);
    }
    pthread_mutex_unlock(&lock);
    return sum;
}

void log_book_print(void) {
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < line_count; i++)
        (void)fprintf(stderr, "log: %s\n", lines[i]);
    pthread_mutex_unlock(&lock);
}
