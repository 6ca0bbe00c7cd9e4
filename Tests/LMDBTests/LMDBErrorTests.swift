import Glibc
import Testing

@testable import LMDB

@Suite struct LMDBErrorTests {
    @Test func describesOperationFileAndReason() {
        let full = LMDBError(.mapFull, "mdb_put in a", path: "/a/journal.mdb")
        #expect(
            full.description == "mdb_put in a in /a/journal.mdb failed: "
                + "MDB_MAP_FULL: Environment mapsize limit reached"
        )
        let cut = LMDBError(.truncatedFile, "open", path: "/a", detail: "8 of 9")
        #expect(
            cut.description
                == "open in /a failed: the file is shorter than its meta page says: 8 of 9"
        )
        let system = LMDBError(.init(rawValue: EIO), "mdb_txn_commit", path: "/a")
        #expect(system.description == "mdb_txn_commit in /a failed: Input/output error (errno 5)")
    }

    @Test(arguments: [
        (LMDBError.Code.mapFull.rawValue, true, false), (ENOSPC, true, false),
        (EDQUOT, true, false), (EACCES, false, true), (EROFS, false, true), (EIO, false, false),
        (LMDBError.Code.keyExists.rawValue, false, false),
    ])
    func sortsCodes(_ number: Int32, _ isFull: Bool, _ isReadOnly: Bool) {
        let error = LMDBError(.init(rawValue: number), "mdb_put", path: "/a")
        #expect(error.isFull == isFull)
        #expect(error.isReadOnly == isReadOnly)
    }
}
