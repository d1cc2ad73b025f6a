/* SPDX-License-Identifier: MIT */
/*
 * The kernel log for programs: syslog(2), /proc/kmsg, /dev/kmsg.
 *
 * syslog(2) and /proc/kmsg give the text "<PRIORITY>[ seconds.micros] tag: text\n".  What they read
 * they have in common, and it is read once: `unread`.  Reading all there is (dmesg) changes nothing
 * but, if asked, `cleared`, where the next such reading begins.
 *
 * /dev/kmsg has a place of its own for each opener, and gives a record a read, as Linux' ABI
 * document dev-kmsg says: "PRIORITY,NUMBER,MICROSECONDS,-;text\n".  Who comes too late hears EPIPE,
 * and goes on with the oldest.
 *
 * Locking.  kmsg_lock: the places and levels below; an opener's place: its own lock.  Nothing is
 * copied to a program under either.
 */
#include <uapi/errno.h>
#include <uapi/fcntl.h>

#include <gemel/cred.h>
#include <gemel/fs.h>
#include <gemel/iobuf.h>
#include <gemel/kmsg.h>
#include <gemel/log.h>
#include <gemel/mutex.h>
#include <gemel/poll.h>
#include <gemel/printf.h>
#include <gemel/slab.h>
#include <gemel/string.h>
#include <gemel/syscalls.h>
#include <gemel/task.h>
#include <gemel/time.h>
#include <gemel/uaccess.h>

enum { PREFIX_MAX = 4, WRITE_MAX = 1024, PIECE_MAX = 320 };

/* A line as syslog(2) has it. */
struct syslog_text {
	char buf[PREFIX_MAX + LOG_LINE_MAX];
	const char *text;
	size_t len;
};

static struct mutex kmsg_lock = MUTEX_INIT(kmsg_lock, INODEFILE);
static struct log_place unread;         /* kmsg_lock */
static size_t unread_from;              /* kmsg_lock: so much of its line has been read */
static struct log_place cleared;        /* kmsg_lock */
static uint saved_level;                /* kmsg_lock: the console is off, it was this; or 0 */
/* kmsg_lock; the first is the log's. */
static uint levels[PRINTK_LEVELS] = { [PRINTK_MESSAGE] = LOG_WARN, [PRINTK_MINIMUM] = 1,
				      [PRINTK_DEFAULT] = LOG_DEBUG };
bool dmesg_restrict;

static bool may_read(void)
{
	return !READ_ONCE(dmesg_restrict) || capable(CAP_SYSLOG);
}

/* ---- syslog(2): text ---- */

static bool text_next(struct log_place *p, struct syslog_text *t)
{
	char prefix[PREFIX_MAX + 1];
	size_t len, n;
	uint priority;

	len = log_line(p, t->buf + PREFIX_MAX, &priority);
	if (!len)
		return false;
	n = (size_t)scnprintf(prefix, sizeof(prefix), "<%u>", priority);
	memcpy(t->buf + PREFIX_MAX - n, prefix, n);
	t->text = t->buf + PREFIX_MAX - n;
	t->len = n + len;
	return true;
}

/* From @p on, as text. */
static size_t text_size(struct log_place p)
{
	struct syslog_text t;
	size_t size = 0;

	while (text_next(&p, &t))
		size += t.len;
	return size;
}

/* The last whole lines that fit into @len, from @p on; advances to the end. */
static ssize_t copy_last(struct log_place *p, char __user *buf, size_t len)
{
	size_t size = text_size(*p), done = 0;
	struct syslog_text t;

	for (; text_next(p, &t); size -= MIN(size, t.len)) {
		if (size > len || done + t.len > len)
			continue;
		if (copy_to_user(buf + done, t.text, t.len) < 0)
			return -EFAULT;
		done += t.len;
	}
	return (ssize_t)done;
}

static long read_all(char __user *buf, int len, bool clear)
{
	struct log_place p;
	ssize_t done;

	if (!buf || len < 0)
		return -EINVAL;
	mutex_lock(&kmsg_lock);
	p = cleared;
	mutex_unlock(&kmsg_lock);
	done = copy_last(&p, buf, (size_t)len);
	if (!clear || done < 0)
		return done;
	mutex_lock(&kmsg_lock);
	cleared = p;
	mutex_unlock(&kmsg_lock);
	return done;
}

