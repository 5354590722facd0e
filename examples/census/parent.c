/* SPDX-License-Identifier: Apache-2.0
 * The parent: census_parent ADDRESS POLICY IDENTITY.pem IDENTITY.key FOLDER NAME
 * Asks the enclave to count a file, and serves the file to it on the same connection. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "examples/census/census.grille-pb.h"
#include "examples/census/files.h"

int main(int argc, char **argv) {
    grille_channel_options options = grille_channel_options_default();
    Acme__Census__V1__CountRequest request = ACME__CENSUS__V1__COUNT_REQUEST__INIT;
    acme_census_v1_census_count_reply reply;
    grille_identity *identity = NULL;
    grille_channel *channel = NULL;
    grille_error error;
    if (argc != 7) {
        return fputs("usage: census_parent ADDRESS POLICY IDENTITY.pem IDENTITY.key FOLDER NAME\n", stderr), 2;
    }
    const int folder = open(argv[5], O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return fprintf(stderr, "census_parent: %s: %s\n", argv[5], strerror(errno)), 1;
    grille_check(grille_policy_load(argv[2], &options.policy, &error), &error);
    grille_check(grille_identity_load_x509(argv[3], argv[4], &identity, &error), &error);
    grille_check(grille_services_new(&options.services, &error), &error);
    grille_check(census_serve_files(options.services, &folder, &error), &error);
    options.identity = identity;
    grille_check(grille_channel_open(argv[1], &options, &channel, &error), &error);
    request.name = argv[6];
    const grille_code code =
        acme_census_v1_census_count(channel, &request, &GRILLE_CALL_OPTIONS(.timeout_ms = 10000), &reply);
    if (code == GRILLE_OK) {
        (void)printf("%" PRIu64 " bytes, %" PRIu64 " lines\n", reply.response->bytes, reply.response->lines);
    } else {
        (void)fprintf(stderr, "census_parent: %s: %s\n", grille_code_name(code), reply.message);
    }
    acme_census_v1_census_count_reply_free(&reply);
    grille_channel_close(channel);
    grille_services_free(options.services);
    grille_identity_free(identity);
    grille_policy_free(options.policy);
    (void)close(folder);
    return code != GRILLE_OK;
}
