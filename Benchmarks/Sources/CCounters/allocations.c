// The allocator's functions, in front of those of glibc: a program that is linked with this file
// uses them everywhere, shared libraries included. They count, while somebody wants them to.
#define _GNU_SOURCE

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *pointer, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

uint64_t counters_allocations(void);
void counters_count_allocations(int wanted);

enum { shard_count = 64 };

// Each thread counts in a place of its own, as long as there are places.
typedef struct shard {
    _Alignas(64) atomic_uint_fast64_t count;
} shard;

static shard shards[shard_count];
static atomic_int is_counting;
static atomic_uint next_shard;
// No larger than what the loader keeps for such variables: to allocate one would come back here.
static __thread shard *own __attribute__((tls_model("initial-exec")));

static inline void note(void) {
    if (!atomic_load_explicit(&is_counting, memory_order_relaxed)) return;
    if (own == NULL) {
        own = &shards[atomic_fetch_add_explicit(&next_shard, 1, memory_order_relaxed)
                      % shard_count];
    }
    atomic_fetch_add_explicit(&own->count, 1, memory_order_relaxed);
}

void counters_count_allocations(int wanted) {
    if (wanted) {
        for (int index = 0; index < shard_count; index++) atomic_store(&shards[index].count, 0);
    }
    atomic_store(&is_counting, wanted);
}

uint64_t counters_allocations(void) {
    uint64_t sum = 0;
    for (int index = 0; index < shard_count; index++) sum += atomic_load(&shards[index].count);
    return sum;
}

void *malloc(size_t size) {
    note();
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    note();
    return __libc_calloc(count, size);
}

void *realloc(void *pointer, size_t size) {
    note();
    return __libc_realloc(pointer, size);
}

void *memalign(size_t alignment, size_t size) {
    note();
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    note();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size) {
    if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0) return EINVAL;
    note();
    void *pointer = __libc_memalign(alignment, size);
    if (pointer == NULL) return ENOMEM;
    *out = pointer;
    return 0;
}