/* As much of the next line as there is room for; 0: there is none. */
static size_t unread_take(struct syslog_text *t, size_t room)
{
	struct log_place next;

	mutex_lock(&kmsg_lock);
	if (log_is_overrun(&unread))
		unread_from = 0;
	next = unread;
	if (!text_next(&next, t)) {
		t->len = 0;
	} else {
		t->text += unread_from;
		t->len -= unread_from;
		unread_from = t->len > room ? unread_from + room : 0;
		if (!unread_from)
			unread = next;
		t->len = MIN(t->len, room);
	}
	mutex_unlock(&kmsg_lock);
	return t->len;
}

static size_t unread_size(void)
{
	size_t size;

	mutex_lock(&kmsg_lock);
	size = text_size(unread);
	size -= MIN(size, unread_from);
	mutex_unlock(&kmsg_lock);
	return size;
}

static bool has_unread(void)
{
	return READ_ONCE(unread.at) != log_end().at;
}

static ssize_t read_unread(struct iobuf *io)
{
	size_t total = io->left;
	struct syslog_text t;

	while (io->left && unread_take(&t, io->left)) {
		ssize_t n = iobuf_put(io, t.text, t.len);

		if (n != (ssize_t)t.len)
			return total == io->left ? -EFAULT : (ssize_t)(total - io->left);
	}
	return (ssize_t)(total - io->left);
}

/* Wait for a line, and read as much as there is. */
static ssize_t read_once(struct iobuf *io)
{
	ssize_t done = 0;

	while (io->left && !done) {
		int err = wait_event(&log_readers, has_unread());

		if (err < 0)
			return err;
		done = read_unread(io);
	}
	return done;
}

static long syslog_read(char __user *buf, int len)
{
	struct iobuf io;
	int err;

	if (!buf || len < 0)
		return -EINVAL;
	err = iobuf_init_user(&io, buf, (size_t)len);
	return err < 0 ? err : read_once(&io);
}

/* ---- syslog(2): the console ---- */

static void console_off(void)
{
	mutex_lock(&kmsg_lock);
	if (!saved_level)
		saved_level = log_console_level();
	log_set_console_level(levels[PRINTK_MINIMUM]);
	mutex_unlock(&kmsg_lock);
}

static void console_on(void)
{
	mutex_lock(&kmsg_lock);
	if (saved_level)
		log_set_console_level(saved_level);
	saved_level = 0;
	mutex_unlock(&kmsg_lock);
}

static int console_level(int level)
{
	if (level < 1 || level > 8)
		return -EINVAL;
	mutex_lock(&kmsg_lock);
	log_set_console_level(MAX((uint)level, levels[PRINTK_MINIMUM]));
	saved_level = 0;
	mutex_unlock(&kmsg_lock);
	return 0;
}

void printk_levels_get(uint out[PRINTK_LEVELS])
{
	mutex_lock(&kmsg_lock);
	memcpy(out, levels, sizeof(levels));
	out[PRINTK_CONSOLE] = log_console_level();
	mutex_unlock(&kmsg_lock);
}

int printk_levels_set(const uint in[PRINTK_LEVELS])
{
	for (uint i = 0; i < PRINTK_LEVELS; i++)
		if (in[i] > 15)
			return -EINVAL;
	mutex_lock(&kmsg_lock);
	memcpy(levels, in, sizeof(levels));
	log_set_console_level(in[PRINTK_CONSOLE]);
	mutex_unlock(&kmsg_lock);
	return 0;
}

/* ---- syslog(2) ---- */

enum { SYSLOG_CLOSE, SYSLOG_OPEN, SYSLOG_READ, SYSLOG_READ_ALL, SYSLOG_READ_CLEAR, SYSLOG_CLEAR,
       SYSLOG_CONSOLE_OFF, SYSLOG_CONSOLE_ON, SYSLOG_CONSOLE_LEVEL, SYSLOG_SIZE_UNREAD,
       SYSLOG_SIZE_BUFFER };

static void clear_all(void)
{
	mutex_lock(&kmsg_lock);
	cleared = log_end();
	mutex_unlock(&kmsg_lock);
}

