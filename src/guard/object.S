/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guard's object file, carried in the binary: holdfastd opens no file that could be replaced.
 */
	.section .rodata
	.global guard_object_start
	.global guard_object_end
	.balign 16
guard_object_start:
	.incbin GUARD_OBJECT
guard_object_end:
	.section .note.GNU-stack,"",@progbits
