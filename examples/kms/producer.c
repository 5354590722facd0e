/* SPDX-License-Identifier: Apache-2.0
 * The producer: owns the records. It makes a data key, has the key service wrap it (`grille kms encrypt`), and seals
 * each record with it; what it hands over then only the enclave opens. STATE is its own folder. usage: below. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "blob.h"
#include "envelope.h"

static const char usage[] =
    "usage: records_producer key STATE                              a data key, STATE/data-key, unless it has one\n"
    "       records_producer seal STATE NAME WRAPPED FILE DATASET   the lines of FILE as data set NAME\n"
    "       records_producer open STATE NAME REPORT                 what the enclave answered\n"
    "       records_producer search STATE FILE SEEN...              how often lines of FILE, or the key, stand in "
    "SEEN\n";

#define DATA_KEY_FILE "data-key"

enum { FILE_MAX = 16 << 20, REPORT_MAX = 1 << 20, SEEN_MAX = 256 << 20, SEARCHED_LEAST = 8 };

static bool told(const char *what, grille_code code, const grille_error *error) {
    if (code == GRILLE_OK) return true;
    (void)fprintf(stderr, "records_producer: %s: %s: %s\n", what, error->name, error->text);
    return false;
}

static bool read_key(const char *state, blob *key) {
    if (!blob_read(state, DATA_KEY_FILE, GRILLE_DATA_KEY_BYTES, key)) return false;
    if (key->len == GRILLE_DATA_KEY_BYTES) return true;
    (void)fprintf(stderr, "records_producer: the data key has %zu bytes, expected %d\n", key->len,
                  GRILLE_DATA_KEY_BYTES);
    blob_free(key);
    return false;
}

static bool make_key(const char *state) {
    char path[4096];
    struct stat exists;
    uint8_t key[GRILLE_DATA_KEY_BYTES];
    grille_error error;
    (void)snprintf(path, sizeof path, "%s/" DATA_KEY_FILE, state);
    if (stat(path, &exists) == 0) return true;
    const bool made = told("data key", grille_random(key, sizeof key, &error), &error) &&
                      blob_write(state, DATA_KEY_FILE, key, sizeof key);
    explicit_bzero(key, sizeof key);
    return made;
}

/* The next line that is not empty, without its end; false at the end of the file. */
static bool next_line(grille_bytes *rest, grille_bytes *line) {
    while (rest->len > 0) {
        const uint8_t *end = memchr(rest->data, '\n', rest->len);
        *line = (grille_bytes){rest->data, end != NULL ? (size_t)(end - rest->data) : rest->len};
        const size_t taken = line->len + (end != NULL);
        *rest = (grille_bytes){rest->data + taken, rest->len - taken};
        if (line->len > 0 && line->data[line->len - 1] == '\r') line->len--;
        if (line->len > 0) return true;
    }
    return false;
}

static bool seal_lines(const blob *key, grille_bytes rest, record_place place, FILE *out) {
    uint8_t sealed[RECORD_SEALED_MAX];
    grille_bytes line, following;
    size_t len = 0;
    grille_error error;
    bool more = next_line(&rest, &line);
    if (!more) (void)fputs("records_producer: the file has no lines\n", stderr);
    bool good = more;
    while (good && more) {
        more = next_line(&rest, &following);
        place.number++;
        place.last = !more;
        good = told("a line", record_seal(key->data, &place, line, sealed, &len, &error), &error) &&
               envelope_add(out, (grille_bytes){sealed, len});
        line = following;
    }
    if (good)
        (void)printf("%u records sealed as data set \"%.*s\"\n", (unsigned)place.number, (int)place.dataset.len,
                     (const char *)place.dataset.data);
    return good;
}

static bool seal(const char *state, const char *name, const char *wrapped_path, const char *path, const char *to) {
    const record_place place = {.dataset = {(const uint8_t *)name, strlen(name)}};
    blob key = {0}, wrapped = {0}, file = {0};
    bool done = false;
    if (!record_dataset_valid(place.dataset)) {
        (void)fprintf(stderr, "records_producer: no data set may be called \"%s\"\n", name);
        return false;
    }
    if (read_key(state, &key) && blob_read(NULL, wrapped_path, RECORD_WRAPPED_KEY_MAX, &wrapped) &&
        blob_read(NULL, path, FILE_MAX, &file)) {
        FILE *out = fopen(to, "wbe");
        done = out != NULL && envelope_begin(out, place.dataset, blob_bytes(&wrapped)) &&
               seal_lines(&key, blob_bytes(&file), place, out);
        done = out != NULL && fclose(out) == 0 && done;
        if (!done) (void)fprintf(stderr, "records_producer: %s is not written\n", to);
        if (!done && out != NULL) (void)remove(to);
    }
    blob_free(&key);
    blob_free(&wrapped);
    blob_free(&file);
    return done;
}

