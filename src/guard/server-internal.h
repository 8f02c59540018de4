/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files behind server.h share. Nobody else includes it. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "guard/dirs.h"
#include "guard/guard.h"
#include "guard/highwater.h"
#include "guard/host-look.h"
#include "guard/loads.h"
#include "guard/protocol.h"
#include "guard/secret.h"
#include "guard/server.h"

struct diag;
struct guard;
struct journal;

#define SERVER_SLOTS (SERVER_MAX_CONNECTIONS + SERVER_MAX_RUNS)

/* What an epoll event is about: kind, slot and descriptor, so that one of a closed one is seen. */
enum watch {
	WATCH_SOCKET,
	WATCH_SIGNALS,
	WATCH_EVENTS,
	WATCH_CONNECTION,
	WATCH_EXEC,
	WATCH_HOST,
	WATCH_AUDIT,
};

/* What is known of the host's settings. */
struct host {
	pid_t pid; /* of the child that looks; 0: none does */
	int fd; /* of what it says */
	pid_t late; /* one that did not say it in time, and has not ended; or 0 */
	uint64_t deadline; /* of the child */
	uint64_t due; /* of the next look */
	bool blind; /* the last one failed */
	struct host_look last; /* n is 0: none so far under this guard, by this holdfastd */
	char trouble[PROTOCOL_WEAK_LEN]; /* what the policy requires and is not so, or "" */
};

struct connection {
	int fd; /* -EBADF: the slot is free */
	uint64_t deadline; /* to say something */
	pid_t pid; /* of the client */
	uid_t uid;
	struct run *run; /* what it waits for, or NULL */
};

struct run {
	pid_t pid; /* 0: the slot is free */
	int exec_fd; /* open until the exec has succeeded or failed */
	uint64_t deadline; /* for the exec */
	struct connection *client; /* NULL: gone, or content with the start */
	bool detach;
	bool failed; /* the client has been told */
	char domain[PROTOCOL_DOMAIN_LEN];
	char command[128]; /* argv[0], cut, for messages */
};

struct server {
	struct server_options options;
	struct dirs dirs;
	int epoll_fd, signal_fd, listen_fd;
	struct guard *guard; /* NULL: none is up */
	struct journal *journal;
	void *image; /* in force; for names in the log only, never for a decision */
	struct secret_tries tries;
	bool settled; /* what is in the kernel is known: a guard that is held, or none */
	bool marked; /* all files of ours are guarded */
	bool stopped; /* leave the loop */
	bool taken_down; /* because of that: by the operator */
	uint64_t lonely_until; /* if it only waits for a request: for how long nobody has come */
	int log_error; /* of the journal, as last reported */
	bool escape_off; /* the boot prompt said that no guard comes up */
	uint64_t respite_due; /* when the guard's mode changes by itself; UINT64_MAX: never */
	uint64_t upgrade_due; /* of a look whether holdfastd has been replaced; UINT64_MAX: never */
	struct stat upgrade_seen; /* what was in its place at the last look */
	struct hold *hold; /* what is kept for domains; NULL: nothing */
	bool hold_wanted; /* the policy names something to hold */
	uint64_t proof_due; /* of the guard's self-proof */
	struct guard_proof proof; /* the last one */
	uint64_t proof_ns; /* when that was; 0: not since this holdfastd holds the guard */
	char proof_trouble[PROTOCOL_WEAK_LEN]; /* what it found; "" if all was refused */
	char foreign_trouble[PROTOCOL_WEAK_LEN]; /* what others have hung beside the guard, or "" */
	char adoption_trouble[PROTOCOL_WEAK_LEN]; /* older agents that are not guarded, or "" */
	char owned_trouble[PROTOCOL_WEAK_LEN]; /* files of agents that are not guarded, or "" */
	struct host host;
	uint64_t late_due; /* of a look for links that have no label */
	int late_error; /* of the last */
	bool unread; /* there is something in a ring, of which no fd may tell */
	struct loads loads;
	uint64_t loads_due; /* of the next look at what was loaded */
	uint64_t loads_sure; /* of the next one that loads something itself */
	bool loads_news; /* the log has had loads since the last */
	int audit_fd; /* what the kernel's audit says; -EBADF: it is not heard */
	uint64_t flood_due; /* of a look for folded events */
	uint64_t flood_told_ns; /* when the last was; 0: not since this holdfastd holds the guard */
	uint32_t told_link; /* greatest id of a foreign link that was told */
	struct connection connections[SERVER_SLOTS];
	struct run runs[SERVER_MAX_RUNS];
	struct protocol_message message; /* the request in hand */
};

