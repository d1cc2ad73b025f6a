/* SPDX-License-Identifier: MIT */
/*
 * Credentials: user and group ids, groups, capabilities.
 *
 * A struct cred never changes once a task has it.  A call copies current's,
 * changes the copy, and puts it in place with cred_commit(), under process_lock because
 * others read it there.
 */
#include "task_private.h"

#include <uapi/errno.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/syscalls.h>
#include <gemel/uaccess.h>

#define CAP_ALL         (~0ull >> (63 - CAP_LAST))
#define CAP_BIT(n)      (1ull << (n))
#define CAPS_FS         (CAP_BIT(CAP_CHOWN) | CAP_BIT(CAP_DAC_OVERRIDE) | \
			 CAP_BIT(CAP_DAC_READ_SEARCH) | CAP_BIT(CAP_FOWNER) | \
			 CAP_BIT(CAP_FSETID) | CAP_BIT(CAP_MKNOD) | \
			 CAP_BIT(CAP_LINUX_IMMUTABLE) | CAP_BIT(CAP_MAC_OVERRIDE))
#define NGROUPS_MAX     65536
#define ID_KEEP         ((u32)-1)
#define S_ISUID_BIT     04000
#define S_ISGID_BIT     02000
#define S_IXGRP_BIT     00010

const struct cred *current_cred(void)
{
	const struct cred *c = current->cred;

	return likely(c) ? c : &kernel_cred;
}

bool capable(int cap)
{
	return current_cred()->cap_effective >> cap & 1;
}

bool cred_in_group(const struct cred *c, gid_t gid)
{
	uint i;

	if (c->fsgid == gid || c->egid == gid)
		return true;
	for (i = 0; i < c->ngroups; i++)
		if (c->groups[i] == gid)
			return true;
	return false;
}

void cred_get(const struct cred *c)
{
	refs_get((struct refs *)&c->refs);
}

void cred_put(const struct cred *c)
{
	if (refs_put((struct refs *)&c->refs)) {
		ASSERT(c != &kernel_cred);
		kfree((void *)c);
	}
}

static struct cred *cred_alloc(uint ngroups)
{
	return kzalloc(sizeof(struct cred) + ngroups * sizeof(gid_t));
}

struct cred *cred_copy(const struct cred *old)
{
	struct cred *c = cred_alloc(old->ngroups);

	if (!c)
		return NULL;
	memcpy(c, old, sizeof(*c) + old->ngroups * sizeof(gid_t));
	refs_init(&c->refs, 1);
	return c;
}

/* Whoever becomes another is not to be looked into, nor signalled, as the one it was. */
void cred_commit(struct cred *c)
{
	const struct cred *old = current->cred;
	struct process *p = current->process;

	irq_lock(&process_lock);
	current->cred = c;
	if (old && (old->euid != c->euid || old->egid != c->egid || old->fsuid != c->fsuid ||
		    old->fsgid != c->fsgid || (c->cap_permitted & ~old->cap_permitted))) {
		p->dumpable = false;
		p->pdeath_signal = 0;
	}
	irq_unlock(&process_lock);
	process_set_user(current->process, c->uid);
	if (old)
		cred_put(old);
}

bool cred_can_signal(const struct task *t, int signo)
{
	const struct cred *me = current_cred(), *it = t->cred;

	if (!it)
		return false;
	if (t->process == current->process || me->cap_effective & CAP_BIT(CAP_KILL))
		return true;
	if (me->euid == it->suid || me->euid == it->uid || me->uid == it->suid ||
	    me->uid == it->uid)
		return true;
	return signo == SIGCONT && t->process->session == current->process->session;
}

int cred_may_look(struct task *t, bool is_real)
{
	const struct cred *me = current_cred(), *it;
	uid_t uid = is_real ? me->uid : me->fsuid;
	gid_t gid = is_real ? me->gid : me->fsgid;
	bool may;

	if (t->process == current->process || capable(CAP_SYS_PTRACE))
		return 0;
	it = task_get_cred(t);
	may = uid == it->uid && uid == it->euid && uid == it->suid && gid == it->gid &&
	      gid == it->egid && gid == it->sgid && t->process->dumpable &&
	      !(it->cap_permitted & ~me->cap_permitted);
	cred_put(it);
	return may ? 0 : -EPERM;
}

/* ---- what user ids do to capabilities ---- */

static void fix_capabilities(struct cred *new, const struct cred *old)
{
	bool had_root = !old->uid || !old->euid || !old->suid;
	bool has_root = !new->uid || !new->euid || !new->suid;

	if (new->securebits & SECURE_NO_SETUID_FIXUP)
		return;
	if (had_root && !has_root) {
		if (!(new->securebits & SECURE_KEEP_CAPS))
			new->cap_permitted = new->cap_effective = 0;
		new->cap_ambient = 0;
	}
	if (!old->euid && new->euid)
		new->cap_effective = 0;
	if (old->euid && !new->euid)
		new->cap_effective = new->cap_permitted;
}

