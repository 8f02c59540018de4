/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Debian packages, unpacked by dpkg-deb into a folder of ours. What is in a package is the work of
 * whoever made it: as root, dpkg-deb runs as nobody, can gain no privilege, and has limits.
 */

struct diag;

enum deb_error {
	_DEB_E_SUCCESS,
	DEB_E_FAILED, /* the diag says which package and why */
};

struct deb {
	char *dir; /* of our own, below TMPDIR or /tmp */
	char *tree; /* in it: what packages have been unpacked so far */
};

/**
 * deb_open() - make the folders
 * Return: 0; DEB_E_FAILED.
 */
int deb_open(struct deb *deb, struct diag *reterr_diag);

/**
 * deb_unpack() - one more package into the tree
 * Return: 0; DEB_E_FAILED.
 */
int deb_unpack(const struct deb *deb, const char *path, struct diag *reterr_diag);

/**
 * deb_close() - remove the folders and all in them; also after a failed deb_open()
 */
void deb_close(struct deb *deb);