long sys_syslog(int action, char __user *buf, int len)
{
	bool is_open = action == SYSLOG_READ_ALL || action == SYSLOG_SIZE_BUFFER;

	if (is_open ? !may_read() : !capable(CAP_SYSLOG))
		return -EPERM;
	switch (action) {
	case SYSLOG_CLOSE:
	case SYSLOG_OPEN:
		return 0;
	case SYSLOG_READ:
		return syslog_read(buf, len);
	case SYSLOG_READ_ALL:
	case SYSLOG_READ_CLEAR:
		return read_all(buf, len, action == SYSLOG_READ_CLEAR);
	case SYSLOG_CLEAR:
		clear_all();
		return 0;
	case SYSLOG_CONSOLE_OFF:
		console_off();
		return 0;
	case SYSLOG_CONSOLE_ON:
		console_on();
		return 0;
	case SYSLOG_CONSOLE_LEVEL:
		return console_level(len);
	case SYSLOG_SIZE_UNREAD:
		return (long)unread_size();
	case SYSLOG_SIZE_BUFFER:
		return LOG_SIZE;
	}
	return -EINVAL;
}

/* ---- /proc/kmsg ---- */

int proc_kmsg_open(struct file *f)
{
	f->mode |= FILE_NOSEEK;
	return capable(CAP_SYSLOG) ? 0 : -EPERM;
}

static ssize_t proc_kmsg_read(struct file *f, struct iobuf *io, u64 *pos)
{
	(void)pos;
	if ((f->flags & O_NONBLOCK) && !has_unread())
		return -EAGAIN;
	return read_once(io);
}

static uint proc_kmsg_poll(struct file *f, struct poll_table *pt)
{
	(void)f;
	poll_wait(pt, &log_readers);
	return has_unread() ? POLLIN | POLLRDNORM : 0;
}

const struct file_ops proc_kmsg_ops = {
	.read = proc_kmsg_read,
	.poll = proc_kmsg_poll,
};

/* ---- /dev/kmsg ---- */

struct kmsg_reader {
	struct mutex lock;
	struct log_place place;         /* lock */
};

struct kmsg_record {
	char line[LOG_LINE_MAX];
	char text[64 + 4 * LOG_LINE_MAX];       /* if each character is \xNN */
	size_t len;
};

int kmsg_open(struct char_device *cd, struct file *f)
{
	struct kmsg_reader *r;

	(void)cd;
	if ((f->flags & O_ACCMODE) != O_WRONLY && !may_read())
		return -EPERM;
	r = kzalloc(sizeof(*r));
	if (!r)
		return -ENOMEM;
	mutex_init(&r->lock, LOCK_RANK_INODEFILE);
	r->place = log_begin();
	f->private = r;
	return 0;
}

static void kmsg_release(struct file *f)
{
	kfree(f->private);
}

/* "[ seconds.micros] " at the beginning of @line: its length, and the time; 0: there is none. */
static size_t parse_time(const char *line, u64 *us)
{
	const char *p = line;
	u64 s, fraction;

	if (*p++ != '[')
		return 0;
	while (*p == ' ')
		p++;
	if (parse_u64(p, 10, &s, &p) < 0 || *p++ != '.' ||
	    parse_u64(p, 10, &fraction, &p) < 0 || *p++ != ']' || *p++ != ' ')
		return 0;
	*us = s * (NSEC_PER_SEC / NSEC_PER_USEC) + fraction;
	return (size_t)(p - line);
}

/* The line rec->line of @len as a record. */
static void record_format(struct kmsg_record *rec, size_t len, uint priority, u64 seq)
{
	u64 us = 0;
	size_t from = parse_time(rec->line, &us);

	rec->len = (size_t)scnprintf(rec->text, sizeof(rec->text), "%u,%lu,%lu,-;", priority,
				     (ulong)seq, (ulong)us);
	for (size_t i = from; i < len - 1; i++) {
		u8 c = (u8)rec->line[i];

		if (c < ' ' || c >= 127 || c == '\\')
			rec->len += (size_t)scnprintf(rec->text + rec->len, 5, "\\x%02x", c);
		else
			rec->text[rec->len++] = (char)c;
	}
	rec->text[rec->len++] = '\n';
}

