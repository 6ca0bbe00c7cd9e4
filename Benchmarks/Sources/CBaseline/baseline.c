// OpenSSL's functions for SHA-256 without a fetch or an allocation are deprecated, and the fastest.
#define OPENSSL_API_COMPAT 0x10100000L

#include "baseline.h"

#include <errno.h>
#include <lmdb.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum {
    entry_limit = 65535,
    hash_size = 32,
    hash_block = 64,
    // What SHA-256 puts behind a message takes at most a block and its own 9 bytes.
    hash_padding = 72,
    salt_size = 16,
    salt_pool = 256,
    tile_width = 256,
    tile_levels = 8,
    // Header, one commitment: no field is longer than this allows for.
    header_limit = 160,
    json_content_type = 1,
    completed_status = 5,
    first_session = 1,
};

typedef struct hash {
    unsigned char bytes[hash_size];
} hash;

// The right edge of the Merkle tree.
typedef struct tree {
    uint64_t size;
    // By height; there is one for each bit that is set in the size.
    hash subtrees[64];
    // The unfinished tile of each level.
    hash tiles[tile_levels][tile_width];
} tree;

// Where an execution's history ends.
typedef struct chain {
    // The execution's number; 0: this slot is free.
    uint64_t execution;
    uint64_t count;
    uint64_t last;
    uint64_t begun_at;
} chain;

// Open addressing with linear probing; the capacity is a power of two.
typedef struct chain_table {
    chain *slots;
    size_t capacity;
    size_t count;
} chain_table;

// A cursor for each table that every entry goes to. They stay where they are from one entry to the
// next: a tenth less time in a large batch than with mdb_put.
typedef struct cursors {
    MDB_cursor *entries, *payloads, *histories;
} cursors;

struct baseline {
    MDB_env *env;
    MDB_dbi entries, payloads, histories, executions, tiles, meta;
    int is_plain;
    // The last batch was not committed: what is in memory may be ahead of the file.
    int is_stale;
    uint64_t next;
    uint64_t last_time;
    chain_table chains;
    size_t salts_left;
    unsigned char salts[salt_pool][salt_size];
    // The leaf's prefix, the entry, and room for SHA-256's padding.
    unsigned char leaf[1 + entry_limit + hash_padding];
    tree tree;
};

// MARK: Wire format

static unsigned char *put_varint(unsigned char *at, uint64_t value) {
    while (value >= 0x80) {
        *at++ = (unsigned char)(value | 0x80);
        value >>= 7;
    }
    *at++ = (unsigned char)value;
    return at;
}

static size_t varint_size(uint64_t value) {
    return (size_t)(70 - __builtin_clzll(value | 1)) / 7;
}

// A number, which is left out when it is 0. The field is one of the first 15.
static unsigned char *put_number(unsigned char *at, unsigned field, uint64_t value) {
    if (value == 0) return at;
    *at++ = (unsigned char)(field << 3);
    return put_varint(at, value);
}

static unsigned char *put_fixed64(unsigned char *at, unsigned field, uint64_t value) {
    if (value == 0) return at;
    *at++ = (unsigned char)(field << 3 | 1);
    for (int index = 0; index < 8; index++) at[index] = (unsigned char)(value >> 8 * index);
    return at + 8;
}

static unsigned char *put_length(unsigned char *at, unsigned field, uint64_t length) {
    *at++ = (unsigned char)(field << 3 | 2);
    return put_varint(at, length);
}

static unsigned char *put_raw(unsigned char *at, const void *bytes, size_t length) {
    if (length > 0) memcpy(at, bytes, length);
    return at + length;
}

static unsigned char *put_bytes(
    unsigned char *at, unsigned field, const void *bytes, size_t length) {
    return put_raw(put_length(at, field, length), bytes, length);
}

static unsigned char *put_text(unsigned char *at, unsigned field, const char *text) {
    return put_bytes(at, field, text, strlen(text));
}

// MARK: Hashes

static void store_hash(const SHA256_CTX *context, unsigned char *out) {
    for (int index = 0; index < 8; index++) {
        uint32_t word = __builtin_bswap32(context->h[index]);
        memcpy(out + 4 * index, &word, 4);
    }
}