/* server.c */
bool server_drain(struct server *server); /* whether there may be more */
int server_watch_events(struct server *server); /* both rings of the guard's */
void server_unwatch(struct server *server, int fd);
int server_watch(struct server *server, enum watch kind, size_t slot, int fd);
void server_note(struct server *server, const struct connection *client, const char *what,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* connection.c */
void connection_accept(struct server *server);
void connection_receive(struct server *server, struct connection *connection);
void connection_close(struct server *server, struct connection *connection);
void connection_expire(struct server *server, uint64_t now);
void connection_answer(struct server *server, struct connection *connection,
		       struct protocol_header *header, const int *fds);
void connection_refuse(struct server *server, struct connection *connection, uint32_t error,
		       const char *text);

/* ops.c; each answers its connection */
void ops_down(struct server *server, struct connection *client);
void ops_reload(struct server *server, struct connection *client);
void ops_status(struct server *server, struct connection *client);

/**
 * ops_authorise() - whether a request that needs the operator's secret may go on
 *
 * Return: 0; PROTOCOL_E_*, with the reason; never a negative errno.
 */
uint32_t ops_authorise(struct server *server, const struct connection *client,
		       const struct protocol_secret *given, struct diag *reterr_diag);

/*
 * ops_judge() - the same for who shall be heard even after too many wrong secrets
 */
uint32_t ops_judge(struct server *server, const struct connection *client,
		   const struct protocol_secret *given, struct diag *reterr_diag);

/* ops_in_force() - the image in force, from the kernel. Return: 0; PROTOCOL_E_*. */
uint32_t ops_in_force(struct server *server, void **ret_image, struct diag *reterr_diag);

/* ops_unconfirmed() - why an image that does not just enforce cannot wait to be confirmed */
const char *ops_unconfirmed(const void *image);

/* ops_unsealed() - may the operator end or weaken that image? Return: 0; PROTOCOL_E_SEALED. */
uint32_t ops_unsealed(const void *image, struct diag *reterr_diag);

/**
 * ops_image() - the image in force, from the kernel
 * Return: 0 or -errno.
 */
int ops_image(struct server *server, void **ret_image, size_t *ret_size);

/* arm.c */

/**
 * arm_adopt() - take over a guard that is up
 * Return: 0, also if there is none; SERVER_E_*; -errno.
 */
int arm_adopt(struct server *server, struct diag *reterr_diag);

/**
 * arm_boot() - arm by the image for the boot, if there is one
 * Return: 0; SERVER_E_*; -errno.
 */
int arm_boot(struct server *server, struct diag *reterr_diag);

/* arm_take() - what follows arm_adopt(): files, names, events. Return: 0 or -errno. */
int arm_take(struct server *server);

/* arm_up() - answer PROTOCOL_UP */
void arm_up(struct server *server, struct connection *client);

/**
 * arm_operator() - the operator's secret for a guard that shall enforce: kept before, or new
 * @ret_operator: what the guard shall keep
 * @ret_secret:   the new one as text, to be shown once; "" if there is one already
 *
 * A new one is prepared in the state folder; operator_commit() or operator_discard() follows.
 * Return: 0; PROTOCOL_E_*.
 */
uint32_t arm_operator(struct server *server, struct guard_operator *ret_operator,
		      char ret_secret[PROTOCOL_SECRET_LEN], struct diag *reterr_diag);

/* arm_refresh() - read the image in force again, for names */
void arm_refresh(struct server *server);

/* arm_own() - guard the files that the image in force lists; @old: as of guard_own() */
void arm_own(struct server *server, const void *old);

/* arm_mark_operator() - guard the operator's file, which is new. Return: 0 or -errno. */
int arm_mark_operator(struct server *server);

/* arm_keep_version() - keep the mark, and guard its file, which is new. Return: 0 or -errno. */
int arm_keep_version(struct server *server, const struct highwater *mark);

/* prove.c */

/* prove_start() - a guard has come up, or was taken over: the next proof is due at once */
void prove_start(struct server *server);

/* prove_again() - another policy, which may need other programs: it is due at once as well */
void prove_again(struct server *server);

/* prove_now() - if it is due: let the guard prove itself; what changes is noted */
void prove_now(struct server *server, uint64_t now);

/* watch.c */

/* watch_start() - a guard has just come up: tell what was there before it */
void watch_start(struct server *server);

/* watch_adoption() - a policy has come into force: tell what became of agents older than it */
void watch_adoption(struct server *server);

/* watch_links() - each second, see to it that links of domains have their label */
void watch_links(struct server *server, uint64_t now);

/* watch_now() - tell what others have hung beside the guard since */
void watch_now(struct server *server);

/* loads-now.c */
void loads_begin(struct server *server); /* the guard is up, or adopted */
void loads_skip(struct server *server); /* what was loaded since is nobody's, and not counted */
void loads_event(struct server *server, const struct event *event);
void loads_heard(struct server *server); /* the audit's socket has something */
void loads_tell(struct server *server); /* what was loaded since the last look goes into the log */
void loads_now(struct server *server, uint64_t now); /* the same, if it is due */

/* flood.c */

/* flood_event() - a ring's record: if it says that more are folded, look soon */
void flood_event(struct server *server, const struct event *event);

/* flood_tell() - put what was folded into the log. Return: how many kinds of it; -errno. */
int flood_tell(struct server *server, uint64_t now);
void flood_now(struct server *server, uint64_t now); /* the same, if it is due */

/* respite.c; the first two answer their connection */
void respite_confirm(struct server *server, struct connection *client);
void respite_release(struct server *server, struct connection *client);

/* respite_sealed() - does nothing but a signed policy end or weaken this one, in force? */
bool respite_sealed(const void *image);

/* respite_enforces() - does the guard enforce, now, anything of this image, which is in force? */
bool respite_enforces(struct server *server, const void *image);

/*
 * respite_ask() - the guard shall observe after so many seconds, unless that is confirmed
 * @ret_old: for respite_restore(), if nothing comes of the change
 * Return: 0 or -errno.
 */
int respite_ask(struct server *server, uint32_t seconds, struct guard_respite *ret_old);
void respite_restore(struct server *server, const struct guard_respite *old);

/* respite_settle() - a new image is in force: what the one before was granted may be over */
void respite_settle(struct server *server, const void *image, uint32_t confirm_s);

/* respite_now() - tell of what has changed by itself */
void respite_now(struct server *server, uint64_t now);

/* respite_fill() - for `status` */
void respite_fill(struct server *server, const void *image, struct protocol_state *state);

/* What the kernel's command line says of the guard, for who is locked out. */
enum respite_word {
	RESPITE_WORD_NONE,
	RESPITE_WORD_OBSERVE,
	RESPITE_WORD_OFF,
	RESPITE_WORD_UNKNOWN,
};

/* respite_word() - the last holdfast= of the kernel's command line, in the file @path */
enum respite_word respite_word(const char *path);

/* respite_boot() - observe until another image is put in force. Return: 0 or -errno. */
int respite_boot(struct server *server);

/* hold.c */
void hold_event(struct server *server, const struct event *event);
void hold_now(struct server *server, uint64_t now);

/* hold_soon() - the policy, or what of it is in force, has changed: look at everything */
void hold_soon(struct server *server);

/* hold_due() - when hold_now() has something to do; UINT64_MAX: never */
uint64_t hold_due(const struct server *server, uint64_t now);

/* host.c */

/**
 * host_permit() - may that image come into force on this host?
 * Return: 0, also if it may where something that it requires is not so; PROTOCOL_E_KERNEL.
 */
uint32_t host_permit(struct server *server, const void *image, struct diag *reterr_diag);

/* host_start() - a guard has come up, or was taken over: the next look is the first, and due */
void host_start(struct server *server);

/* host_again() - another policy is in force: look at once whether it has what it requires */
void host_again(struct server *server);

/* host_now() - if it is due, have a child look */
void host_now(struct server *server, uint64_t now);

/* host_seen() - the child has looked: what has changed is noted */
void host_seen(struct server *server);

/* host_due() - when host_now() has something to do */
uint64_t host_due(const struct server *server);

/* host_reap() - children have ended */
void host_reap(struct server *server);

/* host_done() - the guard is down: nothing is looked at any more */
void host_done(struct server *server);

/* host_fill() - for `status`: what is wrong with the host, or "" */
void host_fill(const struct server *server, char *ret_text, size_t size);

/* upgrade.c */
void upgrade_ask(struct server *server, struct connection *client);

/* upgrade_now() - if the admitted holdfastd is in place: leave, the service manager starts it */
void upgrade_now(struct server *server, uint64_t now);

/* upgrade_open() - may holdfastd's file be replaced: is another admitted? */
bool upgrade_open(struct server *server);

/* upgrade_fill() - for `status`. Return: 0 or -errno. */
int upgrade_fill(struct server *server, struct protocol_state *state);

/* runs.c */
void runs_start(struct server *server, struct connection *client);
void runs_signal(struct server *server, struct connection *client);
void runs_exec(struct server *server, struct run *run);
void runs_reap(struct server *server);
void runs_expire(struct server *server, uint64_t now);
