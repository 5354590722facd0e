/* SPDX-License-Identifier: Apache-2.0
 * The parent: carries a data set to the enclave and its report back, and gives the enclave what it needs to reach the
 * key service: credentials of the parent's own role, and a way out. It sees neither the data key nor a record. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "blob.h"
#include "envelope.h"
#include "examples/kms/records.grille-pb.h"
#include "grille/egress.h"
#include "grille/grille.h"
#include "grille/kms_parent.h"

static const char usage[] =
    "usage: records_parent --enclave ADDRESS --policy FILE --identity PREFIX [options] DATASET REPORT\n"
    "         --identity PREFIX    PREFIX.pem and PREFIX.key\n"
    "         --credentials FILE   with AWS credentials, and\n"
    "         --profile NAME       which; default: environment, ~/.aws/credentials, instance metadata\n"
    "         --egress-to ADDRESS  where the enclave may connect to through us: tcp:HOST:PORT; may come again\n"
    "         --hold               keeps everything until standard input ends: a test looks at its memory\n";

enum { TIMEOUT_MS = 60000, EGRESS_MOST = 8 };

typedef struct arguments {
    const char *enclave, *policy, *identity, *credentials, *profile, *dataset, *report;
    const char *egress_to[EGRESS_MOST];
    size_t egress_count;
    bool holds;
} arguments;

static bool parse(int argc, char **argv, arguments *given) {
    static const struct option options[] = {
        {"enclave", required_argument, NULL, 'a'},  {"policy", required_argument, NULL, 'p'},
        {"identity", required_argument, NULL, 'i'}, {"credentials", required_argument, NULL, 'c'},
        {"profile", required_argument, NULL, 'f'},  {"egress-to", required_argument, NULL, 'e'},
        {"hold", no_argument, NULL, 'o'},           {0}};
    for (int option = 0; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 'a':
            given->enclave = optarg;
            break;
        case 'p':
            given->policy = optarg;
            break;
        case 'i':
            given->identity = optarg;
            break;
        case 'c':
            given->credentials = optarg;
            break;
        case 'f':
            given->profile = optarg;
            break;
        case 'e':
            if (given->egress_count == EGRESS_MOST) return false;
            given->egress_to[given->egress_count++] = optarg;
            break;
        case 'o':
            given->holds = true;
            break;
        default:
            return false;
        }
    }
    if (argc - optind != 2 || given->enclave == NULL || given->policy == NULL || given->identity == NULL) return false;
    given->dataset = argv[optind];
    given->report = argv[optind + 1];
    return true;
}

static bool told(grille_code code, const grille_error *error) {
    if (code != GRILLE_OK) (void)fprintf(stderr, "records_parent: %s: %s\n", error->name, error->text);
    return code == GRILLE_OK;
}

static grille_code load_identity(const char *prefix, grille_identity **identity, grille_error *error) {
    char chain[4096], key[4096];
    (void)snprintf(chain, sizeof chain, "%s.pem", prefix);
    (void)snprintf(key, sizeof key, "%s.key", prefix);
    return grille_identity_load_x509(chain, key, identity, error);
}

static grille_code open_source(const arguments *given, grille_kms_source **source, grille_error *error) {
    if (given->credentials != NULL || given->profile != NULL)
        return grille_kms_source_open_file(given->credentials, given->profile, source, error);
    return grille_kms_source_open_default(NULL, source, error);
}

static ProtobufCBinaryData binary(grille_bytes bytes) {
    return (ProtobufCBinaryData){.len = bytes.len, .data = (uint8_t *)(uintptr_t)bytes.data};
}

/* Whatever goes wrong on the way is in the reply of the stream's end. */
static void send_records(acme_records_v1_records_process_stream *stream, envelope *from, const char **wrong) {
    Acme__Records__V1__ProcessRequest message = ACME__RECORDS__V1__PROCESS_REQUEST__INIT;
    char dataset[RECORD_DATASET_MAX + 1] = {0};
    grille_bytes sealed;
    memcpy(dataset, from->dataset.data, from->dataset.len);
    message.dataset = dataset;
    message.wrapped_key = binary(from->wrapped_key);
    grille_code code = acme_records_v1_records_process_write(stream, &message);
    acme__records__v1__process_request__init(&message);
    while (code == GRILLE_OK && envelope_next(from, &sealed, wrong)) {
        message.record = binary(sealed);
        code = acme_records_v1_records_process_write(stream, &message);
    }
    if (*wrong != NULL) acme_records_v1_records_process_cancel(stream);
}