// Ends a hash of `total` bytes, the last `length` of which lie at `data` with room for the padding
// behind them. Whole blocks in one piece: OpenSSL then neither copies nor clears anything.
static void finish_hash(
    SHA256_CTX *context, unsigned char *data, size_t length, uint64_t total, unsigned char *out) {
    size_t padded = (length + 9 + hash_block - 1) / hash_block * hash_block;
    memset(data + length, 0, padded - length);
    data[length] = 0x80;
    uint64_t bits = __builtin_bswap64(total * 8);
    memcpy(data + padded - 8, &bits, 8);
    SHA256_Update(context, data, padded);
    store_hash(context, out);
}

static hash leaf_hash(unsigned char *leaf, size_t length) {
    hash result;
    SHA256_CTX context;
    leaf[0] = 0;
    SHA256_Init(&context);
    finish_hash(&context, leaf, length, length, result.bytes);
    return result;
}

static hash node_hash(const hash *left, const hash *right) {
    hash result;
    SHA256_CTX context;
    unsigned char node[2 * hash_block];
    node[0] = 1;
    memcpy(node + 1, left->bytes, hash_size);
    memcpy(node + 1 + hash_size, right->bytes, hash_size);
    SHA256_Init(&context);
    finish_hash(&context, node, 1 + 2 * hash_size, 1 + 2 * hash_size, result.bytes);
    return result;
}

// HMAC-SHA256 of a payload under its salt.
static void commitment(
    const unsigned char *salt, const unsigned char *payload, size_t length, unsigned char *mac) {
    SHA256_CTX context;
    unsigned char block[3 * hash_block];
    memset(block, 0x36, hash_block);
    for (int index = 0; index < salt_size; index++) block[index] ^= salt[index];
    SHA256_Init(&context);
    SHA256_Update(&context, block, hash_block);
    size_t whole = length / hash_block * hash_block;
    if (whole > 0) SHA256_Update(&context, payload, whole);
    unsigned char *tail = block + hash_block;
    memcpy(tail, payload + whole, length - whole);
    finish_hash(&context, tail, length - whole, hash_block + length, mac);

    memset(block, 0x5c, hash_block);
    for (int index = 0; index < salt_size; index++) block[index] ^= salt[index];
    memcpy(tail, mac, hash_size);
    SHA256_Init(&context);
    finish_hash(&context, block, hash_block + hash_size, hash_block + hash_size, mac);
}

// The next salt of a pool that is filled by one system call.
static const unsigned char *next_salt(baseline *self) {
    if (self->salts_left == 0) {
        unsigned char *pool = self->salts[0];
        for (size_t filled = 0; filled < sizeof self->salts;) {
            ssize_t got = getrandom(pool + filled, sizeof self->salts - filled, 0);
            if (got < 0 && errno != EINTR) return NULL;
            if (got > 0) filled += (size_t)got;
        }
        self->salts_left = salt_pool;
    }
    return self->salts[--self->salts_left];
}

// MARK: Merkle tree

static int put_tile(baseline *self, MDB_txn *txn, unsigned level, uint64_t index) {
    unsigned char key[9] = {(unsigned char)level};
    for (int byte = 0; byte < 8; byte++) key[1 + byte] = (unsigned char)(index >> (56 - 8 * byte));
    MDB_val name = {sizeof key, key};
    MDB_val value = {sizeof self->tree.tiles[level], self->tree.tiles[level]};
    return mdb_put(txn, self->tiles, &name, &value, 0);
}

// Takes in a leaf, and writes each tile that becomes full by it.
static int tree_append(baseline *self, MDB_txn *txn, hash root) {
    tree *tree = &self->tree;
    unsigned height = 0;
    for (;; height++) {
        if (height % 8 == 0) {
            unsigned level = height / 8;
            uint64_t place = tree->size >> height;
            tree->tiles[level][place % tile_width] = root;
            if (place % tile_width == tile_width - 1) {
                int code = put_tile(self, txn, level, place / tile_width);
                if (code != 0) return code;
            }
        }
        // Each low bit of the size is a subtree as high as the one just completed.
        if ((tree->size >> height & 1) == 0) break;
        root = node_hash(&tree->subtrees[height], &root);
    }
    tree->subtrees[height] = root;
    tree->size++;
    return 0;
}

