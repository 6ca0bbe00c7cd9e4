// System calls that the C library's module does not show to Swift.
#ifndef CSYSTEM_SHIM_H
#define CSYSTEM_SHIM_H

#if defined(__linux__)
#include <stdint.h>
#include <sys/eventfd.h>
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

// eventfd(2): a descriptor that can be read once it has been written to.
static inline int csystem_bell(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
static inline void csystem_ring(int bell) { (void)eventfd_write(bell, 1); }
static inline void csystem_hush(int bell) {
    eventfd_t value;
    (void)eventfd_read(bell, &value);
}

// fallocate(2), which the C library declares only under _GNU_SOURCE. Unlike posix_fallocate it
// never writes to the file itself.
static inline int csystem_allocate(int descriptor, int64_t size) {
    return (int)syscall(SYS_fallocate, descriptor, 0, (off_t)0, (off_t)size);
}
#endif

#endif