static bool process(grille_channel *channel, envelope *from, const char *report) {
    acme_records_v1_records_process_stream *stream = NULL;
    acme_records_v1_records_process_reply reply;
    const char *wrong = NULL;
    grille_error error;
    bool done = false;
    if (!told(acme_records_v1_records_process_begin(
                  channel, &GRILLE_CALL_OPTIONS(.timeout_ms = TIMEOUT_MS, .wait_for_ready = true), &stream, &error),
              &error))
        return false;
    send_records(stream, from, &wrong);
    if (acme_records_v1_records_process_finish(stream, &reply) == GRILLE_OK) {
        done = blob_write(NULL, report, reply.response->report.data, reply.response->report.len);
    } else if (wrong != NULL) {
        (void)fprintf(stderr, "records_parent: the data set: %s\n", wrong);
    } else {
        (void)fprintf(stderr, "records_parent: refused: %s: %s\n", grille_code_name(reply.code), reply.message);
    }
    acme_records_v1_records_process_reply_free(&reply);
    return done;
}

static void print_peer(grille_channel *channel) {
    grille_peer_identity peer;
    if (grille_channel_get_peer(channel, &peer) != GRILLE_OK) return;
    (void)printf("peer: %s %s, accepted by set \"%s\"%s%s\n", grille_identity_kind_name(peer.kind), peer.module_id,
                 peer.set, peer.debug ? ", a DEBUG enclave" : "", peer.insecure ? ", under a DEVELOPMENT root" : "");
    (void)fflush(stdout);
}

static void hold(void) {
    char end = 0;
    (void)printf("holding\n");
    (void)fflush(stdout);
    while (read(STDIN_FILENO, &end, 1) > 0) {
    }
}

/* With the enclave's credentials in place. */
static bool work(grille_channel *channel, grille_kms_source *source, envelope *from, const arguments *given) {
    grille_kms_feeder_options options = grille_kms_feeder_options_default();
    grille_kms_feeder *feeder = NULL;
    grille_error error;
    options.source = source;
    /* A refused enclave ends the wait at once. */
    if (!told(grille_channel_wait_ready(channel, TIMEOUT_MS, &error), &error) ||
        !told(grille_kms_feeder_start(channel, &options, &feeder, &error), &error))
        return false;
    const bool fed = told(grille_kms_feeder_wait(feeder, TIMEOUT_MS, &error), &error);
    if (fed) print_peer(channel);
    const bool done = fed && process(channel, from, given->report);
    if (done && given->holds) hold();
    grille_kms_feeder_stop(feeder);
    return done;
}

static bool run(const arguments *given, envelope *from) {
    grille_channel_options options = grille_channel_options_default();
    grille_egress_options egress_options = grille_egress_options_default();
    grille_egress_service *egress = NULL;
    grille_identity *identity = NULL;
    grille_kms_source *source = NULL;
    grille_channel *channel = NULL;
    grille_error error;
    bool good = told(grille_policy_load(given->policy, &options.policy, &error), &error) &&
                told(load_identity(given->identity, &identity, &error), &error) &&
                told(open_source(given, &source, &error), &error);
    if (good && given->egress_count > 0) {
        egress_options.allow = given->egress_to;
        egress_options.allow_count = given->egress_count;
        good = told(grille_services_new(&options.services, &error), &error) &&
               told(grille_egress_service_new(&egress_options, &egress, &error), &error) &&
               told(grille_egress_register(egress, options.services, &error), &error);
    }
    options.identity = identity;
    good = good && told(grille_channel_open(given->enclave, &options, &channel, &error), &error) &&
           work(channel, source, from, given);
    grille_channel_close(channel);
    grille_services_free(options.services);
    grille_egress_service_free(egress);
    grille_kms_source_free(source);
    grille_identity_free(identity);
    grille_policy_free(options.policy);
    return good;
}

int main(int argc, char **argv) {
    arguments given = {0};
    blob file = {0};
    envelope from;
    bool done = false;
    if (!parse(argc, argv, &given)) return fputs(usage, stderr), 2;
    if (!blob_read(NULL, given.dataset, ENVELOPE_MAX, &file)) return 1;
    const char *wrong = envelope_read(blob_bytes(&file), &from);
    if (wrong != NULL) {
        (void)fprintf(stderr, "records_parent: %s: %s\n", given.dataset, wrong);
    } else {
        done = run(&given, &from);
    }
    blob_free(&file);
    return done ? 0 : 1;
}
