/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * canary_socket() - `canary socket connect|tell|hear NAME`
 *
 * Connects to the socket @holdfast-NAME; sends it a datagram; or binds it, says `hears`, and waits
 * for one for ten seconds. Return: enum probe_exit; of `hear` PROBE_DENIED if none came.
 */
int canary_socket(const char *verb, const char *name);
