// What a program says when it dies of a file that it has mapped.
//
// LMDB trusts its pages: a damaged one leads it to memory that is not there, or to an assertion. A
// library cannot go on from there. A command can end with a sentence and a status of its own.
#ifndef MAP_GUARD_H
#define MAP_GUARD_H

// Notes that the calling thread works on a mapped file from now on.
// path: stays valid until map_guard_leave.
// Returns what was noted before.
const char *map_guard_enter(const char *path);

// Ends what map_guard_enter has begun.
void map_guard_leave(const char *before);

// From now on SIGSEGV, SIGBUS, SIGFPE and SIGABRT on a thread that works on a mapped file end the
// process with `status`, after `before`, the path and `after` were written to standard error. On
// other threads they do what they did. The strings stay valid for ever.
void map_guard_install(const char *before, const char *after, int status);

// Ends the process in that way, if map_guard_install was called.
void map_guard_fail(void);

#endif
