import DaybookSystem

/// The file behind an environment, registered for as long as the environment is open.
struct FileIdentity: Hashable, Sendable {
    let device: UInt64
    let inode: UInt64

    init(_ status: FileStatus) {
        device = status.device
        inode = status.inode
    }

    /// What is at `path`; nil: nothing.
    static func of(_ path: String) throws(SystemError) -> FileIdentity? {
        try FileStatus.of(path).map { FileIdentity($0) }
    }

    private static let open = Locked<Set<FileIdentity>>([])

    /// Registers the file at `path`, which is created empty if it may be.
    /// - Throws: ``LMDBError/Code/alreadyOpen`` when this process has it open by any path.
    static func claim(_ path: String, creating: Bool) throws(LMDBError) -> FileIdentity {
        let status: FileStatus
        do {
            status = try File.open(path, creating ? .readWrite : .read).status()
        } catch {
            throw LMDBError(error, path: path)
        }
        let identity = FileIdentity(status)
        guard open.withLock({ $0.insert(identity).inserted }) else {
            throw LMDBError(.alreadyOpen, "open", path: path)
        }
        return identity
    }

    func release() {
        Self.open.withLock { _ = $0.remove(self) }
    }
}