static hash tree_root(const tree *tree) {
    hash root;
    if (tree->size == 0) {
        SHA256_CTX context;
        unsigned char block[hash_block];
        SHA256_Init(&context);
        finish_hash(&context, block, 0, 0, root.bytes);
        return root;
    }
    uint64_t rest = tree->size;
    root = tree->subtrees[__builtin_ctzll(rest)];
    for (rest &= rest - 1; rest != 0; rest &= rest - 1) {
        root = node_hash(&tree->subtrees[__builtin_ctzll(rest)], &root);
    }
    return root;
}

// The root of a perfect tree over `count` hashes.
static hash perfect_root(const hash *hashes, size_t count) {
    hash level[tile_width];
    memcpy(level, hashes, count * sizeof *hashes);
    for (; count > 1; count /= 2) {
        for (size_t index = 0; index < count / 2; index++) {
            level[index] = node_hash(&level[2 * index], &level[2 * index + 1]);
        }
    }
    return level[0];
}

// Looks up the hash at a place of a level: a leaf's, or the root of a full tile below.
static int load_hash(
    baseline *self, MDB_txn *txn, unsigned level, uint64_t place, hash *out) {
    MDB_val value;
    if (level == 0) {
        MDB_val key = {sizeof place, &place};
        int code = mdb_get(txn, self->entries, &key, &value);
        if (code != 0) return code;
        if (value.mv_size > entry_limit) return MDB_CORRUPTED;
        memcpy(self->leaf + 1, value.mv_data, value.mv_size);
        *out = leaf_hash(self->leaf, 1 + value.mv_size);
        return 0;
    }
    unsigned char name[9] = {(unsigned char)(level - 1)};
    for (int byte = 0; byte < 8; byte++) name[1 + byte] = (unsigned char)(place >> (56 - 8 * byte));
    MDB_val key = {sizeof name, name};
    int code = mdb_get(txn, self->tiles, &key, &value);
    if (code != 0) return code;
    hash tile[tile_width];
    if (value.mv_size != sizeof tile) return MDB_CORRUPTED;
    memcpy(tile, value.mv_data, sizeof tile);
    *out = perfect_root(tile, tile_width);
    return 0;
}

// Rebuilds the right edge of a tree of `size` leaves.
static int tree_load(baseline *self, MDB_txn *txn, uint64_t size) {
    tree *tree = &self->tree;
    for (unsigned level = 0; level < tile_levels; level++) {
        uint64_t end = size >> 8 * level;
        for (uint64_t place = end - end % tile_width; place < end; place++) {
            hash *slot = &tree->tiles[level][place % tile_width];
            int code = load_hash(self, txn, level, place, slot);
            if (code != 0) return code;
        }
    }
    for (unsigned height = 0; height < 64; height++) {
        if ((size >> height & 1) == 0) continue;
        unsigned low = height % 8;
        uint64_t first = ((size >> height) - 1) << low;
        tree->subtrees[height] =
            perfect_root(&tree->tiles[height / 8][first % tile_width], (size_t)1 << low);
    }
    tree->size = size;
    return 0;
}

// MARK: Chains

static size_t chain_home(const chain_table *table, uint64_t execution) {
    return (size_t)(execution * 0x9e3779b97f4a7c15u >> 32) & (table->capacity - 1);
}

// The slot of an execution, or the free one where it belongs.
static chain *chain_slot(const chain_table *table, uint64_t execution) {
    size_t index = chain_home(table, execution);
    while (table->slots[index].execution != 0 && table->slots[index].execution != execution) {
        index = (index + 1) & (table->capacity - 1);
    }
    return &table->slots[index];
}

static int chains_reserve(chain_table *table) {
    if (2 * (table->count + 1) <= table->capacity) return 0;
    chain_table larger = {NULL, table->capacity == 0 ? 1024 : 2 * table->capacity, table->count};
    larger.slots = calloc(larger.capacity, sizeof *larger.slots);
    if (larger.slots == NULL) return ENOMEM;
    for (size_t index = 0; index < table->capacity; index++) {
        const chain *old = &table->slots[index];
        if (old->execution != 0) *chain_slot(&larger, old->execution) = *old;
    }
    free(table->slots);
    *table = larger;
    return 0;
}

static void chains_clear(chain_table *table) {
    if (table->count == 0) return;
    memset(table->slots, 0, table->capacity * sizeof *table->slots);
    table->count = 0;
}

