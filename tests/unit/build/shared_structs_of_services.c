/* SPDX-License-Identifier: Apache-2.0 */
#define GRILLE_TLS_OF_SERVICES
#include "shared_structs.h"

/* It is another setting. */
#if defined NO_RSA || !defined WC_RSA_PSS || !defined NO_WOLFSSL_SERVER || !defined HAVE_SNI || SP_INT_BITS != 4096 || \
    defined WOLFSSL_HAVE_SP_ECC || defined WOLFSSL_CERT_GEN || !defined NO_ASN_TIME || !defined WOLFSSL_NO_TLS12 ||    \
    defined HAVE_SESSION_TICKET || WOLFSSL_MIN_RSA_BITS != 2048
#error "not the settings of TLS towards services"
#endif

const shared_struct shared_structs_of_services[shared_struct_count] = {SHARED_STRUCT_ROWS};
