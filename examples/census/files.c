/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/census/files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "examples/census/census.grille-pb.h"

enum { PIECE_BYTES = 16000 };

/* The descriptor is the stream's data; what does not fit the window is read again from the same place. */
static int file_of(acme_census_v1_files_read_server_stream *stream) {
    return (int)(intptr_t)grille_call_data(acme_census_v1_files_read_server_call(stream)) - 1;
}

static void send_pieces(acme_census_v1_files_read_server_stream *stream) {
    Acme__Census__V1__ReadResponse piece = ACME__CENSUS__V1__READ_RESPONSE__INIT;
    uint8_t buffer[PIECE_BYTES];
    const int file = file_of(stream);
    for (;;) {
        const ssize_t len = read(file, buffer, sizeof buffer);
        if (len < 0) {
            (void)grille_fail(acme_census_v1_files_read_server_call(stream), GRILLE_DATA_LOSS, "%s", strerror(errno));
            (void)acme_census_v1_files_read_server_finish(stream, GRILLE_DATA_LOSS);
            return;
        }
        if (len == 0) {
            (void)acme_census_v1_files_read_server_finish(stream, GRILLE_OK);
            return;
        }
        piece.data = (ProtobufCBinaryData){(size_t)len, buffer};
        const grille_code code = acme_census_v1_files_read_server_send(stream, &piece);
        if (code == GRILLE_AGAIN) (void)lseek(file, -len, SEEK_CUR);
        if (code != GRILLE_OK) return;
    }
}

/* The peer names the file: it never leaves the folder, follows no link and opens nothing but plain files. */
static int open_plain(int folder, const char *name) {
    struct stat status;
    if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL) return -1;
    const int file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0) return -1;
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode)) return file;
    (void)close(file);
    return -1;
}

static grille_code on_open(acme_census_v1_files_read_server_stream *stream,
                           const Acme__Census__V1__ReadRequest *request, void *user) {
    grille_call *call = acme_census_v1_files_read_server_call(stream);
    const int file = open_plain(*(const int *)user, request->name);
    if (file < 0) return grille_fail(call, GRILLE_NOT_FOUND, "no file \"%.100s\" here", request->name);
    grille_call_set_data(call, (void *)((intptr_t)file + 1));
    send_pieces(stream);
    return GRILLE_OK;
}

static void on_writable(acme_census_v1_files_read_server_stream *stream, void *user) {
    (void)user;
    send_pieces(stream);
}

static void on_end(acme_census_v1_files_read_server_stream *stream, grille_call_end why, void *user) {
    (void)why;
    (void)user;
    (void)close(file_of(stream));
}

grille_code census_serve_files(grille_services *services, const int *folder, grille_error *error) {
    static const acme_census_v1_files_handlers handlers = {
        .read = {.open = on_open, .writable = on_writable, .end = on_end}};
    return acme_census_v1_files_serve(services, &handlers, (void *)(uintptr_t)folder, error);
}
