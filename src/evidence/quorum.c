// SPDX-License-Identifier: LGPL-2.1-or-later
/* See quorum.h. Pure. */

#include "evidence/quorum.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/size.h"
#include "base/utf8.h"

#define MAX_WORDS (3 + 2 * QUORUM_MAX) /* of a line: a group of everything, and its name */

struct parser {
	struct quorum *policy;
	struct diag *reterr_diag;
	unsigned line;
	struct text words[MAX_WORDS + 1];
	size_t n_words;
	bool has_quorum;
};

#define refuse(parser, ...) \
	(diag_set((parser)->reterr_diag, NULL, (parser)->line, 0, __VA_ARGS__), NOTE_E_REFUSED)

/* For "%.*s". */
#define shown(text) (int)((text).size < 64 ? (text).size : 64), (text).at

static void split(struct parser *parser, struct text line)
{
	size_t i = 0;

	parser->n_words = 0;
	while (parser->n_words <= MAX_WORDS) {
		size_t first;

		while (i < line.size && (line.at[i] == ' ' || line.at[i] == '\t'))
			i++;
		first = i;
		while (i < line.size && line.at[i] != ' ' && line.at[i] != '\t')
			i++;
		if (i == first)
			return;
		parser->words[parser->n_words++] = (struct text){line.at + first, i - first};
	}
}

/* Adds the member of that name to a group. */
static bool find(const struct quorum *policy, struct text name, struct quorum_group *group)
{
	for (size_t i = 0; i < policy->n_witnesses; i++) {
		if (text_is(name, policy->witnesses[i].name)) {
			group->witnesses |= UINT64_C(1) << i;
			return true;
		}
	}
	for (size_t i = 0; i < policy->n_groups; i++) {
		if (text_is(name, policy->groups[i].name)) {
			group->groups |= UINT64_C(1) << i;
			return true;
		}
	}
	return false;
}

static int take_name(struct parser *parser, struct text name, char ret_name[NOTE_NAME_LEN])
{
	struct quorum_group ignored = {0};

	if (name.size >= NOTE_NAME_LEN)
		return refuse(parser, "a name has more than %d bytes", NOTE_NAME_LEN - 1);
	if (text_is(name, "none"))
		return refuse(parser, "\"none\" is no name: a quorum of that name asks for nobody");
	if (find(parser->policy, name, &ignored))
		return refuse(parser, "the name '%.*s' is taken by a line above", shown(name));
	memcpy(ret_name, name.at, name.size);
	ret_name[name.size] = '\0';
	return 0;
}

static int take_key(struct parser *parser, struct text vkey, uint8_t type, struct note_key *ret_key)
{
	struct diag diag = {0};
	int r = note_key_parse(vkey, ret_key, &diag);

	if (r < 0)
		return r;
	if (r)
		return refuse(parser, "%s", diag.text);
	if (ret_key->type != type)
		return refuse(parser,
			      "the key is of type 0x%02x, here it has to be 0x%02x, of a %s",
			      ret_key->type, type, type == NOTE_ED25519 ? "log" : "witness");
	return 0;
}

static int parse_log(struct parser *parser)
{
	struct quorum *policy = parser->policy;
	int r;

	if (parser->n_words < 2 || parser->n_words > 3)
		return refuse(parser, "a log's line is: log KEY [URL]");
	if (policy->n_logs == QUORUM_MAX)
		return refuse(parser, "there are more than %d logs", QUORUM_MAX);
	r = take_key(parser, parser->words[1], NOTE_ED25519, &policy->logs[policy->n_logs]);
	if (r)
		return r;
	policy->n_logs++;
	return 0;
}

