/* SPDX-License-Identifier: Apache-2.0
 * Addresses as text: vsock:CID:PORT, unix:PATH, unix-abstract:NAME, tcp:HOST:PORT, hybrid:PATH:PORT, nitro:NAME:PORT,
 * inproc:NAME, fd:N. Pure. */
#ifndef GRILLE_LOOP_ADDRESS_H
#define GRILLE_LOOP_ADDRESS_H

#include <stdbool.h>

#include "grille/reasons.h"

/* sun_path of sockaddr_un (unix(7)): 108 bytes with the terminator. */
#define GRILLE_ADDRESS_PATH_BYTES 108
/* Longest formatted address with its terminator: "unix-abstract:" or "hybrid:" and a path and a port. */
#define GRILLE_ADDRESS_TEXT_BYTES 144

typedef enum grille_address_kind {
    GRILLE_ADDRESS_VSOCK,
    GRILLE_ADDRESS_UNIX,
    GRILLE_ADDRESS_UNIX_ABSTRACT,
    GRILLE_ADDRESS_TCP,
    GRILLE_ADDRESS_HYBRID, /* Unix socket of a VMM that muxes vsock ports */
    GRILLE_ADDRESS_NITRO,  /* an enclave's name on this machine; dialling only */
    GRILLE_ADDRESS_INPROC, /* a name inside this process */
    GRILLE_ADDRESS_FD      /* a connected stream socket that the process has open already */
} grille_address_kind;

typedef enum grille_vsock_cid_kind {
    GRILLE_VSOCK_CID_NUMBER,
    GRILLE_VSOCK_CID_ANY,   /* listening only */
    GRILLE_VSOCK_CID_PARENT /* dialling only: 3 (Nitro), then 2 */
} grille_vsock_cid_kind;

/* A parsed address; a plain value. */
typedef struct grille_address {
    grille_address_kind kind;
    grille_vsock_cid_kind cid_kind;       /* vsock */
    uint32_t cid;                         /* vsock */
    uint32_t port;                        /* vsock, hybrid, nitro, tcp (0: the kernel chooses; listening only) */
    char path[GRILLE_ADDRESS_PATH_BYTES]; /* unix, unix-abstract (no leading zero byte), hybrid, inproc; nitro: the name
                                           */
    size_t path_len;
    bool ipv6;      /* tcp */
    uint8_t ip[16]; /* tcp: 4 or 16 bytes in network order */
    int fd;         /* fd */
} grille_address;

/* Parses one address, strictly: the whole text, decimal numbers without sign or leading zeros, numeric hosts (a name
 * other than localhost is refused: there is no resolver). Errors: LOOP_BAD_ADDRESS with what is wrong and the form to
 * write. Any thread. */
GRILLE_MUST_USE grille_reason grille_address_parse(const char *text, grille_address *address, grille_error *error);

/* Writes the address as grille_address_parse reads it; always terminated. Any thread. */
void grille_address_format(const grille_address *address, char text[GRILLE_ADDRESS_TEXT_BYTES]);

#endif