// Takes an execution out, and moves up those that had to step aside for it.
static void chains_remove(chain_table *table, chain *slot) {
    size_t mask = table->capacity - 1;
    size_t hole = (size_t)(slot - table->slots);
    for (size_t index = (hole + 1) & mask; table->slots[index].execution != 0;
         index = (index + 1) & mask) {
        size_t home = chain_home(table, table->slots[index].execution);
        if (((index - home) & mask) < ((index - hole) & mask)) continue;
        table->slots[hole] = table->slots[index];
        hole = index;
    }
    table->slots[hole].execution = 0;
    table->count--;
}

// The time of an entry, which stands behind its sequence.
static int entry_time(baseline *self, MDB_txn *txn, uint64_t sequence, uint64_t *time) {
    MDB_val key = {sizeof sequence, &sequence};
    MDB_val value;
    int code = mdb_get(txn, self->entries, &key, &value);
    if (code != 0) return code;
    size_t skipped = sequence == 0 ? 0 : 1 + varint_size(sequence);
    const unsigned char *bytes = value.mv_data;
    if (value.mv_size < skipped + 9 || bytes[skipped] != (2 << 3 | 1)) return MDB_CORRUPTED;
    memcpy(time, bytes + skipped + 1, 8);
    return 0;
}

// Looks up in the file where a history ends.
static int chain_load(baseline *self, MDB_txn *txn, uint64_t execution, chain *slot) {
    MDB_cursor *cursor;
    MDB_val key = {sizeof execution, &execution};
    MDB_val value;
    size_t count = 0;
    chain found = {.execution = execution};
    int code = mdb_cursor_open(txn, self->histories, &cursor);
    if (code != 0) return code;
    code = mdb_cursor_get(cursor, &key, &value, MDB_SET);
    if (code == 0) code = mdb_cursor_count(cursor, &count);
    if (code == 0) code = mdb_cursor_get(cursor, &key, &value, MDB_LAST_DUP);
    if (code == 0 && value.mv_size != sizeof found.last) code = MDB_CORRUPTED;
    if (code == 0) {
        memcpy(&found.last, value.mv_data, sizeof found.last);
        found.count = count;
        code = entry_time(self, txn, execution, &found.begun_at);
    }
    mdb_cursor_close(cursor);
    if (code == 0) *slot = found;
    return code;
}

// The chain that an item goes on, or begins.
static int chain_for(
    baseline *self, MDB_txn *txn, const baseline_item *item, uint64_t time, chain **out) {
    int code = chains_reserve(&self->chains);
    if (code != 0) return code;
    uint64_t execution = item->execution == 0 ? self->next : item->execution;
    chain *slot = chain_slot(&self->chains, execution);
    *out = slot;
    if (slot->execution != 0) return 0;
    if (item->execution == 0) {
        *slot = (chain){.execution = execution, .begun_at = time};
    } else {
        code = chain_load(self, txn, execution, slot);
        if (code != 0) return code;
    }
    self->chains.count++;
    return 0;
}

// MARK: Rows

// Puts the row of an execution that begins, or is closed by the entry that the chain ends with.
static int put_row(
    baseline *self, MDB_txn *txn, const char *id, const chain *chain, int closes, uint64_t time) {
    unsigned char summary[128], row[160];
    unsigned char *end = put_number(row, 1, chain->execution);
    if (closes) {
        unsigned char *at = put_text(summary, 1, "benchmark");
        at = put_number(at, 2, completed_status);
        at = put_fixed64(at, 3, chain->begun_at);
        at = put_fixed64(at, 4, chain->begun_at);
        at = put_fixed64(at, 5, time);
        at = put_number(at, 6, 1);
        at = put_number(at, 7, chain->last);
        at = put_number(at, 8, chain->count);
        end = put_bytes(end, 2, summary, (size_t)(at - summary));
    }
    MDB_val key = {strlen(id), (void *)id};
    MDB_val value = {(size_t)(end - row), row};
    // An id is never used again: where an execution begins there must be no row.
    unsigned flags = chain->count == 1 ? MDB_NOOVERWRITE : 0;
    return mdb_put(txn, self->executions, &key, &value, flags);
}

