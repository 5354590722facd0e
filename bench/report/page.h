/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GRILLE_BENCH_REPORT_PAGE_H
#define GRILLE_BENCH_REPORT_PAGE_H

/* page.html, made into an array by the build. Lines of the form <!--NAME--> are replaced by bench_report_html. */
extern const char bench_page[];

#endif
