#define _GNU_SOURCE

#include "counters.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

uint64_t counters_allocations(void);
void counters_count_allocations(int wanted);

// MARK: futex

static int futex_counter = -1;
static uint64_t futex_before;

static int tracepoint_id(uint64_t *id) {
    FILE *file = fopen("/sys/kernel/tracing/events/syscalls/sys_enter_futex/id", "r");
    if (file == NULL) return errno;
    unsigned long long number;
    int count = fscanf(file, "%llu", &number);
    fclose(file);
    if (count != 1) return EINVAL;
    *id = number;
    return 0;
}

int counters_open_futex(void) {
    struct perf_event_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.size = sizeof attributes;
    attributes.type = PERF_TYPE_TRACEPOINT;
    attributes.inherit = 1;
    attributes.disabled = 1;
    uint64_t id = 0;
    int code = tracepoint_id(&id);
    if (code != 0) return code;
    attributes.config = id;
    long descriptor =
        syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
    if (descriptor < 0) return errno;
    futex_counter = (int)descriptor;
    return 0;
}

static uint64_t futex_calls(void) {
    uint64_t count = 0;
    if (read(futex_counter, &count, sizeof count) != sizeof count) return 0;
    return count;
}

// MARK: Counting

void counters_begin(void) {
    if (futex_counter >= 0) {
        futex_before = futex_calls();
        ioctl(futex_counter, PERF_EVENT_IOC_ENABLE, 0);
    }
    counters_count_allocations(1);
}

void counters_end(uint64_t *allocations, int64_t *calls) {
    counters_count_allocations(0);
    *allocations = counters_allocations();
    *calls = -1;
    if (futex_counter >= 0) {
        ioctl(futex_counter, PERF_EVENT_IOC_DISABLE, 0);
        *calls = (int64_t)(futex_calls() - futex_before);
    }
}

// MARK: Commits

enum {
    // What comes before the meta data in a page of LMDB 0.9.
    page_header = 16,
    // Magic number, version, address, size of the map.
    before_databases = 24,
    database_size = 48,
    meta_magic = 0xbeefc0de,
};

// The number of the transaction that a meta page is of, and the size of the file's pages.
static int read_meta(int file, off_t at, uint64_t *transaction, uint32_t *page_size) {
    unsigned char bytes[page_header + before_databases + 2 * database_size + 16];
    ssize_t count = pread(file, bytes, sizeof bytes, at);
    if (count < 0) return errno;
    if (count != sizeof bytes) return EINVAL;
    uint32_t magic;
    memcpy(&magic, bytes + page_header, sizeof magic);
    if (magic != meta_magic) return EINVAL;
    const unsigned char *databases = bytes + page_header + before_databases;
    memcpy(page_size, databases, sizeof *page_size);
    // The last page's number stands before it.
    memcpy(transaction, databases + 2 * database_size + 8, sizeof *transaction);
    return 0;
}

int counters_last_transaction(const char *path, uint64_t *out) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return errno;
    uint64_t first = 0, second = 0;
    uint32_t page_size = 0, other = 0;
    int code = read_meta(file, 0, &first, &page_size);
    if (code == 0) code = read_meta(file, (off_t)page_size, &second, &other);
    close(file);
    if (code == 0) *out = first > second ? first : second;
    return code;
}

// MARK: The process

static uint64_t nanoseconds(struct timeval time) {
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_usec * 1000u;
}

void counters_usage(uint64_t *time, uint64_t *voluntary, uint64_t *involuntary) {
    struct rusage usage;
    memset(&usage, 0, sizeof usage);
    getrusage(RUSAGE_SELF, &usage);
    *time = nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime);
    *voluntary = (uint64_t)usage.ru_nvcsw;
    *involuntary = (uint64_t)usage.ru_nivcsw;
}

int counters_run(char *const arguments[], const char *output) {
    extern char **environ;
    posix_spawn_file_actions_t actions;
    int code = posix_spawn_file_actions_init(&actions);
    if (code != 0) return -code;
    pid_t process = 0;
    code = posix_spawn_file_actions_addopen(
        &actions, STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (code == 0) {
        code = posix_spawnp(&process, arguments[0], &actions, NULL, arguments, environ);
    }
    posix_spawn_file_actions_destroy(&actions);
    if (code != 0) return -code;
    int status = 0;
    while (waitpid(process, &status, 0) < 0) {
        if (errno != EINTR) return -errno;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}