static int put_payload(
    MDB_cursor *cursor, uint64_t sequence, const unsigned char *salt, const baseline_item *item) {
    size_t inner = 2 + salt_size + 1 + varint_size(item->payload_len) + item->payload_len;
    MDB_val key = {sizeof sequence, &sequence};
    MDB_val value = {1 + varint_size(inner) + inner, NULL};
    int code = mdb_cursor_put(cursor, &key, &value, MDB_APPEND | MDB_RESERVE);
    if (code != 0) return code;
    unsigned char *at = put_length(value.mv_data, 1, inner);
    at = put_bytes(at, 1, salt, salt_size);
    put_bytes(at, 2, item->payload, item->payload_len);
    return 0;
}

static int put_edge(baseline *self, MDB_txn *txn) {
    unsigned char edge[64 + 4 * tile_width];
    hash root = tree_root(&self->tree);
    size_t leaves = self->tree.size % tile_width;
    unsigned char *at = put_number(edge, 1, self->tree.size);
    at = put_bytes(at, 2, root.bytes, hash_size);
    if (leaves > 0) at = put_length(at, 3, 4 * leaves);
    for (size_t index = 0; index < leaves; index++) {
        at = put_raw(at, self->tree.tiles[0][index].bytes, 4);
    }
    MDB_val key = {4, "edge"};
    MDB_val value = {(size_t)(at - edge), edge};
    return mdb_put(txn, self->meta, &key, &value, 0);
}

// MARK: Entries

// Encodes an entry behind the leaf's prefix.
static size_t encode(
    baseline *self, const chain *chain, uint64_t time, uint64_t session,
    const unsigned char *salt, const baseline_item *item) {
    unsigned char *at = put_number(self->leaf + 1, 1, self->next);
    at = put_fixed64(at, 2, time);
    if (chain != NULL) {
        at = put_number(at, 3, chain->execution);
        at = put_number(at, 4, chain->count);
        at = put_number(at, 5, chain->last);
    }
    at = put_number(at, 7, session);
    if (salt != NULL) {
        size_t inner = 2 + hash_size + 1 + varint_size(item->payload_len) + 2;
        at = put_length(at, 10, inner);
        at = put_length(at, 1, hash_size);
        commitment(salt, item->payload, item->payload_len, at);
        at = put_number(at + hash_size, 2, item->payload_len);
        at = put_number(at, 3, json_content_type);
    }
    at = put_raw(at, item->event, item->event_len);
    return (size_t)(at - self->leaf - 1);
}

// Puts what `encode` has left behind the leaf's prefix.
static int put_entry(baseline *self, MDB_txn *txn, MDB_cursor *cursor, size_t length) {
    MDB_val key = {sizeof self->next, &self->next};
    MDB_val value = {length, self->leaf + 1};
    int code = mdb_cursor_put(cursor, &key, &value, MDB_APPEND);
    if (code != 0) return code;
    return tree_append(self, txn, leaf_hash(self->leaf, 1 + length));
}

static int put_history(MDB_cursor *cursor, uint64_t execution, uint64_t sequence) {
    MDB_val key = {sizeof execution, &execution};
    MDB_val value = {sizeof sequence, &sequence};
    return mdb_cursor_put(cursor, &key, &value, MDB_APPENDDUP);
}

static int append_item(
    baseline *self, MDB_txn *txn, const cursors *cursors, const baseline_item *item,
    uint64_t time) {
    int has_row = item->execution == 0 || item->closes;
    if (has_row && item->id == NULL) return EINVAL;
    if (item->event_len > entry_limit - header_limit) return EMSGSIZE;
    chain *chain;
    int code = chain_for(self, txn, item, time, &chain);
    if (code != 0) return code;
    const unsigned char *salt = NULL;
    if (item->payload_len > 0 && (salt = next_salt(self)) == NULL) return errno;
    size_t length = encode(self, chain, time, first_session, salt, item);
    code = put_entry(self, txn, cursors->entries, length);
    if (code == 0 && salt != NULL) code = put_payload(cursors->payloads, self->next, salt, item);
    if (code == 0) code = put_history(cursors->histories, chain->execution, self->next);
    if (code != 0) return code;
    chain->count++;
    chain->last = self->next++;
    if (!has_row) return 0;
    code = put_row(self, txn, item->id, chain, item->closes, time);
    if (item->closes) chains_remove(&self->chains, chain);
    return code;
}