static void fix_fs_capabilities(struct cred *new, const struct cred *old)
{
	if (new->securebits & SECURE_NO_SETUID_FIXUP)
		return;
	if (!old->fsuid && new->fsuid)
		new->cap_effective &= ~CAPS_FS;
	if (old->fsuid && !new->fsuid)
		new->cap_effective |= new->cap_permitted & CAPS_FS;
}

/*
 * What root's programs get, and what others keep.  A program that runs with other ids loses the
 * ambient ones; with no_new_privs there is nothing to gain.
 */
static void exec_capabilities(struct cred *c, const struct cred *old, bool is_setid,
			      bool *is_gain)
{
	bool is_root = !(c->securebits & SECURE_NOROOT) && (c->euid == 0 || c->uid == 0);
	bool is_effective = is_root && c->euid == 0;

	c->cap_permitted = is_root ? c->cap_inheritable | c->cap_bounding : 0;
	if (current->no_new_privs && (is_setid || (c->cap_permitted & ~old->cap_permitted))) {
		c->euid = c->uid;
		c->egid = c->gid;
		c->cap_permitted &= old->cap_permitted;
	}
	if (is_setid)
		c->cap_ambient = 0;
	c->cap_permitted |= c->cap_ambient;
	c->cap_effective = is_effective ? c->cap_permitted : c->cap_ambient;
	*is_gain = c->uid && (is_effective || (c->cap_permitted & ~c->cap_ambient));
}

int cred_prepare_exec(mode_t mode, uid_t uid, gid_t gid, bool may_setid, struct cred **out,
		      bool *is_secure)
{
	const struct cred *old = current_cred();
	struct cred *c = cred_copy(old);
	bool is_setid, is_gain;

	if (!c)
		return -ENOMEM;
	if (may_setid && (mode & S_ISUID_BIT))
		c->euid = uid;
	if (may_setid && (mode & (S_ISGID_BIT | S_IXGRP_BIT)) == (S_ISGID_BIT | S_IXGRP_BIT))
		c->egid = gid;
	is_setid = c->euid != old->uid || c->egid != old->gid;
	exec_capabilities(c, old, is_setid, &is_gain);
	c->suid = c->fsuid = c->euid;
	c->sgid = c->fsgid = c->egid;
	c->securebits &= ~SECURE_KEEP_CAPS;
	*is_secure = is_setid || is_gain;
	*out = c;
	return 0;
}

/* ---- reading ---- */

long sys_getuid(void)
{
	return current_cred()->uid;
}

long sys_geteuid(void)
{
	return current_cred()->euid;
}

long sys_getgid(void)
{
	return current_cred()->gid;
}

long sys_getegid(void)
{
	return current_cred()->egid;
}

static long write_three(u32 __user *ua, u32 __user *ub, u32 __user *uc, const u32 v[3])
{
	if (user_write(ua, &v[0]) < 0 || user_write(ub, &v[1]) < 0 || user_write(uc, &v[2]) < 0)
		return -EFAULT;
	return 0;
}

long sys_getresuid(uid_t __user *ruid, uid_t __user *euid, uid_t __user *suid)
{
	const struct cred *c = current_cred();

	return write_three(ruid, euid, suid, (u32[]){ c->uid, c->euid, c->suid });
}

long sys_getresgid(gid_t __user *rgid, gid_t __user *egid, gid_t __user *sgid)
{
	const struct cred *c = current_cred();

	return write_three(rgid, egid, sgid, (u32[]){ c->gid, c->egid, c->sgid });
}

/* ---- user ids ---- */

static bool uid_is_own(const struct cred *c, uid_t uid)
{
	return uid == ID_KEEP || uid == c->uid || uid == c->euid || uid == c->suid;
}

static bool gid_is_own(const struct cred *c, gid_t gid)
{
	return gid == ID_KEEP || gid == c->gid || gid == c->egid || gid == c->sgid;
}

static long set_uids(uid_t ruid, uid_t euid, uid_t suid)
{
	const struct cred *old = current_cred();
	struct cred *c = cred_copy(old);

	if (!c)
		return -ENOMEM;
	if (ruid != ID_KEEP)
		c->uid = ruid;
	if (euid != ID_KEEP)
		c->euid = euid;
	if (suid != ID_KEEP)
		c->suid = suid;
	c->fsuid = c->euid;
	fix_capabilities(c, old);
	if (c->uid != old->uid) {
		irq_lock(&process_lock);
		current->is_over_nproc = c->uid && user_is_over_limit(c->uid, 0);
		irq_unlock(&process_lock);
	}
	cred_commit(c);
	return 0;
}