static int parse_witness(struct parser *parser)
{
	struct quorum *policy = parser->policy;
	struct quorum_witness *witness = &policy->witnesses[policy->n_witnesses];
	int r;

	if (parser->n_words < 3 || parser->n_words > 4)
		return refuse(parser, "a witness's line is: witness NAME KEY [URL]");
	if (policy->n_witnesses == QUORUM_MAX)
		return refuse(parser, "there are more than %d witnesses", QUORUM_MAX);
	r = take_name(parser, parser->words[1], witness->name);
	if (!r)
		r = take_key(parser, parser->words[2], NOTE_COSIGNATURE, &witness->key);
	if (r)
		return r;
	if (parser->n_words == 4) {
		struct text url = parser->words[3];

		if (url.size >= QUORUM_URL_LEN)
			return refuse(parser, "the URL of the witness has more than %d bytes",
				      QUORUM_URL_LEN - 1);
		memcpy(witness->url, url.at, url.size);
		witness->url[url.size] = '\0';
	}
	/* one witness must not count as two */
	for (size_t i = 0; i < policy->n_witnesses; i++) {
		if (memcmp(policy->witnesses[i].key.key, witness->key.key, NOTE_KEY_LEN) == 0)
			return refuse(parser, "the witness '%s' has this key already",
				      policy->witnesses[i].name);
	}
	policy->n_witnesses++;
	return 0;
}

static int parse_group(struct parser *parser)
{
	struct quorum *policy = parser->policy;
	struct quorum_group group = {0};
	size_t n = parser->n_words - 3;
	uint64_t needed = n;
	int r;

	if (parser->n_words < 4)
		return refuse(parser, "a group's line is: group NAME all|any|NUMBER MEMBER...");
	if (policy->n_groups == QUORUM_MAX)
		return refuse(parser, "there are more than %d groups", QUORUM_MAX);
	r = take_name(parser, parser->words[1], group.name);
	if (r)
		return r;
	if (text_is(parser->words[2], "any"))
		needed = 1;
	else if (!text_is(parser->words[2], "all") &&
		 (!text_decimal(parser->words[2], &needed) || needed == 0 || needed > n))
		return refuse(parser, "'%.*s' is neither all, any nor a number from 1 to %zu",
			      shown(parser->words[2]), n);
	group.needed = (unsigned)needed;
	for (size_t i = 3; i < parser->n_words; i++) {
		struct quorum_group before = group;

		if (!find(policy, parser->words[i], &group))
			return refuse(parser, "there is no witness or group '%.*s' above this line",
				      shown(parser->words[i]));
		if (before.witnesses == group.witnesses && before.groups == group.groups)
			return refuse(parser, "'%.*s' is a member twice", shown(parser->words[i]));
	}
	policy->groups[policy->n_groups++] = group;
	return 0;
}

static int parse_quorum(struct parser *parser)
{
	struct quorum_group *quorum = &parser->policy->quorum;

	if (parser->n_words != 2)
		return refuse(parser, "a quorum's line is: quorum NAME|none");
	if (parser->has_quorum)
		return refuse(parser, "there is a quorum already: one line says it");
	parser->has_quorum = true;
	if (text_is(parser->words[1], "none"))
		return 0;
	quorum->needed = 1;
	if (!find(parser->policy, parser->words[1], quorum))
		return refuse(parser, "there is no witness or group '%.*s' above this line",
			      shown(parser->words[1]));
	memcpy(quorum->name, parser->words[1].at, parser->words[1].size);
	return 0;
}

static int parse_line(struct parser *parser, struct text line)
{
	static const struct {
		const char *word;
		int (*parse)(struct parser *parser);
	} rows[] = {
		{"log", parse_log},
		{"witness", parse_witness},
		{"group", parse_group},
		{"quorum", parse_quorum},
	};

	split(parser, line);
	if (parser->n_words == 0 || parser->words[0].at[0] == '#')
		return 0;
	if (parser->n_words > MAX_WORDS)
		return refuse(parser, "the line has more than %d words", MAX_WORDS);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (text_is(parser->words[0], rows[i].word))
			return rows[i].parse(parser);
	}
	return refuse(parser, "'%.*s' is neither log, witness, group nor quorum",
		      shown(parser->words[0]));
}

