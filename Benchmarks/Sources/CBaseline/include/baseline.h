// What the journal is measured against: the whole work of appending, in one thread, as C straight
// over LMDB and OpenSSL, without an abstraction in between.
//
// The file it writes is a journal of format 1 (`journal.mdb`), which the journal's own readers can
// list and verify. Every function that returns an int returns 0, a code of LMDB's, or an errno.
#ifndef BASELINE_H
#define BASELINE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// An open file. Not to be shared between threads.
typedef struct baseline baseline;

// One entry to append.
typedef struct baseline_item {
    // The execution's number. 0: a new one begins here, and its number is this entry's sequence.
    uint64_t execution;
    // The execution's id, 1 to 255 bytes and a 0. Wanted by an entry that begins or closes one;
    // elsewhere it is not looked at.
    const char *id;
    // Not 0: this is the execution's last entry.
    int closes;
    // The event as it stands in `daybook.v1.Entry`: tag, length, bytes.
    const void *event;
    size_t event_len;
    // The payload. 0 bytes: there is none.
    const void *payload;
    size_t payload_len;
} baseline_item;

// Opens a journal for writing. A new file gets its first two entries: the journal's creation, and
// the session that all further entries name; so the next sequence is 2.
int baseline_open(const char *path, baseline **out);

// Opens a file with nothing but the table `entries`, for baseline_append_plain.
int baseline_open_plain(const char *path, baseline **out);

// Closes the file. NULL is allowed.
void baseline_close(baseline *self);

// Appends a batch with one commit: all of it, or nothing.
//
// Does what an append to a journal has to do: encodes the entries, draws salts and commits to the
// payloads, keeps all six tables, hashes the leaves, and waits for the disk.
// Refused are an execution that is not there (MDB_NOTFOUND), an id that is taken (MDB_KEYEXIST), a
// begin or close without an id (EINVAL), and an event of more than 65,375 bytes, which may not fit
// into an entry (EMSGSIZE). What is appended to an execution that is closed is not noticed.
int baseline_append(baseline *self, const baseline_item *items, size_t count);

// Appends a batch with one commit to one table: header, event and payload in one value.
//
// No hashes, no other tables, no history: how fast LMDB takes in the bytes alone.
int baseline_append_plain(baseline *self, const baseline_item *items, size_t count);

// The sequence that the next entry gets.
uint64_t baseline_next(const baseline *self);

// The root of the Merkle tree over all entries. Zeros for a plain file.
void baseline_root(const baseline *self, unsigned char root[32]);

// Runs a cursor over the entries of a file and touches the first and last byte of each.
//
// The file is opened for reading only, and must not be open in this process. What is timed is the
// scan alone, from making the cursor to its end.
// Returns a checksum, or when it fails a negative number: -errno, or LMDB's code as it is.
int64_t baseline_scan(
    const char *path, uint64_t *entries, uint64_t *bytes, uint64_t *nanoseconds);

// Hashes as many bytes as asked for with SHA-256, 8 KiB at a time.
// Returns how many nanoseconds it took.
uint64_t baseline_hash_time(uint64_t bytes);

#ifdef __cplusplus
}
#endif

#endif