static long set_gids(gid_t rgid, gid_t egid, gid_t sgid)
{
	struct cred *c = cred_copy(current_cred());

	if (!c)
		return -ENOMEM;
	if (rgid != ID_KEEP)
		c->gid = rgid;
	if (egid != ID_KEEP)
		c->egid = egid;
	if (sgid != ID_KEEP)
		c->sgid = sgid;
	c->fsgid = c->egid;
	cred_commit(c);
	return 0;
}

long sys_setuid(uid_t uid)
{
	const struct cred *c = current_cred();

	if (uid == ID_KEEP)
		return -EINVAL;
	if (capable(CAP_SETUID))
		return set_uids(uid, uid, uid);
	if (uid != c->uid && uid != c->suid)
		return -EPERM;
	return set_uids(ID_KEEP, uid, ID_KEEP);
}

long sys_setgid(gid_t gid)
{
	const struct cred *c = current_cred();

	if (gid == ID_KEEP)
		return -EINVAL;
	if (capable(CAP_SETGID))
		return set_gids(gid, gid, gid);
	if (gid != c->gid && gid != c->sgid)
		return -EPERM;
	return set_gids(ID_KEEP, gid, ID_KEEP);
}

long sys_setreuid(uid_t ruid, uid_t euid)
{
	const struct cred *c = current_cred();
	uid_t suid = ID_KEEP;

	if (!capable(CAP_SETUID)) {
		if (ruid != ID_KEEP && ruid != c->uid && ruid != c->euid)
			return -EPERM;
		if (!uid_is_own(c, euid))
			return -EPERM;
	}
	if (ruid != ID_KEEP || (euid != ID_KEEP && euid != c->uid))
		suid = euid != ID_KEEP ? euid : c->euid;
	return set_uids(ruid, euid, suid);
}

long sys_setregid(gid_t rgid, gid_t egid)
{
	const struct cred *c = current_cred();
	gid_t sgid = ID_KEEP;

	if (!capable(CAP_SETGID)) {
		if (rgid != ID_KEEP && rgid != c->gid && rgid != c->egid)
			return -EPERM;
		if (!gid_is_own(c, egid))
			return -EPERM;
	}
	if (rgid != ID_KEEP || (egid != ID_KEEP && egid != c->gid))
		sgid = egid != ID_KEEP ? egid : c->egid;
	return set_gids(rgid, egid, sgid);
}

long sys_setresuid(uid_t ruid, uid_t euid, uid_t suid)
{
	const struct cred *c = current_cred();

	if (!capable(CAP_SETUID) &&
	    !(uid_is_own(c, ruid) && uid_is_own(c, euid) && uid_is_own(c, suid)))
		return -EPERM;
	return set_uids(ruid, euid, suid);
}

long sys_setresgid(gid_t rgid, gid_t egid, gid_t sgid)
{
	const struct cred *c = current_cred();

	if (!capable(CAP_SETGID) &&
	    !(gid_is_own(c, rgid) && gid_is_own(c, egid) && gid_is_own(c, sgid)))
		return -EPERM;
	return set_gids(rgid, egid, sgid);
}

long sys_setfsuid(uid_t uid)
{
	const struct cred *old = current_cred();
	uid_t before = old->fsuid;
	struct cred *c;

	if (uid == before || uid == ID_KEEP || !(capable(CAP_SETUID) || uid_is_own(old, uid)))
		return before;
	c = cred_copy(old);
	if (!c)
		return before;
	c->fsuid = uid;
	fix_fs_capabilities(c, old);
	cred_commit(c);
	return before;
}

long sys_setfsgid(gid_t gid)
{
	const struct cred *old = current_cred();
	gid_t before = old->fsgid;
	struct cred *c;

	if (gid == before || gid == ID_KEEP || !(capable(CAP_SETGID) || gid_is_own(old, gid)))
		return before;
	c = cred_copy(old);
	if (!c)
		return before;
	c->fsgid = gid;
	cred_commit(c);
	return before;
}

/* ---- groups ---- */

long sys_getgroups(int size, gid_t __user *ulist)
{
	const struct cred *c = current_cred();

	if (size < 0)
		return -EINVAL;
	if (size == 0)
		return c->ngroups;
	if ((uint)size < c->ngroups)
		return -EINVAL;
	if (copy_to_user(ulist, c->groups, c->ngroups * sizeof(gid_t)) < 0)
		return -EFAULT;
	return c->ngroups;
}

/* Heap sort: a list may have 65536, in whatever order. */
static void groups_sift(gid_t *g, size_t i, size_t n)
{
	for (;;) {
		size_t child = 2 * i + 1;
		gid_t tmp = g[i];

		if (child >= n)
			return;
		if (child + 1 < n && g[child + 1] > g[child])
			child++;
		if (g[child] <= tmp)
			return;
		g[i] = g[child];
		g[child] = tmp;
		i = child;
	}
}