static int open_cursors(baseline *self, MDB_txn *txn, cursors *cursors) {
    int code = mdb_cursor_open(txn, self->entries, &cursors->entries);
    if (code == 0) code = mdb_cursor_open(txn, self->payloads, &cursors->payloads);
    if (code == 0) code = mdb_cursor_open(txn, self->histories, &cursors->histories);
    return code;
}

static void close_cursors(cursors *cursors) {
    if (cursors->entries != NULL) mdb_cursor_close(cursors->entries);
    if (cursors->payloads != NULL) mdb_cursor_close(cursors->payloads);
    if (cursors->histories != NULL) mdb_cursor_close(cursors->histories);
}

static int append_all(
    baseline *self, MDB_txn *txn, const baseline_item *items, size_t count, uint64_t time) {
    cursors cursors = {NULL, NULL, NULL};
    int code = open_cursors(self, txn, &cursors);
    for (size_t index = 0; index < count && code == 0; index++) {
        code = append_item(self, txn, &cursors, &items[index], time);
    }
    close_cursors(&cursors);
    return code != 0 ? code : put_edge(self, txn);
}

// MARK: Batches

// The time of a batch: that of the clock, and never before the last entry's.
static uint64_t batch_time(const baseline *self) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t time = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    return time > self->last_time ? time : self->last_time;
}

// Makes what is in memory agree with the file.
static int catch_up(baseline *self, MDB_txn *txn) {
    MDB_stat stat;
    int code = mdb_stat(txn, self->entries, &stat);
    if (code != 0) return code;
    if (stat.ms_entries == self->next && !self->is_stale) return 0;
    chains_clear(&self->chains);
    self->next = stat.ms_entries;
    self->last_time = 0;
    if (!self->is_plain) {
        code = tree_load(self, txn, self->next);
        if (code == 0 && self->next > 0) {
            code = entry_time(self, txn, self->next - 1, &self->last_time);
        }
    }
    if (code == 0) self->is_stale = 0;
    return code;
}

static int begin(baseline *self, MDB_txn **txn, uint64_t *time) {
    int code = mdb_txn_begin(self->env, NULL, 0, txn);
    if (code != 0) return code;
    code = catch_up(self, *txn);
    if (code != 0) {
        self->is_stale = 1;
        mdb_txn_abort(*txn);
        return code;
    }
    *time = batch_time(self);
    return 0;
}

static int commit_or_abort(MDB_txn *txn, int code) {
    if (code == 0) return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return code;
}

// Ends a batch. When it is not written, what is in memory goes back to what is in the file.
static int end(baseline *self, MDB_txn *txn, uint64_t time, int code) {
    code = commit_or_abort(txn, code);
    if (code == 0) {
        self->last_time = time;
        return 0;
    }
    self->is_stale = 1;
    MDB_txn *reader;
    if (mdb_txn_begin(self->env, NULL, MDB_RDONLY, &reader) == 0) {
        catch_up(self, reader);
        mdb_txn_abort(reader);
    }
    return code;
}

int baseline_append(baseline *self, const baseline_item *items, size_t count) {
    if (self->is_plain) return EINVAL;
    if (count == 0) return 0;
    MDB_txn *txn;
    uint64_t time;
    int code = begin(self, &txn, &time);
    if (code != 0) return code;
    return end(self, txn, time, append_all(self, txn, items, count, time));
}

int baseline_append_plain(baseline *self, const baseline_item *items, size_t count) {
    if (!self->is_plain) return EINVAL;
    if (count == 0) return 0;
    MDB_txn *txn;
    MDB_cursor *cursor;
    uint64_t time;
    int code = begin(self, &txn, &time);
    if (code != 0) return code;
    code = mdb_cursor_open(txn, self->entries, &cursor);
    if (code != 0) return end(self, txn, time, code);
    for (size_t index = 0; index < count && code == 0; index++) {
        const baseline_item *item = &items[index];
        unsigned char header[header_limit];
        unsigned char *at = put_number(header, 1, self->next);
        at = put_fixed64(at, 2, time);
        at = put_number(at, 3, item->execution == 0 ? self->next : item->execution);
        size_t length = (size_t)(at - header);
        MDB_val key = {sizeof self->next, &self->next};
        MDB_val value = {length + item->event_len + item->payload_len, NULL};
        code = mdb_cursor_put(cursor, &key, &value, MDB_APPEND | MDB_RESERVE);
        if (code != 0) break;
        at = put_raw(value.mv_data, header, length);
        at = put_raw(at, item->event, item->event_len);
        put_raw(at, item->payload, item->payload_len);
        self->next++;
    }
    mdb_cursor_close(cursor);
    return end(self, txn, time, code);
}