static bool open_report(const char *state, const char *name, const char *path) {
    const grille_bytes dataset = {(const uint8_t *)name, strlen(name)};
    blob key = {0}, sealed = {0}, report = {0};
    grille_error error;
    bool done = read_key(state, &key) && blob_read(NULL, path, REPORT_MAX, &sealed);
    if (done) report.data = malloc(sealed.len + 1);
    done =
        done && report.data != NULL &&
        told("the report",
             record_report_open(key.data, dataset, blob_bytes(&sealed), report.data, sealed.len, &report.len, &error),
             &error) &&
        fwrite(report.data, 1, report.len, stdout) == report.len;
    blob_free(&key);
    blob_free(&sealed);
    blob_free(&report);
    return done;
}

/* What is looked for: its first bytes in a number, by which all are sorted. */
typedef struct needle {
    uint64_t head;
    grille_bytes text;
} needle;

typedef struct needles {
    needle *items;
    size_t count;
    uint8_t maybe[1 << 16]; /* not 0: a head with these last 16 bits is among them */
} needles;

static uint64_t head_of(const uint8_t *text) {
    uint64_t head = 0;
    memcpy(&head, text, sizeof head);
    return head;
}

static int compare(const void *left, const void *right) {
    const uint64_t a = ((const needle *)left)->head, b = ((const needle *)right)->head;
    return (a > b) - (a < b);
}

/* Unless it is so short that chance could make it up. */
static void add_needle(needles *all, grille_bytes text) {
    if (text.len < SEARCHED_LEAST) return;
    const needle one = {head_of(text.data), text};
    all->items[all->count++] = one;
    all->maybe[one.head >> 48] = 1;
}

/* Whole lines, their first fields, and the key. False: no memory. */
static bool make_needles(needles *all, const blob *key, grille_bytes lines) {
    grille_bytes line;
    /* A line that is looked for takes its own bytes and one more, but for the last one. */
    all->items = malloc((2 * (lines.len / (SEARCHED_LEAST + 1) + 1) + 1) * sizeof *all->items);
    if (all->items == NULL) return false;
    add_needle(all, blob_bytes(key));
    while (next_line(&lines, &line)) {
        const uint8_t *comma = memchr(line.data, ',', line.len);
        add_needle(all, line);
        if (comma != NULL) add_needle(all, (grille_bytes){line.data, (size_t)(comma - line.data)});
    }
    qsort(all->items, all->count, sizeof *all->items, compare);
    return true;
}

/* Needles that stand at the front of `rest`, which has SEARCHED_LEAST bytes at least. */
static size_t count_here(const needles *all, grille_bytes rest) {
    const uint64_t head = head_of(rest.data);
    size_t low = 0, high = all->count, hits = 0;
    if (all->maybe[head >> 48] == 0) return 0;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (all->items[middle].head < head) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; low < all->count && all->items[low].head == head; low++) {
        const grille_bytes text = all->items[low].text;
        hits += text.len <= rest.len && memcmp(text.data, rest.data, text.len) == 0;
    }
    return hits;
}

static size_t search_one(const needles *all, const blob *seen) {
    size_t hits = 0;
    for (size_t at = 0; at + SEARCHED_LEAST <= seen->len; at++)
        hits += count_here(all, (grille_bytes){seen->data + at, seen->len - at});
    return hits;
}

static bool search(const char *state, const char *path, char **seen_paths, int count) {
    static needles all;
    blob key = {0}, file = {0}, seen = {0};
    size_t hits = 0, bytes = 0;
    bool good =
        read_key(state, &key) && blob_read(NULL, path, FILE_MAX, &file) && make_needles(&all, &key, blob_bytes(&file));
    for (int at = 0; good && at < count; at++) {
        good = blob_read(NULL, seen_paths[at], SEEN_MAX, &seen);
        if (good) hits += search_one(&all, &seen);
        bytes += seen.len;
        blob_free(&seen);
    }
    if (good) (void)printf("records, patients and the data key searched in %zu bytes: %zu hits\n", bytes, hits);
    free(all.items);
    blob_free(&key);
    blob_free(&file);
    return good && hits == 0;
}

int main(int argc, char **argv) {
    bool done = false;
    if (argc == 3 && strcmp(argv[1], "key") == 0) {
        done = make_key(argv[2]);
    } else if (argc == 7 && strcmp(argv[1], "seal") == 0) {
        done = seal(argv[2], argv[3], argv[4], argv[5], argv[6]);
    } else if (argc == 5 && strcmp(argv[1], "open") == 0) {
        done = open_report(argv[2], argv[3], argv[4]);
    } else if (argc >= 5 && strcmp(argv[1], "search") == 0) {
        done = search(argv[2], argv[3], argv + 4, argc - 4);
    } else {
        fputs(usage, stderr);
        return 2;
    }
    return done ? 0 : 1;
}
