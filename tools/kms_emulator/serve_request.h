/* SPDX-License-Identifier: Apache-2.0
 * One request of HTTP and its answer, as libmicrohttpd calls for them. */
#ifndef GRILLE_TOOLS_KMS_EMULATOR_SERVE_REQUEST_H
#define GRILLE_TOOLS_KMS_EMULATOR_SERVE_REQUEST_H

#include <microhttpd.h>

/* MHD_OPTION_URI_LOG_CALLBACK: a request begins. */
void *kms_serve_begin(void *front, const char *uri, struct MHD_Connection *connection);

/* MHD_AccessHandlerCallback. `front` is a kms_front. */
enum MHD_Result kms_serve_part(void *front, struct MHD_Connection *connection, const char *url, const char *method,
                               const char *version, const char *part, size_t *part_bytes, void **request);

/* MHD_OPTION_NOTIFY_COMPLETED: its memory is wiped and freed. */
void kms_serve_end(void *front, struct MHD_Connection *connection, void **request,
                   enum MHD_RequestTerminationCode code);

#endif
