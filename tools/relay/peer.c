/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/peer.h"

#include <arpa/inet.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static void take_ipv6(const struct in6_addr *address, grille_allow_peer *peer) {
    peer->ipv6 = !IN6_IS_ADDR_V4MAPPED(address);
    if (peer->ipv6) {
        memcpy(peer->ip, address->s6_addr, 16);
    } else {
        memcpy(peer->ip, &address->s6_addr[12], 4);
    }
}

static bool take_credentials(int fd, grille_allow_peer *peer) {
    struct ucred credentials;
    socklen_t len = sizeof credentials;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &len) != 0) return false;
    peer->kind = GRILLE_ADDRESS_UNIX;
    peer->number = credentials.uid;
    peer->port = (uint32_t)credentials.pid;
    return true;
}

bool relay_peer_of_socket(int fd, grille_allow_peer *peer) {
    struct sockaddr_storage name;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_vm vm;
    socklen_t len = sizeof name;
    memset(peer, 0, sizeof *peer);
    memset(&name, 0, sizeof name);
    if (getpeername(fd, (struct sockaddr *)&name, &len) != 0) return false;
    switch (name.ss_family) {
    case AF_UNIX:
        return take_credentials(fd, peer);
    case AF_INET:
        memcpy(&in, &name, sizeof in);
        peer->kind = GRILLE_ADDRESS_TCP;
        memcpy(peer->ip, &in.sin_addr, 4);
        peer->port = ntohs(in.sin_port);
        return true;
    case AF_INET6:
        memcpy(&in6, &name, sizeof in6);
        peer->kind = GRILLE_ADDRESS_TCP;
        take_ipv6(&in6.sin6_addr, peer);
        peer->port = ntohs(in6.sin6_port);
        return true;
    case AF_VSOCK:
        memcpy(&vm, &name, sizeof vm);
        peer->kind = GRILLE_ADDRESS_VSOCK;
        peer->number = vm.svm_cid;
        peer->port = vm.svm_port;
        return true;
    default:
        return false;
    }
}

void relay_peer_format(const grille_allow_peer *peer, char text[RELAY_PEER_TEXT_BYTES]) {
    char host[INET6_ADDRSTRLEN] = "";
    switch (peer->kind) {
    case GRILLE_ADDRESS_TCP:
        (void)inet_ntop(peer->ipv6 ? AF_INET6 : AF_INET, peer->ip, host, sizeof host);
        (void)snprintf(text, RELAY_PEER_TEXT_BYTES, peer->ipv6 ? "tcp:[%s]:%u" : "tcp:%s:%u", host, peer->port);
        break;
    case GRILLE_ADDRESS_VSOCK:
        (void)snprintf(text, RELAY_PEER_TEXT_BYTES, "vsock:%u:%u", peer->number, peer->port);
        break;
    default:
        (void)snprintf(text, RELAY_PEER_TEXT_BYTES, "unix:uid=%u,pid=%u", peer->number, peer->port);
        break;
    }
}
