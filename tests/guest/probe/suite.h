/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the suites' probe is made of, beside the drill's techniques. */

#define SUITE_VICTIM "victim" /* under which name the canary serves in the suites */

/* identity_main() - helpers of the suites; exit codes are enum probe_exit */
int identity_main(int argc, char **argv);

/* links_main() - helpers about links, the same way */
int links_main(int argc, char **argv);

/* make_main() - maps and programs by numbers, the same way */
int make_main(int argc, char **argv);
