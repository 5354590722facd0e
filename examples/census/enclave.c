/* SPDX-License-Identifier: Apache-2.0
 * The enclave: census_enclave ADDRESS POLICY [NSM]
 * It has no files: what it counts it reads from the peer that asked, by a call in the other direction. */
#include <stdio.h>

#include "examples/census/census.grille-nano.h"
#include "grille/grille.h"

static void add(acme_census_v1_CountResponse *sum, grille_bytes data) {
    sum->bytes += data.len;
    for (size_t at = 0; at < data.len; at++)
        if (data.data[at] == '\n') sum->lines++;
}

static grille_code count(grille_call *call, const acme_census_v1_CountRequest *request,
                         acme_census_v1_CountResponse *response, void *user) {
    const acme_census_v1_ReadRequest wanted = {.name = request->name};
    const acme_census_v1_ReadResponse *piece = NULL;
    acme_census_v1_files_read_stream *stream = NULL;
    acme_census_v1_files_read_reply reply;
    grille_error error;
    (void)user;
    /* The caller's deadline and cancellation hold for the call back too. */
    grille_code code = acme_census_v1_files_read_begin(grille_call_peer_channel(call), &wanted,
                                                       &GRILLE_CALL_OPTIONS(.parent = call), &stream, &error);
    if (code != GRILLE_OK) return grille_fail(call, code, "%s", error.text);
    while (acme_census_v1_files_read_read(stream, &piece) == GRILLE_OK)
        add(response, piece->data);
    code = acme_census_v1_files_read_finish(stream, &reply);
    if (code != GRILLE_OK) (void)grille_fail(call, code, "reading through the parent: %s", reply.message);
    acme_census_v1_files_read_reply_free(&reply);
    return code;
}

int main(int argc, char **argv) {
    static const acme_census_v1_census_handlers handlers = {.count = count};
    grille_server_options options = grille_server_options_default();
    grille_identity *identity = NULL;
    grille_server *server = NULL;
    grille_error error;
    grille_boot_main(&argc, argv);
    if (argc != 3 && argc != 4) return fputs("usage: census_enclave ADDRESS POLICY [NSM]\n", stderr), 2;
    grille_check(grille_policy_load(argv[2], &options.policy, &error), &error);
    grille_check(grille_identity_open_nsm(argv[3], &identity, &error), &error);
    options.identity = identity;
    grille_check(grille_server_new(&options, &server, &error), &error);
    grille_check(acme_census_v1_census_register_with_error(server, &handlers, NULL, &error), &error);
    grille_check(grille_server_listen(server, argv[1], &error), &error);
    grille_check(grille_server_run(server, &error), &error);
    grille_server_free(server);
    grille_identity_free(identity);
    grille_policy_free(options.policy);
    return 0;
}
