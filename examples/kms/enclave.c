/* SPDX-License-Identifier: Apache-2.0
 * The enclave: gets the data key of a data set from the key service, which gives it to this image only, and is the one
 * place where the records are in the clear. What it asks for stands in its arguments, which are measured with the
 * image: the key, the region, the service's name and CAs. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "grille/grille.h"
#include "grille/kms.h"
#include "processing.h"
#include "record.h"

static const char usage[] =
    "usage: records_enclave --listen ADDRESS --policy FILE --key ARN --region REGION --ca FILE [options]\n"
    "         --key ARN         the one key whose data keys are asked for\n"
    "         --ca FILE         the CAs that may issue the key service's certificate, PEM\n"
    "         --host NAME       the service's name; default: that of AWS KMS in the region\n"
    "         --port PORT       asked for where connections go through the caller's channel; default 443\n"
    "         --egress ADDRESS  a relay to it; default: a call back through the caller's channel\n"
    "         --nsm FOLDER      a simulated NSM\n";

enum { CA_MAX = 65536 };

/* Whoever may call us leads us out, too: the policy says under `serves` that it may. */
static void on_peer(struct grille_channel *peer, void *user) {
    grille_error error;
    if (grille_kms_set_egress_channel(user, peer, &error) != GRILLE_OK)
        (void)fprintf(stderr, "records_enclave: %s: %s\n", error.name, error.text);
}

typedef struct arguments {
    const char *listen, *policy, *ca, *nsm, *key;
    grille_kms_options kms;
} arguments;

static bool parse(int argc, char **argv, arguments *given) {
    static const struct option options[] = {
        {"listen", required_argument, NULL, 'l'}, {"policy", required_argument, NULL, 'p'},
        {"key", required_argument, NULL, 'k'},    {"region", required_argument, NULL, 'r'},
        {"host", required_argument, NULL, 'h'},   {"port", required_argument, NULL, 'o'},
        {"ca", required_argument, NULL, 'c'},     {"egress", required_argument, NULL, 'e'},
        {"nsm", required_argument, NULL, 'n'},    {0}};
    unsigned port = 0;
    char rest = 0;
    for (int option = 0; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 'l':
            given->listen = optarg;
            break;
        case 'p':
            given->policy = optarg;
            break;
        case 'k':
            given->key = optarg;
            break;
        case 'r':
            given->kms.region = optarg;
            break;
        case 'h':
            given->kms.host = optarg;
            break;
        case 'o':
            if (sscanf(optarg, "%5u%c", &port, &rest) != 1 || port == 0 || port > UINT16_MAX) return false;
            given->kms.port = (uint16_t)port;
            break;
        case 'c':
            given->ca = optarg;
            break;
        case 'e':
            given->kms.egress = optarg;
            break;
        case 'n':
            given->nsm = optarg;
            break;
        default:
            return false;
        }
    }
    return optind == argc && given->listen != NULL && given->policy != NULL && given->key != NULL &&
           given->kms.region != NULL && given->ca != NULL;
}

static bool read_ca(const char *path, grille_bytes *pem) {
    static uint8_t room[CA_MAX + 1];
    FILE *file = fopen(path, "rbe");
    const size_t len = file != NULL ? fread(room, 1, sizeof room, file) : 0;
    const bool good = file != NULL && ferror(file) == 0 && len <= CA_MAX;
    if (!good) {
        (void)fprintf(stderr, "records_enclave: --ca %s: %s\n", path,
                      len > CA_MAX ? "it has more than 65,536 bytes" : strerror(errno));
    }
    if (file != NULL) (void)fclose(file);
    *pem = (grille_bytes){room, len};
    return good;
}

int main(int argc, char **argv) {
    const grille_kms_pair purpose = grille_kms_pair_of_text(RECORD_CONTEXT_PURPOSE_KEY, RECORD_CONTEXT_PURPOSE_VALUE);
    arguments given = {.kms = grille_kms_options_default()};
    grille_server_options options = grille_server_options_default();
    grille_identity *identity = NULL;
    grille_server *server = NULL;
    grille_kms *kms = NULL;
    grille_error error;
    grille_boot_main(&argc, argv);
    if (!parse(argc, argv, &given)) return fputs(usage, stderr), 2;
    if (!read_ca(given.ca, &given.kms.ca_pem)) return 1;
    grille_check(grille_policy_load(given.policy, &options.policy, &error), &error);
    grille_check(grille_identity_open_nsm(given.nsm, &identity, &error), &error);
    given.kms.identity = identity;
    given.kms.key_arns = &given.key;
    given.kms.key_arn_count = 1;
    given.kms.required_context = &purpose;
    given.kms.required_context_count = 1;
    grille_check(grille_kms_open(&given.kms, &kms, &error), &error);
    options.identity = identity;
    if (given.kms.egress == NULL) {
        options.on_peer = on_peer;
        options.on_peer_user = kms;
    }
    grille_check(grille_server_new(&options, &server, &error), &error);
    grille_check(grille_kms_register_credentials(server, kms, &error), &error);
    grille_check(acme_records_v1_records_register_with_error(server, &processing_handlers, kms, &error), &error);
    grille_check(grille_server_listen(server, given.listen, &error), &error);
    grille_check(grille_server_run(server, &error), &error);
    grille_server_free(server);
    grille_kms_close(kms);
    grille_identity_free(identity);
    grille_policy_free(options.policy);
    return 0;
}
