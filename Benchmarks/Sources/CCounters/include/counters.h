// What a stretch of work costs that a clock does not show: calls of malloc and futex, commits.
#ifndef COUNTERS_H
#define COUNTERS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Opens the counter of this process's calls of futex. Threads that are started later are counted
// too; so it is called before there are any.
// Returns 0, or an errno: the kernel must have the tracepoint sys_enter_futex, mounted at
// /sys/kernel/tracing, and allow this user to count it.
int counters_open_futex(void);

// Begins to count allocations, and futex calls if their counter is open.
void counters_begin(void);

// Ends what counters_begin has begun, and says what it came to.
//
// An allocation is a call of malloc, calloc, realloc, memalign, aligned_alloc or posix_memalign,
// from whatever library. Of futex calls -1 means that they were not counted.
void counters_end(uint64_t *allocations, int64_t *futex_calls);

// The number of the last committed transaction of an LMDB data file.
// Returns 0, or an errno; EINVAL when the file has not the meta pages of LMDB 0.9.
int counters_last_transaction(const char *path, uint64_t *out);

// Processor time of this process in nanoseconds, and its context switches: those where a thread
// had to wait, and those where another was given its processor.
void counters_usage(uint64_t *nanoseconds, uint64_t *voluntary, uint64_t *involuntary);

// Runs a program and waits for its end. Its output goes to a file, its errors to this process's.
// Returns its exit status, or the negative of an errno or signal.
int counters_run(char *const arguments[], const char *output);

#ifdef __cplusplus
}
#endif

#endif
