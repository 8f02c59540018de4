/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guard's object file, carried in the binary: holdfastd opens no file that could be replaced.
 * With it what its builder signed it by: see build.c.
 */
	.section .rodata
	.global guard_object_start
	.global guard_object_end
	.balign 16
guard_object_start:
	.incbin GUARD_OBJECT
guard_object_end:
#ifdef GUARD_SIGNATURE /* objects of the tests have none */
	.global guard_object_signature
guard_object_signature:
	.incbin GUARD_SIGNATURE
	.global guard_object_key
guard_object_key:
	.incbin GUARD_KEY
#endif
	.section .note.GNU-stack,"",@progbits
