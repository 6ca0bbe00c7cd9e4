import CLMDB
import DaybookSystem

/// LMDB's lock file, which every process that has the environment open maps for writing.
enum LockFile {
    /// Sees to it that the file has its room on the disk.
    ///
    /// LMDB makes it by setting its length, and writes to it through memory: on a full disk that
    /// ends the process by SIGBUS, at once or when one more reader comes. So the room is taken
    /// before. A file that others have made keeps its length, because they have mapped no more.
    /// - Throws: ``LMDBError`` with ``LMDBError/isFull`` when there is no room.
    static func allocate(for path: String, readers: Int) throws(LMDBError) {
        do throws(SystemError) {
            let file: File
            do throws(SystemError) {
                file = try File.open(path + "-lock", .readWrite, followsLink: false)
            } catch {
                // Who may not write it maps nothing for writing, or gets LMDB's error.
                if error.isReadOnly { return }
                throw error
            }
            let size = try file.status().size
            try file.allocate(size == 0 ? self.size(readers: readers) : size)
        } catch {
            throw LMDBError(error, path: path)
        }
    }

    /// The length that LMDB 0.9 gives it (mdb_env_setup_locks): two cache lines with the locks, and
    /// one for each reader. A longer file is taken as one for more readers, a shorter one is
    /// made longer by whoever is alone with it.
    static func size(readers: Int) -> Int { (2 + readers) * 64 }
}
