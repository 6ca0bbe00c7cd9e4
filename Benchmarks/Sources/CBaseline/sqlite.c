#include "sqlite_baseline.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <time.h>

struct sqlite_baseline {
    sqlite3 *database;
    sqlite3_stmt *begin, *insert, *commit, *rollback;
};

static const char schema[] =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "CREATE TABLE IF NOT EXISTS entries ("
    "  sequence INTEGER PRIMARY KEY,"
    "  execution INTEGER NOT NULL,"
    "  time INTEGER NOT NULL,"
    "  event BLOB NOT NULL,"
    "  payload BLOB"
    ");"
    "CREATE INDEX IF NOT EXISTS histories ON entries (execution, sequence);";

static int prepare(sqlite_baseline *self, const char *text, sqlite3_stmt **out) {
    return sqlite3_prepare_v3(self->database, text, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
}

int sqlite_baseline_open(const char *path, sqlite_baseline **out) {
    sqlite_baseline *self = calloc(1, sizeof *self);
    *out = NULL;
    if (self == NULL) return SQLITE_NOMEM;
    int code = sqlite3_open(path, &self->database);
    if (code == SQLITE_OK) code = sqlite3_exec(self->database, schema, NULL, NULL, NULL);
    if (code == SQLITE_OK) code = prepare(self, "BEGIN IMMEDIATE", &self->begin);
    if (code == SQLITE_OK) {
        code = prepare(
            self, "INSERT INTO entries (execution, time, event, payload) VALUES (?, ?, ?, ?)",
            &self->insert);
    }
    if (code == SQLITE_OK) code = prepare(self, "COMMIT", &self->commit);
    if (code == SQLITE_OK) code = prepare(self, "ROLLBACK", &self->rollback);
    if (code != SQLITE_OK) {
        sqlite_baseline_close(self);
        return code;
    }
    *out = self;
    return SQLITE_OK;
}

void sqlite_baseline_close(sqlite_baseline *self) {
    if (self == NULL) return;
    sqlite3_finalize(self->begin);
    sqlite3_finalize(self->insert);
    sqlite3_finalize(self->commit);
    sqlite3_finalize(self->rollback);
    sqlite3_close(self->database);
    free(self);
}

static int step(sqlite3_stmt *statement) {
    int code = sqlite3_step(statement);
    sqlite3_reset(statement);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

static int insert(sqlite_baseline *self, const baseline_item *item, int64_t time) {
    sqlite3_stmt *statement = self->insert;
    sqlite3_bind_int64(statement, 1, (sqlite3_int64)item->execution);
    sqlite3_bind_int64(statement, 2, time);
    sqlite3_bind_blob64(statement, 3, item->event, item->event_len, SQLITE_STATIC);
    sqlite3_bind_blob64(statement, 4, item->payload, item->payload_len, SQLITE_STATIC);
    return step(statement);
}

int sqlite_baseline_append(sqlite_baseline *self, const baseline_item *items, size_t count) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t time = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    int code = step(self->begin);
    for (size_t index = 0; index < count && code == SQLITE_OK; index++) {
        code = insert(self, &items[index], time);
    }
    if (code == SQLITE_OK) return step(self->commit);
    step(self->rollback);
    return code;
}