/* The next record.  1, 0: there is none, -EPIPE, -EINVAL: it is longer than @room, and lost. */
static int record_take(struct kmsg_reader *r, struct kmsg_record *rec, size_t room)
{
	struct log_place next = r->place;
	uint priority;
	size_t len = log_line(&next, rec->line, &priority);

	if (!len)
		return 0;
	if (next.seq != r->place.seq + 1) {
		r->place = log_begin();
		return -EPIPE;
	}
	r->place = next;
	record_format(rec, len, priority, next.seq - 1);
	return rec->len <= room ? 1 : -EINVAL;
}

static bool reader_has_more(const struct kmsg_reader *r)
{
	return READ_ONCE(r->place.at) != log_end().at;
}

static int record_wait(struct file *f, struct kmsg_reader *r, struct kmsg_record *rec, size_t room)
{
	for (;;) {
		int got;

		mutex_lock(&r->lock);
		got = record_take(r, rec, room);
		mutex_unlock(&r->lock);
		if (got)
			return got;
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		got = wait_event(&log_readers, reader_has_more(r));
		if (got < 0)
			return got;
	}
}

static ssize_t kmsg_read(struct file *f, struct iobuf *io, u64 *pos)
{
	struct kmsg_record *rec = kalloc(sizeof(*rec));
	ssize_t done;

	(void)pos;
	if (!rec)
		return -ENOMEM;
	done = record_wait(f, f->private, rec, io->left);
	if (done > 0)
		done = iobuf_put(io, rec->text, rec->len);
	kfree(rec);
	return done;
}

static uint kmsg_poll(struct file *f, struct poll_table *pt)
{
	struct kmsg_reader *r = f->private;
	uint events = POLLOUT | POLLWRNORM;

	poll_wait(pt, &log_readers);
	mutex_lock(&r->lock);
	if (reader_has_more(r))
		events |= POLLIN | POLLRDNORM;
	if (log_is_overrun(&r->place))
		events |= POLLERR | POLLPRI;
	mutex_unlock(&r->lock);
	return events;
}

/* To the oldest line, to what has come since the log was cleared, or behind the last. */
static s64 kmsg_seek(struct file *f, s64 off, int whence)
{
	struct kmsg_reader *r = f->private;
	struct log_place to = log_begin();

	if (off)
		return -ESPIPE;
	switch (whence) {
	case SEEK_SET:
		break;
	case SEEK_DATA:
		mutex_lock(&kmsg_lock);
		if (!log_is_overrun(&cleared))
			to = cleared;
		mutex_unlock(&kmsg_lock);
		break;
	case SEEK_END:
		to = log_end();
		break;
	default:
		return -EINVAL;
	}
	mutex_lock(&r->lock);
	r->place = to;
	mutex_unlock(&r->lock);
	return 0;
}

/* "<N>" at the beginning: the level, of a program whatever facility it names. */
static const char *parse_priority(const char *text, uint *priority)
{
	const char *end;
	u64 n;

	*priority = LOG_USER + READ_ONCE(levels[PRINTK_MESSAGE]) % LOG_USER;
	if (text[0] != '<' || parse_u64(text + 1, 10, &n, &end) < 0 || *end != '>')
		return text;
	*priority = LOG_USER + (uint)(n % LOG_USER);
	return end + 1;
}

/* A line for each of it, and more for what is longer than one. */
static void log_text(const char *text)
{
	uint priority;

	text = parse_priority(text, &priority);
	do {
		const char *end = strchr(text, '\n');
		size_t len = end ? (size_t)(end - text) : strlen(text);

		len = MIN(len, (size_t)PIECE_MAX);
		printk(priority, "", "%.*s", (int)len, text);
		text += len + (text[len] == '\n');
	} while (*text);
}

static ssize_t kmsg_write(struct file *f, struct iobuf *io, u64 *pos)
{
	size_t total = io->left;
	ssize_t n = -EFAULT;
	char *text;

	(void)f, (void)pos;
	if (total > WRITE_MAX)
		return -EINVAL;
	text = kalloc(total + 1);
	if (!text)
		return -ENOMEM;
	if (iobuf_get(io, text, total) == (ssize_t)total) {
		text[total] = '\0';
		log_text(text);
		n = (ssize_t)total;
	}
	kfree(text);
	return n;
}

const struct file_ops kmsg_ops = {
	.read = kmsg_read,
	.write = kmsg_write,
	.seek = kmsg_seek,
	.poll = kmsg_poll,
	.release = kmsg_release,
};
