/* SPDX-License-Identifier: MIT */
#pragma once
/* The kernel log as programs see it: what other subsystems need of fs/kmsg.c. */
#include <gemel/types.h>

struct char_device;
struct file;

/* /dev/kmsg: a record a read. */
extern const struct file_ops kmsg_ops;
/* 0, -EPERM (dmesg_restrict), -ENOMEM. */
int kmsg_open(struct char_device *cd, struct file *f);

/* /proc/kmsg: the text that syslog(2) reads once.  0, -EPERM. */
extern const struct file_ops proc_kmsg_ops;
int proc_kmsg_open(struct file *f);

/* /proc/sys/kernel/dmesg_restrict: who may read the log has CAP_SYSLOG. */
extern bool dmesg_restrict;

/* /proc/sys/kernel/printk, as proc(5) has them. */
enum { PRINTK_CONSOLE, PRINTK_MESSAGE, PRINTK_MINIMUM, PRINTK_DEFAULT, PRINTK_LEVELS };
void printk_levels_get(uint levels[PRINTK_LEVELS]);
/* 0, -EINVAL: one is above 15. */
int printk_levels_set(const uint levels[PRINTK_LEVELS]);