// MARK: Opening

// Opens an environment with as large a map as can be had.
static int open_env(const char *path, unsigned flags, MDB_env **out) {
    for (size_t size = (size_t)1 << 40;; size /= 2) {
        MDB_env *env;
        int code = mdb_env_create(&env);
        if (code != 0) return code;
        mdb_env_set_maxdbs(env, 16);
        mdb_env_set_maxreaders(env, 1024);
        mdb_env_set_mapsize(env, size);
        code = mdb_env_open(env, path, flags | MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD, 0600);
        if (code == 0) {
            *out = env;
            return 0;
        }
        mdb_env_close(env);
        // Address space is limited: under `ulimit -v` that is ENOMEM, under valgrind EINVAL.
        int is_too_large = code == ENOMEM || code == EINVAL;
        if (!is_too_large || size <= (size_t)16 << 20) return code;
    }
}

static int open_tables(baseline *self, MDB_txn *txn) {
    const unsigned sets = MDB_INTEGERKEY | MDB_DUPSORT | MDB_DUPFIXED | MDB_INTEGERDUP;
    int code = mdb_dbi_open(txn, "entries", MDB_CREATE | MDB_INTEGERKEY, &self->entries);
    if (code != 0 || self->is_plain) return code;
    code = mdb_dbi_open(txn, "payloads", MDB_CREATE | MDB_INTEGERKEY, &self->payloads);
    if (code == 0) code = mdb_dbi_open(txn, "histories", MDB_CREATE | sets, &self->histories);
    if (code == 0) code = mdb_dbi_open(txn, "executions", MDB_CREATE, &self->executions);
    if (code == 0) code = mdb_dbi_open(txn, "tiles", MDB_CREATE, &self->tiles);
    if (code == 0) code = mdb_dbi_open(txn, "meta", MDB_CREATE, &self->meta);
    return code;
}

// Appends an entry about the journal itself.
static int append_event(
    baseline *self, MDB_txn *txn, uint64_t time, unsigned field, const unsigned char *message,
    size_t length) {
    unsigned char event[512];
    unsigned char *at = put_varint(event, field << 3 | 2);
    at = put_raw(put_varint(at, length), message, length);
    const baseline_item item = {.event = event, .event_len = (size_t)(at - event)};
    MDB_cursor *cursor;
    int code = mdb_cursor_open(txn, self->entries, &cursor);
    if (code != 0) return code;
    code = put_entry(self, txn, cursor, encode(self, NULL, time, 0, NULL, &item));
    mdb_cursor_close(cursor);
    self->next++;
    return code;
}

// Makes a UUID of version 7.
static int make_uuid(uint64_t time, unsigned char uuid[16]) {
    if (getrandom(uuid, 16, 0) != 16) return EIO;
    uint64_t milliseconds = time / 1000000u;
    for (int byte = 0; byte < 6; byte++) {
        uuid[byte] = (unsigned char)(milliseconds >> (40 - 8 * byte));
    }
    uuid[6] = (unsigned char)(0x70 | (uuid[6] & 0x0f));
    uuid[8] = (unsigned char)(0x80 | (uuid[8] & 0x3f));
    return 0;
}

// Writes the first two entries: JournalCreated and SessionOpened.
static int create(baseline *self, MDB_txn *txn, uint64_t time) {
    static const char *const content_types[] = {
        "application/json",
        "text/plain; charset=utf-8",
        "application/octet-stream",
        "application/x-protobuf; messageType=daybook.v1.LogBatch",
    };
    unsigned char uuid[16], message[384];
    int code = make_uuid(time, uuid);
    if (code != 0) return code;
    unsigned char *at = put_bytes(message, 1, uuid, sizeof uuid);
    at = put_text(at, 2, "example.org/baseline");
    at = put_number(at, 3, 1);
    for (int index = 0; index < 4; index++) at = put_text(at, 5, content_types[index]);
    code = append_event(self, txn, time, 16, message, (size_t)(at - message));
    if (code != 0) return code;

    code = make_uuid(time, uuid);
    if (code != 0) return code;
    at = put_bytes(message, 1, uuid, sizeof uuid);
    at = put_text(at, 2, "benchmark");
    at = put_number(at, 5, (uint64_t)getpid());
    at = put_text(at, 6, "baseline");
    at = put_number(at, 9, 1);
    code = append_event(self, txn, time, 17, message, (size_t)(at - message));
    if (code != 0) return code;

    MDB_val key = {6, "format"};
    MDB_val value = {1, "1"};
    code = mdb_put(txn, self->meta, &key, &value, 0);
    return code != 0 ? code : put_edge(self, txn);
}

