import DaybookSystem

/// The number of the newest commit that was answered, kept in the file `open.lock`: 8 bytes,
/// little-endian; none yet: 0.
///
/// LMDB's two meta pages alone cannot tell a commit whose number has changed on the disk from one
/// whose meta page could not be written, and which was never answered. This can. It is written after
/// the commit and not synced, so it may fall behind, and is never ahead.
final class CommitWitness: Sendable {
    private let file: File

    init(_ file: consuming File) { self.file = file }

    /// The number that was noted last; 0 for none, and for anything that is not 8 bytes.
    func number() throws(SystemError) -> UInt64 {
        var number: UInt64 = 0
        let count = try withUnsafeMutableBytes(of: &number) { buffer in
            Result { () throws(SystemError) in try file.read(into: buffer, at: 0) }
        }.get()
        return count == 8 ? UInt64(littleEndian: number) : 0
    }

    /// Gives the lock on the file back.
    func unlock() throws(SystemError) { try file.unlock() }

    /// Flushes the number to the disk: without it, only a crash of the machine can take it back.
    func synchronize() throws(SystemError) { try file.synchronize() }

    /// Notes a commit that is on the disk.
    func note(_ number: UInt64) throws(SystemError) {
        try withUnsafeBytes(of: number.littleEndian) { bytes in
            Result { () throws(SystemError) in try file.overwrite(bytes, at: 0) }
        }.get()
    }
}
