/* SPDX-License-Identifier: Apache-2.0
 * Credentials of the metadata service: its requests one after the other, each on a connection of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "kms/imds.h"
#include "kms/pump.h"
#include "kms/source.h"

#define DEFAULT_ADDRESS "tcp:169.254.169.254:80"

typedef struct imds_source {
    grille_kms_source source;
    grille_address address;
    char host[GRILLE_ADDRESS_TEXT_BYTES]; /* of the header: the address without "tcp:" and port 80 */
    char role[GRILLE_IMDS_ROLE_BYTES + 1];
    uint32_t timeout_ms;
} imds_source;

grille_kms_imds_options grille_kms_imds_options_default(void) {
    return (grille_kms_imds_options){
        .size = sizeof(grille_kms_imds_options), .address = DEFAULT_ADDRESS, .role = NULL, .timeout_ms = 2000};
}

/* ---- one request as a flow ---- */

typedef struct asking {
    grille_imds *imds;
    uint8_t request[1024];
    size_t len, sent;
} asking;

static grille_bytes outgoing(void *user) {
    const asking *one = user;
    return grille_bytes_of(&one->request[one->sent], one->len - one->sent);
}

static void sent(void *user, size_t len) {
    asking *one = user;
    one->sent += len;
}

static grille_reason feed(void *user, grille_bytes bytes, grille_error *error) {
    const asking *one = user;
    return grille_imds_take(one->imds, bytes, error);
}

static grille_reason ended(void *user, grille_error *error) {
    (void)user;
    return grille_error_set(error, GRILLE_REASON_KMS_SOURCE,
                            "the metadata service: the connection ended before the answer was whole");
}

/* What of the transport kept it from being answered. */
static grille_reason explain(const imds_source *own, const grille_imds *imds, grille_reason reason,
                             grille_error *error) {
    grille_error why = *error;
    const char *cause = "this is no EC2 instance, or its metadata service is switched off";
    char *likely = strstr(why.text, ". Likely");
    if (reason == GRILLE_REASON_LOOP_CHANNEL_CLOSED) return reason;
    if (likely != NULL) *likely = '\0'; /* this is known better here */
    if (imds->step == GRILLE_IMDS_TOKEN && reason == GRILLE_REASON_LOOP_DIAL_TIMEOUT)
        cause = "this is no EC2 instance, or a container that is one hop too far away: aws ec2 "
                "modify-instance-metadata-options --http-put-response-hop-limit 2";
    return grille_error_set(error, GRILLE_REASON_KMS_SOURCE, "%s, %s: %.160s. Likely %s", own->source.where,
                            grille_imds_doing(imds), why.text, cause);
}

static grille_reason ask(const imds_source *own, grille_imds *imds, int stop, grille_error *error) {
    asking one = {.imds = imds};
    const grille_pump_flow flow = {.user = &one, .outgoing = outgoing, .sent = sent, .feed = feed, .ended = ended};
    grille_writer request = grille_writer_into(one.request, sizeof one.request);
    grille_reason reason = grille_imds_request(imds, &request);
    if (reason != GRILLE_REASON_OK) return grille_error_default(error, reason);
    one.len = request.len;
    reason = grille_pump_run(&own->address, &flow, own->timeout_ms, stop, error);
    grille_wipe(one.request, sizeof one.request);
    if (reason == GRILLE_REASON_OK || reason == GRILLE_REASON_KMS_SOURCE || reason == GRILLE_REASON_KMS_SOURCE_EMPTY)
        return reason;
    return explain(own, imds, reason, error);
}

/* ---- the source ---- */

static grille_reason read_imds(grille_kms_source *source, int stop, grille_kms_role_credentials *credentials,
                               grille_error *error) {
    const imds_source *own = (const imds_source *)source;
    grille_reason reason = GRILLE_REASON_OK;
    grille_imds *imds = malloc(sizeof *imds);
    if (imds == NULL) return GRILLE_REASON_OUT_OF_MEMORY;
    grille_imds_begin(imds, own->host, own->role[0] != '\0' ? own->role : NULL);
    while (reason == GRILLE_REASON_OK && imds->step != GRILLE_IMDS_DONE) {
        const bool is_region = imds->step == GRILLE_IMDS_REGION;
        reason = ask(own, imds, stop, error);
        /* Who has credentials does not go without them for want of a region. */
        if (is_region && reason == GRILLE_REASON_KMS_SOURCE) {
            reason = GRILLE_REASON_OK;
            break;
        }
    }
    if (reason == GRILLE_REASON_OK) {
        *credentials = imds->credentials;
        grille_error_clear(error);
        (void)snprintf(source->where, sizeof source->where, "role %s of the metadata service", imds->role);
    }
    grille_imds_end(imds);
    free(imds);
    return reason;
}

static void set_host(imds_source *own) {
    char text[GRILLE_ADDRESS_TEXT_BYTES];
    const size_t prefix = strlen("tcp:"), port = strlen(":80");
    grille_address_format(&own->address, text);
    if (own->address.kind != GRILLE_ADDRESS_TCP) {
        (void)snprintf(own->host, sizeof own->host, "localhost");
        return;
    }
    if (own->address.port == 80) text[strlen(text) - port] = '\0';
    (void)snprintf(own->host, sizeof own->host, "%s", text + prefix);
}

static grille_reason set_options(imds_source *own, const grille_kms_imds_options *options, grille_error *error) {
    if (options->size != sizeof *options || options->timeout_ms == 0)
        return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                                "options of the metadata service: begin with grille_kms_imds_options_default()");
    grille_reason reason =
        grille_address_parse(options->address != NULL ? options->address : DEFAULT_ADDRESS, &own->address, error);
    if (reason != GRILLE_REASON_OK) return reason;
    if (options->role != NULL && !grille_imds_role_valid(grille_bytes_of_text(options->role)))
        return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                                "the role is a name of 1 to %d letters, digits and +=,.@_-, not an ARN",
                                GRILLE_IMDS_ROLE_BYTES);
    if (options->role != NULL) (void)snprintf(own->role, sizeof own->role, "%s", options->role);
    own->timeout_ms = options->timeout_ms;
    set_host(own);
    return GRILLE_REASON_OK;
}

grille_code grille_kms_source_open_imds(const grille_kms_imds_options *options, grille_kms_source **source,
                                        grille_error *error) {
    const grille_kms_imds_options defaults = grille_kms_imds_options_default();
    imds_source *own;
    grille_reason reason;
    grille_error_clear(error);
    *source = NULL;
    own = grille_kms_source_new(sizeof *own, read_imds, error);
    if (own == NULL) return GRILLE_RESOURCE_EXHAUSTED;
    reason = set_options(own, options != NULL ? options : &defaults, error);
    if (reason != GRILLE_REASON_OK) {
        free(own);
        return grille_reason_code(reason);
    }
    (void)snprintf(own->source.where, sizeof own->source.where, "the metadata service at %s", own->host);
    *source = &own->source;
    return GRILLE_OK;
}