static void groups_sort(gid_t *g, size_t n)
{
	size_t i;

	for (i = n / 2; i-- > 0;)
		groups_sift(g, i, n);
	for (i = n; i-- > 1;) {
		gid_t tmp = g[0];

		g[0] = g[i];
		g[i] = tmp;
		groups_sift(g, 0, i);
	}
}

long sys_setgroups(int size, const gid_t __user *ulist)
{
	const struct cred *old = current_cred();
	struct cred *c;

	if (!capable(CAP_SETGID))
		return -EPERM;
	if ((uint)size > NGROUPS_MAX)
		return -EINVAL;
	c = cred_alloc((uint)size);
	if (!c)
		return -ENOMEM;
	memcpy(c, old, sizeof(*c));
	refs_init(&c->refs, 1);
	c->ngroups = (uint)size;
	if (copy_from_user(c->groups, ulist, (uint)size * sizeof(gid_t)) < 0) {
		kfree(c);
		return -EFAULT;
	}
	groups_sort(c->groups, c->ngroups);
	cred_commit(c);
	return 0;
}

/* ---- capabilities ---- */

#define CAP_VERSION_1   0x19980330u
#define CAP_VERSION_2   0x20071026u
#define CAP_VERSION_3   0x20080522u

struct uapi_cap_header {
	u32 version;
	s32 pid;
};

struct uapi_cap_data {
	u32 effective, permitted, inheritable;
};

/* The number of 32-bit halves, or -EINVAL with the version we prefer written back. */
static int cap_words(struct uapi_cap_header __user *uheader, struct uapi_cap_header *h)
{
	if (user_read(h, uheader) < 0)
		return -EFAULT;
	switch (h->version) {
	case CAP_VERSION_1:
		return 1;
	case CAP_VERSION_2:
	case CAP_VERSION_3:
		return 2;
	}
	h->version = CAP_VERSION_3;
	return user_write(uheader, h) < 0 ? -EFAULT : -EINVAL;
}

static const struct cred *cred_of_pid(pid_t pid)
{
	const struct cred *c;
	struct task *t;

	if (pid == 0 || pid == current->tid) {
		cred_get(current_cred());
		return current_cred();
	}
	t = task_lookup(pid);
	if (!t)
		return NULL;
	c = task_get_cred(t);
	task_put(t);
	return c;
}

long sys_capget(void __user *uheader, void __user *udata)
{
	struct uapi_cap_header h;
	struct uapi_cap_data d[2];
	const struct cred *c;
	int words;

	words = cap_words(uheader, &h);
	if (words < 0)
		return words == -EINVAL && !udata ? 0 : words;
	if (h.pid < 0)
		return -EINVAL;
	c = cred_of_pid(h.pid);
	if (!c)
		return -ESRCH;
	d[0] = (struct uapi_cap_data){ (u32)c->cap_effective, (u32)c->cap_permitted,
				       (u32)c->cap_inheritable };
	d[1] = (struct uapi_cap_data){ (u32)(c->cap_effective >> 32),
				       (u32)(c->cap_permitted >> 32),
				       (u32)(c->cap_inheritable >> 32) };
	cred_put(c);
	return udata ? copy_to_user(udata, d, (size_t)words * sizeof(d[0])) : 0;
}

long sys_capset(void __user *uheader, const void __user *udata)
{
	struct uapi_cap_data d[2] = { { 0 } };
	const struct cred *old = current_cred();
	u64 effective, permitted, inheritable;
	struct uapi_cap_header h;
	struct cred *c;
	int words;

	words = cap_words(uheader, &h);
	if (words < 0)
		return words;
	if (h.pid != 0 && h.pid != current->tid)
		return -EPERM;
	if (copy_from_user(d, udata, (size_t)words * sizeof(d[0])) < 0)
		return -EFAULT;
	effective = (d[0].effective | (u64)d[1].effective << 32) & CAP_ALL;
	permitted = (d[0].permitted | (u64)d[1].permitted << 32) & CAP_ALL;
	inheritable = (d[0].inheritable | (u64)d[1].inheritable << 32) & CAP_ALL;
	if ((permitted & ~old->cap_permitted) || (effective & ~permitted))
		return -EPERM;
	if (!capable(CAP_SETPCAP) && (inheritable & ~(old->cap_inheritable | old->cap_permitted)))
		return -EPERM;
	if (inheritable & ~(old->cap_inheritable | old->cap_bounding))
		return -EPERM;
	c = cred_copy(old);
	if (!c)
		return -ENOMEM;
	c->cap_effective = effective;
	c->cap_permitted = permitted;
	c->cap_inheritable = inheritable;
	c->cap_ambient &= permitted & inheritable;
	cred_commit(c);
	return 0;
}
