import CLMDB

/// A copy of an environment's file.
extension Environment {
    /// Writes what is in the environment now to an open file, from its place on: without free pages, and
    /// without a sync. Others may write meanwhile.
    ///
    /// One snapshot is held until all is written: pages that are freed meanwhile are not used again, so
    /// with a writer at work the file of this environment may grow. It takes 2 MiB of memory, whatever
    /// the environment holds.
    ///
    /// LMDB trusts the pages that it copies: ``checkPages(_:)`` comes before.
    /// - Throws: ``LMDBError``; where its code is an error number of the system, that of writing.
    package func copyCompacted(to descriptor: Int32) throws {
        while true {
            // The transaction around it takes in that another process has made the file larger.
            let result = try read { _ in
                mdb_env_copyfd2(handle, descriptor, UInt32(MDB_CP_COMPACT))
            }
            if result == MDB_MAP_RESIZED { continue }
            return try check(result, "mdb_env_copyfd2")
        }
    }
}