static int open_baseline(const char *path, int is_plain, baseline **out) {
    baseline *self = calloc(1, sizeof *self);
    if (self == NULL) return ENOMEM;
    self->is_plain = is_plain;
    self->is_stale = 1;
    int code = open_env(path, 0, &self->env);
    MDB_txn *txn = NULL;
    if (code == 0) code = mdb_txn_begin(self->env, NULL, 0, &txn);
    if (code == 0) {
        code = open_tables(self, txn);
        if (code == 0) code = catch_up(self, txn);
        uint64_t time = batch_time(self);
        if (code == 0 && self->next == 0 && !is_plain) code = create(self, txn, time);
        code = commit_or_abort(txn, code);
        self->last_time = time;
    }
    if (code != 0) {
        baseline_close(self);
        self = NULL;
    }
    *out = self;
    return code;
}

int baseline_open(const char *path, baseline **out) { return open_baseline(path, 0, out); }

int baseline_open_plain(const char *path, baseline **out) { return open_baseline(path, 1, out); }

void baseline_close(baseline *self) {
    if (self == NULL) return;
    if (self->env != NULL) mdb_env_close(self->env);
    free(self->chains.slots);
    free(self);
}

uint64_t baseline_next(const baseline *self) { return self->next; }

void baseline_root(const baseline *self, unsigned char root[32]) {
    hash result = {{0}};
    if (!self->is_plain) result = tree_root(&self->tree);
    memcpy(root, result.bytes, hash_size);
}

// MARK: Scanning

static uint64_t nanoseconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int scan(
    MDB_txn *txn, MDB_dbi table, uint64_t *entries, uint64_t *bytes, uint64_t *checksum) {
    MDB_cursor *cursor;
    MDB_val key, value;
    uint64_t count = 0, size = 0, sum = 0;
    int code = mdb_cursor_open(txn, table, &cursor);
    if (code != 0) return code;
    while ((code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
        const unsigned char *data = value.mv_data;
        count++;
        size += value.mv_size;
        if (value.mv_size > 0) sum += (uint64_t)data[0] + data[value.mv_size - 1];
    }
    mdb_cursor_close(cursor);
    *entries = count;
    *bytes = size;
    *checksum = sum;
    return code == MDB_NOTFOUND ? 0 : code;
}

int64_t baseline_scan(
    const char *path, uint64_t *entries, uint64_t *bytes, uint64_t *nanoseconds) {
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi table;
    uint64_t checksum = 0;
    int code = open_env(path, MDB_RDONLY, &env);
    if (code != 0) return code < 0 ? code : -code;
    code = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);
    if (code == 0) {
        code = mdb_dbi_open(txn, "entries", MDB_INTEGERKEY, &table);
        if (code == 0) {
            uint64_t start = nanoseconds_now();
            code = scan(txn, table, entries, bytes, &checksum);
            *nanoseconds = nanoseconds_now() - start;
        }
        mdb_txn_abort(txn);
    }
    mdb_env_close(env);
    if (code != 0) return code < 0 ? code : -code;
    return (int64_t)checksum;
}

// MARK: Hashing alone

uint64_t baseline_hash_time(uint64_t bytes) {
    static unsigned char block[8192];
    SHA256_CTX context;
    uint64_t start = nanoseconds_now();
    SHA256_Init(&context);
    for (uint64_t done = 0; done < bytes;) {
        uint64_t length = bytes - done < sizeof block ? bytes - done : sizeof block;
        SHA256_Update(&context, block, (size_t)length);
        done += length;
    }
    // The next block depends on this one, so that nothing is left out.
    SHA256_Final(block, &context);
    return nanoseconds_now() - start;
}
