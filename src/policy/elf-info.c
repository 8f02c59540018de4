// SPDX-License-Identifier: LGPL-2.1-or-later
/* See elf-info.h. libelf does the reading; what it hands out is a number from a stranger. */

#include "policy/elf-info.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <gelf.h>
#include <libelf.h>

#include "base/array.h"
#include "base/cleanup.h"

struct segment {
	uint64_t address, offset, size; /* size in the file */
};

struct dynamic {
	uint64_t strings_address, strings_size;
	uint64_t soname, rpath, runpath; /* offsets into the strings */
	bool has_soname, has_rpath, has_runpath;
	uint64_t needed[ELF_MAX_NEEDED];
	size_t n_needed;
};

static void elf_endp(Elf **elf)
{
	if (*elf)
		(void)elf_end(*elf);
}

struct elf_info *elf_info_free(struct elf_info *info)
{
	if (!info)
		return NULL;

	for (size_t i = 0; i < info->n_needed; i++)
		free(info->needed[i]);
	free(info->needed);
	free(info->interpreter);
	free(info->soname);
	free(info->rpath);
	free(info->runpath);
	free(info);
	return NULL;
}

const char *elf_error_text(int error)
{
	switch (error) {
	case ELF_E_NOT_ELF:
		return "is not an ELF file";
	case ELF_E_CLASS:
		return "is not a 64-bit little-endian ELF file: others are not supported";
	case ELF_E_TYPE:
		return "is an ELF file, but neither an executable nor a shared library";
	case ELF_E_MALFORMED:
		return "is a malformed ELF file";
	}
	return "cannot be read";
}

static int check_ident(Elf *elf, struct elf_info *info)
{
	GElf_Ehdr header;
	size_t n_headers;

	if (elf_kind(elf) != ELF_K_ELF)
		return ELF_E_NOT_ELF;
	if (gelf_getclass(elf) == ELFCLASS32)
		return ELF_E_CLASS;
	if (!gelf_getehdr(elf, &header))
		return ELF_E_MALFORMED;
	if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB)
		return ELF_E_CLASS;
	if (header.e_type != ET_EXEC && header.e_type != ET_DYN)
		return ELF_E_TYPE;
	/* libelf counts only the headers that lie within the file: the others are missed here. */
	if (elf_getphdrnum(elf, &n_headers) < 0 || n_headers != header.e_phnum ||
	    n_headers > ELF_MAX_HEADERS)
		return ELF_E_MALFORMED;
	info->machine = header.e_machine;
	return 0;
}

/* A copy of the string at an offset of a piece of the file; it has to end within it. */
static int copy_string(const char *bytes, size_t size, uint64_t offset, char **ret_text)
{
	size_t room, length;
	char *text;

	if (offset >= size)
		return ELF_E_MALFORMED;
	room = size - (size_t)offset;
	if (room > ELF_MAX_STRING)
		room = ELF_MAX_STRING;
	length = strnlen(bytes + offset, room);
	if (length == room)
		return ELF_E_MALFORMED;

	text = strdup(bytes + offset);
	if (!text)
		return -ENOMEM;
	*ret_text = text;
	return 0;
}

static int read_interpreter(Elf *elf, const GElf_Phdr *header, struct elf_info *info)
{
	Elf_Data *data;

	if (info->interpreter || header->p_filesz == 0 || header->p_filesz > ELF_MAX_STRING)
		return ELF_E_MALFORMED;
	data = elf_getdata_rawchunk(elf, (int64_t)header->p_offset, header->p_filesz, ELF_T_BYTE);
	if (!data)
		return ELF_E_MALFORMED;
	return copy_string(data->d_buf, data->d_size, 0, &info->interpreter);
}

/* Fills the dynamic entries we know; the last of a kind counts, as for the dynamic linker. */
static int read_dynamic(Elf *elf, const GElf_Phdr *header, struct elf_info *info,
			struct dynamic *dynamic)
{
	size_t n = header->p_filesz / sizeof(Elf64_Dyn);
	const Elf64_Dyn *entries;
	Elf_Data *data;

	if (n > ELF_MAX_DYNAMIC)
		return ELF_E_MALFORMED;
	if (n == 0)
		return 0;
	data = elf_getdata_rawchunk(elf, (int64_t)header->p_offset, n * sizeof(Elf64_Dyn),
				    ELF_T_DYN);
	if (!data || data->d_size < n * sizeof(Elf64_Dyn))
		return ELF_E_MALFORMED;

	entries = data->d_buf;
	for (size_t i = 0; i < n && entries[i].d_tag != DT_NULL; i++) {
		uint64_t value = entries[i].d_un.d_val;

		switch (entries[i].d_tag) {
		case DT_NEEDED:
			if (dynamic->n_needed >= ELF_MAX_NEEDED)
				return ELF_E_MALFORMED;
			dynamic->needed[dynamic->n_needed++] = value;
			break;
		case DT_STRTAB:
			dynamic->strings_address = value;
			break;
		case DT_STRSZ:
			dynamic->strings_size = value;
			break;
		case DT_SONAME:
			dynamic->soname = value;
			dynamic->has_soname = true;
			break;
		case DT_RPATH:
			dynamic->rpath = value;
			dynamic->has_rpath = true;
			break;
		case DT_RUNPATH:
			dynamic->runpath = value;
			dynamic->has_runpath = true;
			break;
		case DT_FLAGS_1:
			info->no_default = value & DF_1_NODEFLIB;
			break;
		default:
			break;
		}
	}
	return 0;
}