static int check_bytes(struct parser *parser, struct text text)
{
	unsigned column;
	size_t wrong;

	if (text.size > QUORUM_MAX_SIZE)
		return refuse(parser, "this has more than %zu bytes: that is no policy",
			      QUORUM_MAX_SIZE);
	if (utf8_check(text.at, text.size, &wrong) == 0) {
		for (wrong = 0; wrong < text.size; wrong++) {
			unsigned char c = (unsigned char)text.at[wrong];

			if (c < ' ' && c != '\n' && c != '\t')
				break;
		}
		if (wrong == text.size)
			return 0;
	}
	text_position(text.at, text.size, wrong, &parser->line, &column);
	return refuse(parser, "the line has a byte that is no UTF-8, or a control character");
}

int quorum_parse(const char *data, size_t size, struct quorum **ret_policy,
		 struct diag *reterr_diag)
{
	_cleanup_free_ struct quorum *policy = calloc(1, sizeof(*policy));
	struct parser parser = {.policy = policy, .reterr_diag = reterr_diag};
	struct text rest = {data, size}, line;
	int r;

	if (!policy)
		return -ENOMEM;
	r = check_bytes(&parser, rest);
	while (!r && rest.size) {
		if (!text_cut(&rest, '\n', &line)) {
			line = rest;
			rest.size = 0;
		}
		parser.line++;
		r = parse_line(&parser, line);
	}
	if (r)
		return r;
	parser.line = 0;
	if (!policy->n_logs)
		return refuse(&parser, "there is no line \"log KEY\": nothing is trusted");
	if (!parser.has_quorum)
		return refuse(&parser, "there is no line \"quorum NAME\", or \"quorum none\"");

	*ret_policy = TAKE_PTR(policy);
	return 0;
}

static bool met(const struct quorum_group *group, uint64_t witnesses, uint64_t groups)
{
	int n = __builtin_popcountll(group->witnesses & witnesses) +
		__builtin_popcountll(group->groups & groups);

	return (unsigned)n >= group->needed;
}

int quorum_check_log(const struct quorum *policy, const struct note *note, const char *origin,
		     struct diag *reterr_diag)
{
	bool known = false, has_signed = false;

	for (size_t i = 0; i < policy->n_logs; i++) {
		int r;

		if (strcmp(policy->logs[i].name, origin) != 0)
			continue;
		known = true;
		r = note_verify(note, &policy->logs[i], NULL, reterr_diag);
		if (r && r != NOTE_E_UNSIGNED)
			return r;
		has_signed = has_signed || r == 0;
	}
	if (has_signed)
		return 0;
	diag_set(
		reterr_diag, NULL, 0, 0,
		known ? "the checkpoint is not signed by the key that the policy has for the log %s"
		      : "the checkpoint is of the log %s, which is none of the policy's",
		origin);
	return NOTE_E_REFUSED;
}

int quorum_check(const struct quorum *policy, const struct note *note, const char *origin,
		 struct quorum_report *ret_report, struct diag *reterr_diag)
{
	struct quorum_report report = {0};
	uint64_t groups = 0;
	int r;

	r = quorum_check_log(policy, note, origin, reterr_diag);
	if (r)
		return r;
	for (size_t i = 0; i < policy->n_witnesses; i++) {
		r = note_verify(note, &policy->witnesses[i].key, &report.times[i], reterr_diag);
		if (r == 0)
			report.witnesses |= UINT64_C(1) << i;
		else if (r != NOTE_E_UNSIGNED)
			return r;
	}
	for (size_t i = 0; i < policy->n_groups; i++) {
		if (met(&policy->groups[i], report.witnesses, groups))
			groups |= UINT64_C(1) << i;
	}
	if (!met(&policy->quorum, report.witnesses, groups)) {
		diag_set(reterr_diag, NULL, 0, 0,
			 "the quorum '%s' is not met: %d of %zu witnesses have cosigned",
			 policy->quorum.name, __builtin_popcountll(report.witnesses),
			 policy->n_witnesses);
		return NOTE_E_REFUSED;
	}
	*ret_report = report;
	return 0;
}
