import DaybookSystem

/// The number of the newest commit that was answered, kept in the file `open.lock`: 8 bytes,
/// little-endian; none yet: 0. Behind it, in 8 bytes too, which generation of the journal's file has counted
/// it: a process that is slow to note its commit may do so when another file is in its place, which counts anew.
///
/// LMDB's two meta pages alone cannot tell a commit whose number has changed on the disk from one
/// whose meta page could not be written, and which was never answered. This can. It is written after
/// the commit and not synced, so it may fall behind, and is never ahead.
final class CommitWitness: Sendable {
    private let file: File

    init(_ file: consuming File) { self.file = file }

    /// What was noted last; 0 for none, and for anything that is not as long.
    func last() throws(SystemError) -> (number: UInt64, generation: UInt64) {
        var numbers: (UInt64, UInt64) = (0, 0)
        let count = try withUnsafeMutableBytes(of: &numbers) { buffer in
            Result { () throws(SystemError) in try file.read(into: buffer, at: 0) }
        }.get()
        // A version before this one has written 8 bytes alone.
        guard count == 8 || count == 16 else { return (0, 0) }
        return (
            UInt64(littleEndian: numbers.0), count == 16 ? UInt64(littleEndian: numbers.1) : 0
        )
    }

    /// Gives the lock on the file back.
    func unlock() throws(SystemError) { try file.unlock() }

    /// Flushes the number to the disk: without it, only a crash of the machine can take it back.
    func synchronize() throws(SystemError) { try file.synchronize() }

    /// Notes a commit that is on the disk.
    func note(_ number: UInt64, _ generation: UInt64) throws(SystemError) {
        try withUnsafeBytes(of: (number.littleEndian, generation.littleEndian)) { bytes in
            Result { () throws(SystemError) in try file.overwrite(bytes, at: 0) }
        }.get()
    }
}
