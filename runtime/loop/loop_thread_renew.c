/* SPDX-License-Identifier: Apache-2.0
 * Another policy or identity for a loop and the connections on it: one after the other, on the loop's thread. */
#include "loop/loop_thread_private.h"

static void renew_connection(grille_connection *connection, const void *argument) {
    const grille_renewal *renewal = argument;
    grille_connection_renew(connection, renewal->policy, renewal->identity);
}

static void apply(grille_loop_thread *thread, const grille_renewal *renewal) {
    if (renewal->number <= thread->renewal_number) return;
    thread->renewal_number = renewal->number;
    grille_renewal_keep(renewal, &thread->connection_options.policy, &thread->connection_options.identity);
    grille_loop_thread_for_each(thread, renew_connection, renewal);
}

static grille_renewal *next_renewal(grille_loop_thread *thread) {
    pthread_mutex_lock(&thread->arrivals_lock);
    grille_link *link = grille_list_empty(&thread->renewals) ? NULL : thread->renewals.next;
    pthread_mutex_unlock(&thread->arrivals_lock);
    return link == NULL ? NULL : grille_container(link, grille_renewal, link);
}

static void take_out(grille_loop_thread *thread, grille_renewal *renewal) {
    pthread_mutex_lock(&thread->arrivals_lock);
    grille_list_remove(&renewal->link);
    pthread_cond_broadcast(&thread->renewed);
    pthread_mutex_unlock(&thread->arrivals_lock);
    grille_renewal_free(renewal);
}

static void on_renew(grille_job *job) {
    grille_loop_thread *thread = grille_container(job, grille_loop_thread, renew);
    grille_renewal *renewal = NULL;
    while ((renewal = next_renewal(thread)) != NULL) {
        apply(thread, renewal);
        take_out(thread, renewal);
    }
}

void grille_loop_thread_init_renewals(grille_loop_thread *thread) {
    grille_list_init(&thread->renewals);
    pthread_cond_init(&thread->renewed, NULL);
    grille_job_init(&thread->renew, on_renew);
}

void grille_loop_thread_deinit_renewals(grille_loop_thread *thread) {
    for (grille_renewal *renewal; (renewal = next_renewal(thread)) != NULL;)
        take_out(thread, renewal);
    grille_policy_free(thread->connection_options.policy);
    grille_identity_free(thread->connection_options.identity);
    pthread_cond_destroy(&thread->renewed);
}

void grille_loop_thread_is_over(grille_loop_thread *thread) {
    pthread_mutex_lock(&thread->arrivals_lock);
    thread->over = true;
    pthread_cond_broadcast(&thread->renewed);
    pthread_mutex_unlock(&thread->arrivals_lock);
}

grille_reason grille_loop_thread_renew(grille_loop_thread *thread, grille_policy *policy, grille_identity *identity,
                                       uint64_t number) {
    const grille_loop *here = grille_loop_in_turn();
    grille_renewal *renewal = grille_renewal_new(policy, identity);
    if (renewal == NULL) return GRILLE_REASON_OUT_OF_MEMORY;
    renewal->number = number;
    pthread_mutex_lock(&thread->arrivals_lock);
    grille_list_append(&thread->renewals, &renewal->link);
    pthread_mutex_unlock(&thread->arrivals_lock);
    if (here == &thread->loop) {
        on_renew(&thread->renew);
        return GRILLE_REASON_OK;
    }
    grille_loop_post(&thread->loop, &thread->renew);
    pthread_mutex_lock(&thread->arrivals_lock);
    while (here == NULL && !thread->over && !grille_list_empty(&thread->renewals))
        pthread_cond_wait(&thread->renewed, &thread->arrivals_lock);
    pthread_mutex_unlock(&thread->arrivals_lock);
    return GRILLE_REASON_OK;
}
