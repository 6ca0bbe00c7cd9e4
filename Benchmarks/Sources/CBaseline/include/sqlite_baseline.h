// The same entries in a table of SQLite: what a program has that keeps its own journal there.
#ifndef SQLITE_BASELINE_H
#define SQLITE_BASELINE_H

#include "baseline.h"

#ifdef __cplusplus
extern "C" {
#endif

// An open database. Not to be shared between threads.
typedef struct sqlite_baseline sqlite_baseline;

// Opens a database with one table of entries and an index by execution, with a write-ahead log
// and a sync for each commit (journal_mode=WAL, synchronous=FULL).
// Functions that return an int return 0 or a code of SQLite's.
int sqlite_baseline_open(const char *path, sqlite_baseline **out);

// Closes the database. NULL is allowed.
void sqlite_baseline_close(sqlite_baseline *self);

// Appends a batch in one transaction. No hashes, no commitments.
int sqlite_baseline_append(sqlite_baseline *self, const baseline_item *items, size_t count);

#ifdef __cplusplus
}
#endif

#endif