/* Where an address lies in the file. */
static int offset_of(const struct segment *segments, size_t n_segments, uint64_t address,
		     uint64_t size, uint64_t *ret_offset)
{
	for (size_t i = 0; i < n_segments; i++) {
		const struct segment *s = &segments[i];

		if (address < s->address || address - s->address > s->size ||
		    size > s->size - (address - s->address))
			continue;
		*ret_offset = s->offset + (address - s->address);
		return 0;
	}
	return ELF_E_MALFORMED;
}

static int copy_needed(const Elf_Data *strings, const struct dynamic *dynamic,
		       struct elf_info *info)
{
	for (size_t i = 0; i < dynamic->n_needed; i++) {
		int r;

		r = array_grow(&info->needed, info->n_needed, sizeof(*info->needed));
		if (r < 0)
			return r;
		r = copy_string(strings->d_buf, strings->d_size, dynamic->needed[i],
				&info->needed[info->n_needed]);
		if (r)
			return r;
		info->n_needed++;
	}
	return 0;
}

static int copy_strings(Elf *elf, const struct segment *segments, size_t n_segments,
			const struct dynamic *dynamic, struct elf_info *info)
{
	Elf_Data *strings;
	uint64_t offset;
	int r;

	if (!dynamic->n_needed && !dynamic->has_soname && !dynamic->has_rpath &&
	    !dynamic->has_runpath)
		return 0;
	if (dynamic->strings_size == 0)
		return ELF_E_MALFORMED;
	r = offset_of(segments, n_segments, dynamic->strings_address, dynamic->strings_size,
		      &offset);
	if (r)
		return r;
	strings = elf_getdata_rawchunk(elf, (int64_t)offset, dynamic->strings_size, ELF_T_BYTE);
	if (!strings)
		return ELF_E_MALFORMED;

	r = copy_needed(strings, dynamic, info);
	if (!r && dynamic->has_soname)
		r = copy_string(strings->d_buf, strings->d_size, dynamic->soname, &info->soname);
	if (!r && dynamic->has_runpath)
		r = copy_string(strings->d_buf, strings->d_size, dynamic->runpath, &info->runpath);
	else if (!r && dynamic->has_rpath)
		r = copy_string(strings->d_buf, strings->d_size, dynamic->rpath, &info->rpath);
	return r;
}

static int add_segment(const GElf_Phdr *header, struct segment **segments, size_t *n_segments)
{
	int r = array_grow(segments, *n_segments, sizeof(**segments));

	if (r < 0)
		return r;
	(*segments)[(*n_segments)++] = (struct segment){
		.address = header->p_vaddr, .offset = header->p_offset, .size = header->p_filesz};
	return 0;
}

static int read_segments(Elf *elf, struct elf_info *info)
{
	_cleanup_free_ struct segment *segments = NULL;
	_cleanup_free_ struct dynamic *dynamic = NULL;
	size_t n_segments = 0, n_headers;

	if (elf_getphdrnum(elf, &n_headers) < 0)
		return ELF_E_MALFORMED;
	dynamic = calloc(1, sizeof(*dynamic));
	if (!dynamic)
		return -ENOMEM;

	for (size_t i = 0; i < n_headers; i++) {
		GElf_Phdr header;
		int r = 0;

		if (!gelf_getphdr(elf, (int)i, &header))
			return ELF_E_MALFORMED;
		if (header.p_type == PT_LOAD)
			r = add_segment(&header, &segments, &n_segments);
		else if (header.p_type == PT_INTERP)
			r = read_interpreter(elf, &header, info);
		else if (header.p_type == PT_DYNAMIC)
			r = read_dynamic(elf, &header, info, dynamic);
		if (r)
			return r;
	}
	return copy_strings(elf, segments, n_segments, dynamic, info);
}

static int read_elf(Elf *elf, struct elf_info **ret_info)
{
	_cleanup_(elf_info_freep) struct elf_info *info = NULL;
	int r;

	if (!elf)
		return ELF_E_NOT_ELF;
	info = calloc(1, sizeof(*info));
	if (!info)
		return -ENOMEM;

	r = check_ident(elf, info);
	if (r)
		return r;
	r = read_segments(elf, info);
	if (r)
		return r;

	*ret_info = TAKE_PTR(info);
	return 0;
}

int elf_info_read(int fd, struct elf_info **ret_info)
{
	_cleanup_(elf_endp) Elf *elf = NULL;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return -EIO;
	elf = elf_begin(fd, ELF_C_READ, NULL);
	return read_elf(elf, ret_info);
}

int elf_info_read_memory(void *data, size_t size, struct elf_info **ret_info)
{
	_cleanup_(elf_endp) Elf *elf = NULL;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return -EIO;
	elf = elf_memory(data, size);
	return read_elf(elf, ret_info);
}
