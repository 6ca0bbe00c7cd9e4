// System calls that the C library's module does not show to Swift.
#ifndef CSYSTEM_SHIM_H
#define CSYSTEM_SHIM_H

#if defined(__linux__)
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// pidfd_open(2): a descriptor that can be read once the process has ended.
static inline int csystem_pidfd_open(int process) {
#if defined(SYS_pidfd_open)
    return (int)syscall(SYS_pidfd_open, process, 0);
#else
    return (int)syscall(434, process, 0);
#endif
}

// openat2(2) of a name in a folder: follows no link, and opens nothing that is mounted there, also where a
// part of the same file system is (EXDEV). Kernels before 5.6 do not know it: openat then.
static inline int csystem_open_inside(int folder, const char *name, int flags) {
    struct { uint64_t flags, mode, resolve; } how = {(uint64_t)flags, 0, 0x01 | 0x04};
    long result = syscall(437, folder, name, &how, sizeof how);
    if (result >= 0 || (errno != ENOSYS && errno != EPERM)) return (int)result;
    return openat(folder, name, flags);
}

// pipe2(2): a pipe that no child inherits, from its first moment on.
static inline int csystem_private_pipe(int ends[2]) {
    return (int)syscall(SYS_pipe2, ends, O_CLOEXEC);
}

// pidfd_send_signal(2): a signal for the very process that a descriptor stands for.
static inline int csystem_pidfd_send(int descriptor, int number) {
#if defined(SYS_pidfd_send_signal)
    return (int)syscall(SYS_pidfd_send_signal, descriptor, number, 0, 0);
#else
    return (int)syscall(424, descriptor, number, 0, 0);
#endif
}

// prctl(2): what descendants leave behind becomes children of this process.
static inline int csystem_adopt_orphans(void) {
    return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

// pthread_cond_clockwait(3): waits by the clock that nobody sets. Shown only under _GNU_SOURCE.
extern int pthread_cond_clockwait(pthread_cond_t *, pthread_mutex_t *, clockid_t,
                                  const struct timespec *);
static inline int csystem_wait(pthread_cond_t *condition, pthread_mutex_t *mutex,
                               const struct timespec *time) {
    return pthread_cond_clockwait(condition, mutex, CLOCK_MONOTONIC, time);
}

// eventfd(2): a descriptor that can be read once it has been written to.
static inline int csystem_bell(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
static inline void csystem_ring(int bell) { (void)eventfd_write(bell, 1); }
static inline void csystem_hush(int bell) {
    eventfd_t value;
    (void)eventfd_read(bell, &value);
}

// renameat2(2) with RENAME_NOREPLACE: fails where something has the name already. A file system that cannot
// do that, or an old kernel, renames: a folder then takes the place of an empty one, and of nothing else.
static inline int csystem_rename_new(const char *path, const char *other) {
    long result = syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, other, 1);
    if (result == 0 || (errno != ENOSYS && errno != EINVAL)) return (int)result;
    return rename(path, other);
}

// statx(2): when a file was made, in nanoseconds since 1970; 0 where its file system or the kernel does not
// say. The structure is the kernel's, of which every C library shows a form of its own: its mask is at 0, the
// time at 80.
static inline uint64_t csystem_made_at(const char *path) {
#if defined(SYS_statx)
    uint64_t status[32] = {0};
    const unsigned made = 0x800;
    if (syscall(SYS_statx, AT_FDCWD, path, 0, made, status) != 0) return 0;
    const unsigned char *bytes = (const unsigned char *)status;
    uint32_t mask, nanoseconds;
    int64_t seconds;
    __builtin_memcpy(&mask, bytes, sizeof mask);
    __builtin_memcpy(&seconds, bytes + 80, sizeof seconds);
    __builtin_memcpy(&nanoseconds, bytes + 88, sizeof nanoseconds);
    if (!(mask & made) || seconds < 0) return 0;
    return (uint64_t)seconds * 1000000000 + nanoseconds;
#else
    return 0;
#endif
}

// fallocate(2), which the C library declares only under _GNU_SOURCE. Unlike posix_fallocate it
// never writes to the file itself.
static inline int csystem_allocate(int descriptor, int64_t size) {
    return (int)syscall(SYS_fallocate, descriptor, 0, (off_t)0, (off_t)size);
}
#endif

#endif
