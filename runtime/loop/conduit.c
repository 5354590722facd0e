/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/conduit.h"

#include <unistd.h>

grille_conduit grille_conduit_of_fd(int fd) {
    return (grille_conduit){fd, NULL};
}

grille_conduit grille_conduit_of_pipe(grille_pipe_end *end) {
    return (grille_conduit){-1, end};
}

bool grille_conduit_is_open(grille_conduit conduit) {
    return conduit.fd >= 0 || conduit.end != NULL;
}

void grille_conduit_close(grille_conduit conduit) {
    if (conduit.fd >= 0) (void)close(conduit.fd);
    grille_pipe_close(conduit.end);
}
